"""Uploads that FFmpeg decodes: what phones and browsers record passes with its right length, the rest is refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.audio.test_upload_sandbox import code_of, correlation, decode
from tests.media import media_bytes, mutated
from tests.waveforms import noise, silence, speech_like
from voice.audio.rejections import REJECTIONS
from voice.audio.upload_sandbox import DecodeLimits, decode_upload
from voice.audio.waveform import Waveform
from voice.errors import InvalidAudio, UnsupportedAudio, VoiceError

LIMITS = DecodeLimits()
RECORDINGS = {  # container, codec, rate: the format that the API names
    ("ipod", "aac", 48_000): "m4a",
    ("ipod", "aac", 44_100): "m4a",
    ("ipod", "alac", 44_100): "m4a",
    ("mp4", "aac", 16_000): "m4a",
    ("mp4", "libopus", 48_000): "m4a",
    ("mp4", "libmp3lame", 44_100): "m4a",
    ("mov", "pcm_s16le", 48_000): "m4a",
    ("mov", "pcm_s24be", 48_000): "m4a",
    ("mov", "pcm_f32le", 48_000): "m4a",
    ("3gp", "libopencore_amrnb", 8_000): "m4a",
    ("adts", "aac", 44_100): "aac",
    ("webm", "libopus", 48_000): "webm",
    ("matroska", "libopus", 48_000): "webm",
    ("matroska", "aac", 44_100): "webm",
    ("matroska", "pcm_s32le", 48_000): "webm",
    ("matroska", "pcm_u8", 24_000): "webm",
    ("matroska", "pcm_f64le", 24_000): "webm",
}
LIKENESS = {"libopus": 0.93, "libopencore_amrnb": 0.8}
"""Correlation with what was encoded; these codecs keep what is heard, and not the shape of the wave."""


@pytest.fixture(scope="module")
def speech() -> Waveform:
    return speech_like(11, 24_000, seed=3)


@pytest.fixture(scope="module")
def m4a(speech: Waveform) -> bytes:
    return media_bytes(speech, "ipod", "aac")


@pytest.mark.parametrize(("container", "codec", "rate_hz"), RECORDINGS)
def test_what_phones_and_browsers_record_passes(container: str, codec: str, rate_hz: int, tmp_path: Path) -> None:
    speech = speech_like(11, rate_hz, seed=3)
    decoded, pcm = decode(media_bytes(speech, container, codec), tmp_path)
    assert (decoded.format, decoded.rate_hz, decoded.channels) == (
        RECORDINGS[container, codec, rate_hz],
        rate_hz,
        1,
    )
    assert decoded.duration_s == pytest.approx(11.0, abs=0.1)
    assert decoded.duration_s == pytest.approx(len(pcm.samples) / rate_hz, abs=0.001)
    assert correlation(speech.samples, pcm.samples) > LIKENESS.get(codec, 0.97)


@pytest.mark.parametrize(("container", "codec"), [("ipod", "aac"), ("webm", "libopus"), ("mov", "pcm_s16le")])
def test_stereo_is_mixed(container: str, codec: str, tmp_path: Path) -> None:
    speech = speech_like(11, 48_000, seed=3)
    decoded, pcm = decode(media_bytes(speech, container, codec, channels=2), tmp_path)
    assert decoded.channels == 2
    assert correlation(speech.samples, pcm.samples) > LIKENESS.get(codec, 0.97)
    assert np.sqrt(np.mean(pcm.samples**2)) == pytest.approx(np.sqrt(np.mean(speech.samples**2)), rel=0.1)


@pytest.mark.parametrize("container", ["mp4", "mov", "matroska"])
def test_the_sound_of_a_video_passes(container: str, speech: Waveform, tmp_path: Path) -> None:
    decoded, pcm = decode(media_bytes(speech, container, "aac", video=True), tmp_path)
    assert decoded.duration_s == pytest.approx(11.0, abs=0.1)
    assert correlation(speech.samples, pcm.samples) > 0.97


def test_a_recording_that_was_cut_passes_with_what_is_there(tmp_path: Path) -> None:
    whole = speech_like(20, 48_000, seed=3)
    for container, codec in (("adts", "aac"), ("webm", "libopus"), ("matroska", "pcm_s16le")):
        data = media_bytes(whole, container, codec)
        decoded, _pcm = decode(data[: len(data) * 3 // 4], tmp_path)
        assert decoded.duration_s == pytest.approx(15, abs=1.5)


def test_an_m4a_whose_index_is_missing_is_refused_as_that(m4a: bytes, tmp_path: Path) -> None:
    with pytest.raises(InvalidAudio, match="index_missing"):
        decode(m4a[: m4a.index(b"moov") - 4], tmp_path)


def test_aac_that_begins_within_a_frame_or_has_a_damaged_one_passes(speech: Waveform, tmp_path: Path) -> None:
    data = bytearray(media_bytes(speech, "adts", "aac"))
    second = data.index(data[:2], 7)
    data[len(data) // 2 : len(data) // 2 + 200] = bytes(200)
    decoded, _pcm = decode(bytes(data[second:]), tmp_path)
    assert decoded.duration_s == pytest.approx(11, abs=0.2)


def test_aac_whose_rate_or_channels_change_keeps_the_first_ones(speech: Waveform, tmp_path: Path) -> None:
    parts = [media_bytes(speech_like(6, rate_hz), "adts", "aac") for rate_hz in (44_100, 24_000, 44_100)]
    decoded, _pcm = decode(b"".join(parts), tmp_path)
    assert (decoded.rate_hz, decoded.channels) == (44_100, 1)
    assert decoded.duration_s == pytest.approx(18, abs=0.3)
    both = media_bytes(speech, "adts", "aac", channels=2) + media_bytes(speech, "adts", "aac")
    decoded, _pcm = decode(both, tmp_path)
    assert decoded.channels == 2
    assert decoded.duration_s == pytest.approx(22, abs=0.2)


def _with_nan(data: bytes) -> bytes:
    """One sample in the middle, of 32-bit floats at any alignment, is not a number."""
    middle = len(data) // 2
    return data[:middle] + b"\xff\xff\xff\xff\xff\xff\xff" + data[middle + 7 :]


def test_limits_hold_for_what_is_decoded(m4a: bytes, speech: Waveform, tmp_path: Path) -> None:
    for data, limits, code in (
        (m4a, replace(LIMITS, max_duration_s=10.5), "too_long"),
        (m4a, replace(LIMITS, min_duration_s=12), "too_short"),
        (m4a, replace(LIMITS, min_rate_hz=32_000), "bad_sample_rate"),
        (media_bytes(speech, "mp4", "aac", channels=2), replace(LIMITS, max_channels=1), "too_many_channels"),
        (media_bytes(silence(11), "ipod", "alac"), LIMITS, "silent_audio"),
        (_with_nan(media_bytes(speech, "matroska", "pcm_f32le")), LIMITS, "not_finite"),
        (m4a + b"PK\x05\x06" + bytes(18), LIMITS, "polyglot_file"),
        (b"\x1a\x45\xdf\xa3" + bytes(5000), LIMITS, "corrupt_audio"),
        (b"\xff\xf1" + bytes(5000), LIMITS, "unsupported_audio"),
    ):  # fmt: skip
        with pytest.raises(VoiceError) as refused:
            decode(data, tmp_path, limits)
        assert refused.value.code == code


@pytest.mark.parametrize(
    ("container", "codec", "found"),
    [
        ("mp4", "ac3", "an MP4 or M4A file with ac3 inside"),
        ("matroska", "ac3", "a WebM or Matroska file with ac3 inside"),
    ],
)
def test_another_codec_is_refused_by_its_name(container: str, codec: str, found: str, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedAudio) as refused:
        decode(media_bytes(noise(11, 48_000), container, codec), tmp_path)
    assert found in refused.value.message


def test_a_playlist_is_no_recording(tmp_path: Path) -> None:
    for text in (b"#EXTM3U\n#EXTINF:11,\nfile:///etc/passwd\n", b"ffconcat version 1.0\nfile /etc/passwd\n"):
        with pytest.raises(UnsupportedAudio):
            decode(text * 100, tmp_path)


def test_with_the_setting_off_they_are_refused_by_name(m4a: bytes, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedAudio, match="an M4A file"):
        decode(m4a, tmp_path, replace(LIMITS, ffmpeg=False))


def test_five_minutes_stay_within_time_and_memory(tmp_path: Path) -> None:
    whole = speech_like(300, 48_000, seed=3)
    (tmp_path / "long.m4a").write_bytes(media_bytes(whole, "ipod", "aac"))
    decoded = decode_upload(tmp_path / "long.m4a", tmp_path / "target.wav", limits=replace(LIMITS, cpu_s=3))
    assert decoded.duration_s == pytest.approx(300, abs=0.1)


@pytest.mark.parametrize(("container", "codec"), [("ipod", "aac"), ("adts", "aac"), ("webm", "libopus")])
def test_mutations_pass_or_are_refused(
    container: str, codec: str, speech: Waveform, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Many more are tried by benchmarks/mutated_uploads.py. None may touch the filter: that would be an alarm."""
    data = media_bytes(speech, container, codec)
    codes = {code_of(mutated(data, seed), tmp_path) for seed in range(25)}
    assert codes <= {*REJECTIONS, "decoded"} - {"decode_limit"}
    assert "decoded" in codes
    assert "SIGSYS" not in caplog.text
