"""Uploads: what is refused, with which code, at which cost; and what real encoders write that has to pass."""

import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mutagen.flac import FLAC, Picture
from mutagen.id3 import APIC, ID3, TIT2

from tests.waveforms import (
    HOSTILE_FILES,
    flac_bytes,
    flac_of_silence,
    flac_with_total,
    mp3_bytes,
    mp3_with_xing_frames,
    mp3_without_header,
    noise,
    polyglot,
    riff,
    speech_like,
    wav_bytes,
    wav_format,
)
from voice.audio.pcm import read_pcm
from voice.audio.rejections import REJECTIONS
from voice.audio.upload_sandbox import DecodedAudio, DecodeLimits, decode_upload
from voice.audio.waveform import Waveform
from voice.errors import InvalidAudio, TooLarge, UnsupportedAudio, VoiceError

LIMITS = DecodeLimits()
ROOT = Path(__file__).parents[2]
HEAVIEST = (
    "20 hours of silence.flac",
    "20 hours of silence, length 0.flac",
    "hours of silence.opus",
    "flood of frames.mp3",
    "flood of frame starts.mp3",
    "flood of files.flac",
    "flood of files.wav",
    "stream of a million pages.ogg",
    "1024 channels.wav",
    "rate of 2^31-1.wav",
    "beyond full scale.wav",
    "polyglot.flac",
    "truncated.mp3",
    "flood of chunks.wav",
    "flood of frame starts.flac",
)


@pytest.fixture(scope="module")
def speech() -> Waveform:
    return speech_like(11, 24_000, seed=3)


def decode(data: bytes, folder: Path, limits: DecodeLimits = LIMITS) -> tuple[DecodedAudio, Waveform]:
    source, target = folder / "upload", folder / "decoded.wav"
    source.write_bytes(data)
    decoded = decode_upload(source, target, limits=limits)
    return decoded, read_pcm(target)


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    """The best match of the middle of `one` in `other`, as decoders of lossy formats shift a little."""
    middle = one[len(one) // 2 : len(one) // 2 + 20_000].astype(np.float64)
    start = len(one) // 2 - 3000
    region = other[start : start + 26_000].astype(np.float64)
    energy = np.convolve(region**2, np.ones(len(middle)), "valid")
    return float((np.correlate(region, middle, "valid") / np.sqrt(energy * (middle**2).sum())).max())


@pytest.mark.parametrize("name", HOSTILE_FILES)
def test_a_hostile_file_is_refused_with_its_own_code_and_leaves_nothing_behind(name: str, tmp_path: Path) -> None:
    build, code = HOSTILE_FILES[name]
    (tmp_path / name).write_bytes(build())
    with pytest.raises(VoiceError) as refused:
        decode_upload(tmp_path / name, tmp_path / "target.wav", limits=LIMITS)
    assert refused.value.code == code
    assert type(refused.value) in (UnsupportedAudio, InvalidAudio, TooLarge)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_the_codes_of_the_hostile_files_tell_the_kinds_of_harm_apart() -> None:
    kinds = [
        "20 hours of silence.flac",
        "1024 channels.wav",
        "rate of 1.wav",
        "not a number.wav",
        "truncated.wav",
        "polyglot.wav",
        "empty.wav",
        "text.wav",
        "11 MB.wav",
        "header only.wav",
        "silent.wav",
        "short.wav",
    ]
    assert len({HOSTILE_FILES[name][1] for name in kinds}) == len(kinds)


def test_the_heaviest_hostile_files_stay_far_below_the_memory_limit(tmp_path: Path) -> None:
    """A small parent of its own, since a forked child's peak starts with that of its parent."""
    for index, name in enumerate(HEAVIEST):
        (tmp_path / str(index)).write_bytes(HOSTILE_FILES[name][0]())
    script = """
import json, resource, sys
from pathlib import Path
from voice.audio.upload_sandbox import DecodeLimits, decode_upload
from voice.errors import VoiceError
codes = []
for path in sorted(Path(sys.argv[1]).iterdir(), key=lambda path: int(path.name)):
    try:
        decode_upload(path, Path(sys.argv[2]), limits=DecodeLimits())
    except VoiceError as error:
        codes.append(error.code)
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([codes, usage.ru_maxrss * 1024]))
"""
    target = tmp_path.with_name(tmp_path.name + "-target")
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path), str(target)],
        cwd=ROOT, check=True, capture_output=True, timeout=100,
    )  # fmt: skip
    codes, most_bytes = json.loads(done.stdout)
    assert codes == [HOSTILE_FILES[name][1] for name in HEAVIEST]
    assert most_bytes < 200 * 2**20 < LIMITS.memory_bytes <= 512 * 2**20


