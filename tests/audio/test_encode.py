"""Finished files: level, peaks, tags, and that they are whole or absent."""

import subprocess
import sys
from pathlib import Path

import mutagen
import numpy as np
import pytest
import soundfile as sf

from tests.waveforms import silence, speech_like, write_pcm
from voice.audio.containers.container import skip_id3v2
from voice.audio.encode import TARGET_LUFS, EncodedAudio, SpeechTags, encode
from voice.audio.formats import FORMATS
from voice.audio.loudness import measure_waveform
from voice.audio.pcm import PcmWriter
from voice.audio.speech_check import check_output
from voice.audio.waveform import Waveform
from voice.errors import InvalidAudio, LeaseLost, OutputRejected

MPEG_1_KBPS = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)  # ISO/IEC 11172-3, layer III
MPEG_2_KBPS = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)  # ISO/IEC 13818-3
TAGS = SpeechTags("Folge 1 – 日本語\n")


def encoded(waveform: Waveform, folder: Path, output_format: str) -> tuple[EncodedAudio, Waveform]:
    write_pcm(folder / "part.wav", waveform)
    target = folder / f"speech.{output_format}"
    result = encode(folder / "part.wav", target, output_format=output_format, tags=TAGS)
    layout = FORMATS[output_format].reading(result.rate_hz)
    samples, rate_hz = sf.read(target, dtype="float32", **layout)
    return result, Waveform(samples, rate_hz)


def with_gain(waveform: Waveform, gain_db: float) -> Waveform:
    return Waveform(waveform.samples * np.float32(10 ** (gain_db / 20)), waveform.rate_hz)


def peaky() -> Waveform:
    """Speech whose peaks are far above its loudness."""
    samples = with_gain(speech_like(5), -20).samples.copy()
    samples[12_000::12_000] = 0.5
    return Waveform(samples, 24_000)


@pytest.mark.parametrize("output_format", FORMATS)
@pytest.mark.parametrize("gain_db", [-40, 0, 12])
def test_every_format_comes_out_at_the_target_loudness(output_format: str, gain_db: float, tmp_path: Path) -> None:
    result, sound = encoded(with_gain(speech_like(6), gain_db), tmp_path, output_format)
    loudness = measure_waveform(sound)
    assert loudness.integrated_lufs == pytest.approx(TARGET_LUFS, abs=0.5)
    assert loudness.true_peak_dbtp <= -0.9
    assert result.duration_s == 6.0
    assert sound.duration_s == pytest.approx(6.0, abs=0.1)
    assert result.rate_hz == sound.rate_hz == 24_000
    assert result.size_bytes == (tmp_path / f"speech.{output_format}").stat().st_size


@pytest.mark.parametrize("output_format", FORMATS)
def test_peaks_are_held_below_the_ceiling(output_format: str, tmp_path: Path) -> None:
    result, sound = encoded(peaky(), tmp_path, output_format)
    assert measure_waveform(sound).true_peak_dbtp <= -0.9
    assert 0 < result.limited_db <= 6.0 + 1e-6


def test_the_limiter_leaves_alone_what_is_far_from_a_peak(tmp_path: Path) -> None:
    source = peaky()
    result, sound = encoded(source, tmp_path, "flac")
    between = slice(12_000 + 1_000, 24_000 - 1_000)
    expected = source.samples[between] * 10 ** (result.gain_db / 20)
    np.testing.assert_allclose(sound.samples[between], expected, atol=1e-4)


def test_the_same_speech_gives_the_same_samples(tmp_path: Path) -> None:
    one, other = (encoded(peaky(), tmp_path, "flac")[1] for _ in range(2))
    np.testing.assert_array_equal(one.samples, other.samples)


@pytest.mark.parametrize("output_format", [name for name, form in FORMATS.items() if form.tags])
def test_title_software_and_the_synthetic_comment_are_in_every_format_that_holds_tags(
    output_format: str, tmp_path: Path
) -> None:
    encoded(speech_like(1), tmp_path, output_format)
    with sf.SoundFile(tmp_path / f"speech.{output_format}") as sound:
        assert sound.title == "Folge 1 – 日本語"
        assert sound.software.startswith("PodStream voice")
        assert sound.comment == "synthetic speech"