def test_a_file_that_takes_too_much_work_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidAudio, match="decode_limit"):
        decode(flac_of_silence(20), tmp_path, replace(LIMITS, max_duration_s=1e5, cpu_s=1))


def test_limits_that_the_child_cannot_start_in_are_our_bug_and_not_the_uploads(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="sandbox_child ended"):
        decode(b"RIFF", tmp_path, replace(LIMITS, memory_bytes=60 * 2**20))


def test_a_child_that_takes_too_long_is_ended(speech: Waveform, tmp_path: Path) -> None:
    with pytest.raises(InvalidAudio, match="decode_limit"):
        decode(wav_bytes(speech), tmp_path, replace(LIMITS, wall_s=0.001))


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
@pytest.mark.parametrize("container", ["WAV", "WAVEX"])
def test_plain_wav_of_every_depth_passes(subtype: str, container: str, speech: Waveform, tmp_path: Path) -> None:
    decoded, pcm = decode(wav_bytes(speech, subtype=subtype, container=container), tmp_path)
    assert (decoded.format, decoded.rate_hz, decoded.channels, decoded.sample_format) == ("wav", 24_000, 1, subtype)
    assert (decoded.frames, decoded.duration_s) == (264_000, 11.0)
    tolerance = 0.01 if subtype == "PCM_U8" else 1e-4
    np.testing.assert_allclose(pcm.samples, speech.samples, atol=tolerance)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100, 96_000, 192_000])
def test_rates_pass_and_stay(rate_hz: int, tmp_path: Path) -> None:
    decoded, pcm = decode(flac_bytes(noise(10.5, rate_hz)), tmp_path)
    assert decoded.rate_hz == pcm.rate_hz == rate_hz
    assert decoded.duration_s == 10.5


@pytest.mark.parametrize("mode", ["CONSTANT", "AVERAGE", "VARIABLE"])
@pytest.mark.parametrize("channels", [1, 2])
def test_mp3_of_every_bitrate_mode_passes(mode: str, channels: int, speech: Waveform, tmp_path: Path) -> None:
    decoded, pcm = decode(mp3_bytes(speech, bitrate_mode=mode, channels=channels), tmp_path)
    assert (decoded.format, decoded.channels, decoded.sample_format) == ("mp3", channels, "MPEG_LAYER_III")
    assert decoded.duration_s == pytest.approx(11.0, abs=0.1)
    assert correlation(speech.samples, pcm.samples) > 0.98


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 48_000])
def test_mp3_of_all_mpeg_versions_passes(rate_hz: int, tmp_path: Path) -> None:
    for mode in ("CONSTANT", "VARIABLE"):
        decoded, _pcm = decode(mp3_bytes(speech_like(10.5, rate_hz), bitrate_mode=mode), tmp_path)
        assert decoded.duration_s == pytest.approx(10.5, abs=0.2)


def test_mp3_with_a_cover_in_id3v2_and_an_id3v1_tag_passes(speech: Waveform, tmp_path: Path) -> None:
    path = tmp_path / "tagged.mp3"
    path.write_bytes(mp3_bytes(speech))
    tags = ID3()
    tags.add(TIT2(encoding=3, text="Ein Titel"))
    tags.add(APIC(encoding=3, mime="image/jpeg", type=3, data=b"\xff\xd8\xff\xe0" + bytes(range(256)) * 200))
    tags.save(path, v1=2)
    data = path.read_bytes()
    assert data[:3] == b"ID3"
    assert data[-128:-125] == b"TAG"
    decoded, pcm = decode(data, tmp_path)
    assert decoded.format == "mp3"
    assert correlation(speech.samples, pcm.samples) > 0.98


def test_mp3_with_zero_padding_at_its_end_passes(speech: Waveform, tmp_path: Path) -> None:
    assert decode(mp3_bytes(speech) + bytes(5000), tmp_path)[0].format == "mp3"


def test_an_mp3_without_a_header_that_was_cut_is_only_shorter(tmp_path: Path) -> None:
    whole = mp3_without_header(speech_like(14, 24_000))
    assert decode(whole, tmp_path)[0].duration_s == pytest.approx(14.0, abs=0.1)
    decoded, _pcm = decode(whole[: len(whole) * 9 // 10], tmp_path)
    assert decoded.duration_s == pytest.approx(12.6, abs=0.2)


@pytest.mark.parametrize("claimed_s", [1, 3600])
def test_a_xing_count_that_claims_more_or_less_than_there_is_is_not_believed(
    claimed_s: int, speech: Waveform, tmp_path: Path
) -> None:
    decoded, pcm = decode(mp3_with_xing_frames(speech, claimed_s * 24_000 // 576), tmp_path)
    assert decoded.duration_s == pytest.approx(11.0, abs=0.1)
    assert decoded.promised_duration_s == (None if claimed_s == 1 else pytest.approx(3600, abs=1))
    assert correlation(speech.samples, pcm.samples) > 0.98


def test_flac_with_a_picture_passes(speech: Waveform, tmp_path: Path) -> None:
    path = tmp_path / "picture.flac"
    path.write_bytes(flac_bytes(speech))
    file, picture = FLAC(path), Picture()
    picture.data, picture.mime, picture.type = b"\xff\xf8" * 40_000, "image/png", 3
    file.add_picture(picture)
    file["title"] = "Ein Titel"
    file.save()
    decoded, pcm = decode(path.read_bytes(), tmp_path)
    assert decoded.format == "flac"
    np.testing.assert_allclose(pcm.samples, speech.samples, atol=1e-4)


def test_flac_that_ends_in_a_zero_byte_passes(tmp_path: Path) -> None:
    """A checksum may end in zero, which must not be taken for padding."""
    seed = next(seed for seed in range(4000) if flac_bytes(noise(0.05, 8000, seed=seed))[-1] == 0)
    data = flac_bytes(noise(0.05, 8000, seed=seed))
    assert decode(data, tmp_path, replace(LIMITS, min_duration_s=0.01))[0].frames == 400


def test_flac_with_an_id3v1_tag_at_its_end_passes(speech: Waveform, tmp_path: Path) -> None:
    assert decode(flac_bytes(speech) + b"TAG" + bytes(125), tmp_path)[0].format == "flac"


@pytest.mark.parametrize("total", [0, 1, 250_000, 2**36 - 1])
def test_a_flac_is_as_long_as_its_frames_whatever_it_declares(total: int, speech: Waveform, tmp_path: Path) -> None:
    decoded, pcm = decode(flac_with_total(speech, total), tmp_path)
    assert decoded.frames == 264_000
    assert (decoded.promised_duration_s is None) == (total < 264_000)
    np.testing.assert_allclose(pcm.samples, speech.samples, atol=1e-4)


def pcm16(waveform: Waveform) -> bytes:
    return (waveform.samples * 32767).astype("<i2").tobytes()


def test_wav_with_broadcast_and_list_chunks_around_the_sound_passes(speech: Waveform, tmp_path: Path) -> None:
    info = b"INFOINAM" + (8).to_bytes(4, "little") + b"data\xff\xff\xff\xff"
    data = riff(
        (b"bext", bytes(603)),
        (b"LIST", info),
        (b"fmt ", wav_format()),
        (b"fact", bytes(4)),
        (b"data", pcm16(speech)),
        (b"LIST", info),
        (b"id3 ", b"ID3" + bytes(30)),
    )
    decoded, pcm = decode(data, tmp_path)
    assert decoded.frames == 264_000
    np.testing.assert_allclose(pcm.samples, speech.samples, atol=1e-4)


@pytest.mark.parametrize("size", [0, 0x7FFF_F000, 0xFFFF_FFFF])
def test_wav_that_was_written_to_a_pipe_passes(size: int, speech: Waveform, tmp_path: Path) -> None:
    data = bytearray(riff((b"LIST", b"INFOISFT\4\0\0\0data"), (b"fmt ", wav_format()), (b"data", pcm16(speech))))
    start = data.rindex(b"data", 0, 100) + 4
    data[4:8] = data[start : start + 4] = size.to_bytes(4, "little")
    decoded, pcm = decode(bytes(data), tmp_path)
    assert decoded.frames == 264_000
    np.testing.assert_allclose(pcm.samples, speech.samples, atol=1e-4)


def test_wav_with_a_careless_riff_size_passes(speech: Waveform, tmp_path: Path) -> None:
    chunks = ((b"fmt ", wav_format()), (b"data", pcm16(speech)))
    for wrong in (0, 36, 528_044, 528_036 + 500):
        assert decode(riff(*chunks, riff_size=wrong), tmp_path)[0].frames == 264_000


def test_stereo_is_averaged(speech: Waveform, tmp_path: Path) -> None:
    interleaved = np.stack([speech.samples, np.zeros_like(speech.samples)], axis=1).ravel()
    data = riff((b"fmt ", wav_format(channels=2)), (b"data", pcm16(Waveform(interleaved, 24_000))))
    decoded, pcm = decode(data, tmp_path)
    assert decoded.channels == 2
    np.testing.assert_allclose(pcm.samples, speech.samples / 2, atol=1e-4)


def test_the_polyglot_really_is_a_zip_archive(tmp_path: Path) -> None:
    (tmp_path / "both").write_bytes(polyglot())
    assert zipfile.is_zipfile(tmp_path / "both")


def test_a_zip_archive_hidden_in_a_chunk_is_found(tmp_path: Path, speech: Waveform) -> None:
    hidden = polyglot()[len(wav_bytes(speech_like(12.0, seed=7))) :]
    data = riff((b"fmt ", wav_format()), (b"data", pcm16(speech)), (b"junk", hidden))
    with pytest.raises(UnsupportedAudio, match="polyglot_file"):
        decode(data, tmp_path)


@pytest.mark.parametrize("make", [wav_bytes, flac_bytes, mp3_bytes])
def test_the_limits_of_the_duration_are_met_in_every_format(make, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    limits = replace(LIMITS, min_duration_s=2.0, max_duration_s=3.0)
    assert decode(make(speech_like(2.05)), tmp_path, limits)[0].duration_s == pytest.approx(2.05, abs=0.1)
    assert decode(make(speech_like(3.0)), tmp_path, limits)[0].duration_s == pytest.approx(3.0, abs=0.1)
    with pytest.raises(InvalidAudio) as short:
        decode(make(speech_like(1.5)), tmp_path, limits)
    assert (short.value.code, short.value.details["limit_s"]) == ("too_short", 2.0)
    assert short.value.details["duration_s"] == pytest.approx(1.5, abs=0.1)
    with pytest.raises(InvalidAudio) as long:
        decode(make(speech_like(3.5)), tmp_path, limits)
    assert (long.value.code, long.value.details["limit_s"]) == ("too_long", 3.0)


def test_five_minutes_in_stereo_decode_within_the_limits(tmp_path: Path) -> None:
    minute = speech_like(60, 22_050).samples
    decoded, pcm = decode(flac_bytes(Waveform(np.tile(minute, 5), 22_050), channels=2), tmp_path)
    assert decoded.duration_s == pytest.approx(300.0, abs=0.1)
    assert pcm.duration_s == pytest.approx(300.0, abs=0.1)


def code_of(data: bytes, folder: Path) -> str:
    try:
        decoded, pcm = decode(data, folder)
    except VoiceError as error:
        return error.code
    return "decoded" if len(pcm.samples) == decoded.frames else "wrong length"


def test_random_damage_is_refused_or_decoded_and_never_breaks_the_parent(speech: Waveform, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    files = (wav_bytes(speech), flac_bytes(speech), mp3_bytes(speech), mp3_bytes(speech, bitrate_mode="CONSTANT"))
    outcomes = set()
    for whole in files:
        for _ in range(6):
            data = bytearray(whole)
            for position in rng.integers(0, 200, 4):
                data[position] = rng.integers(256)
            for position in rng.integers(0, len(data), 20):
                data[position] = rng.integers(256)
            outcomes.add(code_of(bytes(data), tmp_path))
    assert outcomes <= {*REJECTIONS, "decoded"}


def test_a_target_that_exists_is_replaced(speech: Waveform, tmp_path: Path) -> None:
    (tmp_path / "decoded.wav").write_bytes(b"old" * 1_000_000)
    assert len(decode(wav_bytes(speech), tmp_path)[1].samples) == 264_000