def test_opus_is_opus_with_its_own_kind_of_comments(tmp_path: Path) -> None:
    encoded(speech_like(1), tmp_path, "opus")
    assert sf.info(tmp_path / "speech.opus").subtype == "OPUS"
    tags = mutagen.File(tmp_path / "speech.opus")
    assert type(tags).__name__ == "OggOpus"
    assert (tags["title"], tags["encoder"]) == (["Folge 1 – 日本語"], ["PodStream voice"])
    assert tags["comment"] == ["synthetic speech"]


def test_pcm_is_nothing_but_little_endian_samples(tmp_path: Path) -> None:
    result, sound = encoded(speech_like(1), tmp_path, "pcm")
    raw = np.frombuffer((tmp_path / "speech.pcm").read_bytes(), "<i2")
    assert result.size_bytes == 2 * len(raw) == 2 * result.rate_hz
    np.testing.assert_allclose(raw / 32768, sound.samples, atol=1e-6)


def frames_of_mp3(path: Path) -> set[tuple[int, int]]:
    """The bitrates in kbit/s and the rates in Hz in the headers of all frames, from the first to the last byte."""
    data = path.read_bytes()
    offset, found = skip_id3v2(data), set()
    while offset < len(data):
        version, index, rate_index = data[offset + 1] >> 3 & 3, data[offset + 2] >> 4, data[offset + 2] >> 2 & 3
        kbps = (MPEG_1_KBPS if version == 3 else MPEG_2_KBPS)[index]
        rate_hz = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000)}[version][rate_index]
        found.add((kbps, rate_hz))
        offset += (144_000 if version == 3 else 72_000) * kbps // rate_hz + (data[offset + 2] >> 1 & 1)
    assert offset == len(data)
    return found


@pytest.mark.parametrize("rate_hz", [16_000, 24_000, 32_000, 44_100])
@pytest.mark.parametrize("kbps", FORMATS["mp3"].bitrates_kbps)
def test_every_bitrate_of_mp3_is_that_of_every_frame(kbps: int, rate_hz: int, tmp_path: Path) -> None:
    write_pcm(tmp_path / "part.wav", speech_like(2, rate_hz))
    target = tmp_path / "speech.mp3"
    result = encode(tmp_path / "part.wav", target, output_format="mp3", tags=TAGS, bitrate_kbps=kbps)
    expected_hz = 44_100 if rate_hz == 32_000 or (rate_hz < 32_000 and kbps > 160) else rate_hz
    assert result.rate_hz == expected_hz
    assert frames_of_mp3(target) == {(kbps, expected_hz)}
    assert kbps in (MPEG_1_KBPS if expected_hz >= 32_000 else MPEG_2_KBPS)
    check = check_output(target, output_format="mp3", expected_duration_s=(2.0, 2.0), rate_hz=expected_hz)
    assert check.duration_s == pytest.approx(2.0, abs=0.1)


def test_mp3_without_a_bitrate_has_a_variable_one(tmp_path: Path) -> None:
    encoded(speech_like(3), tmp_path, "mp3")
    assert len(frames_of_mp3(tmp_path / "speech.mp3")) > 3


def test_mp3_tags_are_unicode_frames(tmp_path: Path) -> None:
    encoded(speech_like(1), tmp_path, "mp3")
    tags = mutagen.File(tmp_path / "speech.mp3").tags
    assert str(tags["TIT2"]) == "Folge 1 – 日本語"
    assert str(tags["TSSE"]) == "PodStream voice"
    assert str(tags["COMM::eng"]) == "synthetic speech"


@pytest.mark.parametrize("output_format", FORMATS)
@pytest.mark.parametrize("rate_hz", [16_000, 20_000, 22_050])
def test_a_rate_that_a_codec_lacks_becomes_the_next_higher(output_format: str, rate_hz: int, tmp_path: Path) -> None:
    result, sound = encoded(speech_like(2, rate_hz), tmp_path, output_format)
    lacking = {("mp3", 20_000): 22_050, ("opus", 20_000): 24_000, ("opus", 22_050): 24_000}
    expected = lacking.get((output_format, rate_hz), rate_hz)
    assert result.rate_hz == sound.rate_hz == expected
    assert sound.duration_s == pytest.approx(2.0, abs=0.1)


def test_silence_is_refused_and_leaves_no_file(tmp_path: Path) -> None:
    write_pcm(tmp_path / "part.wav", silence(2))
    with pytest.raises(OutputRejected, match="output_silent") as refused:
        encode(tmp_path / "part.wav", tmp_path / "speech.mp3", output_format="mp3", tags=TAGS)
    assert [path.name for path in tmp_path.iterdir()] == ["part.wav"]
    assert not refused.value.retryable


def test_a_source_that_is_not_there_leaves_the_old_target_alone(tmp_path: Path) -> None:
    (tmp_path / "speech.mp3").write_bytes(b"old")
    with pytest.raises(InvalidAudio, match="pcm_unreadable"):
        encode(tmp_path / "part.wav", tmp_path / "speech.mp3", output_format="mp3", tags=TAGS)
    assert [path.name for path in tmp_path.iterdir()] == ["speech.mp3"]
    assert (tmp_path / "speech.mp3").read_bytes() == b"old"


def test_an_error_while_encoding_leaves_no_file(tmp_path: Path) -> None:
    """A rate that libsndfile's FLAC encoder does not take."""
    write_pcm(tmp_path / "part.wav", Waveform(speech_like(1).samples, 700_000))
    with pytest.raises(sf.LibsndfileError):
        encode(tmp_path / "part.wav", tmp_path / "speech.flac", output_format="flac", tags=TAGS)
    assert [path.name for path in tmp_path.iterdir()] == ["part.wav"]


def test_ten_minutes_are_encoded_in_far_less_memory_than_they_take(tmp_path: Path) -> None:
    minute = speech_like(60)
    with PcmWriter(tmp_path / "part.wav", 24_000) as writer:
        for _ in range(10):
            writer.append(minute)
    script = """
import resource, sys
from pathlib import Path
from voice.audio.encode import SpeechTags, encode
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
encode(Path(sys.argv[1]), Path(sys.argv[2]), output_format="wav", tags=SpeechTags("long"))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "part.wav"), str(tmp_path / "speech.wav")],
        cwd=Path(__file__).parents[2], check=True, capture_output=True, timeout=100,
    )  # fmt: skip
    grown_bytes = int(done.stdout) * 1024
    assert grown_bytes < 25 * 2**20 < 10 * minute.samples.nbytes


@pytest.mark.parametrize("output_format", FORMATS)
def test_encoding_and_checking_tell_how_far_they_are(output_format: str, tmp_path: Path) -> None:
    write_pcm(tmp_path / "part.wav", speech_like(20))
    target = tmp_path / f"speech.{output_format}"
    encoding: list[float] = []
    checking: list[float] = []
    made = encode(tmp_path / "part.wav", target, output_format=output_format, tags=TAGS, on_progress=encoding.append)
    bounds = (1.0, 100.0)
    check_output(
        target,
        output_format=output_format,
        expected_duration_s=bounds,
        rate_hz=made.rate_hz,
        on_progress=checking.append,
    )
    for told in (encoding, checking):
        assert len(told) >= 7
        assert told == sorted(told)
        assert max(np.diff([0.0, *told])) < 0.2
        assert told[-1] == 1.0


def test_what_hears_of_the_progress_can_end_the_encoding(tmp_path: Path) -> None:
    write_pcm(tmp_path / "part.wav", speech_like(20))

    def stop(share: float) -> None:
        if share > 0.5:
            raise LeaseLost("lease_lost", "Somebody cancelled it.")

    with pytest.raises(LeaseLost):
        encode(tmp_path / "part.wav", tmp_path / "x.mp3", output_format="mp3", tags=TAGS, on_progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["part.wav"]
