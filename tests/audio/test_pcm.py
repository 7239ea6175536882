"""Our own PCM files, reference audio, and sound files read in blocks."""

from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from tests.waveforms import noise, speech_like, write_flac, write_mp3, write_pcm, write_wav
from voice.audio.pcm import (
    PcmWriter,
    forward_blocks,
    open_forward,
    pcm_blocks,
    pcm_header,
    pcm_info,
    read_pcm,
    read_reference,
    write_reference,
)
from voice.audio.waveform import Waveform
from voice.errors import InvalidAudio


def test_what_is_written_is_read_back_to_the_bit(tmp_path: Path) -> None:
    speech = speech_like(2)
    write_pcm(tmp_path / "a.wav", speech)
    again = read_pcm(tmp_path / "a.wav")
    assert again.rate_hz == 24_000
    np.testing.assert_array_equal(again.samples, speech.samples)


def test_any_player_reads_the_file(tmp_path: Path) -> None:
    speech = speech_like(1)
    write_pcm(tmp_path / "a.wav", speech)
    samples, rate_hz = sf.read(tmp_path / "a.wav", dtype="float32")
    assert rate_hz == 24_000
    np.testing.assert_array_equal(samples, speech.samples)


def test_appended_pieces_are_one_and_come_back_in_blocks(tmp_path: Path) -> None:
    pieces = [noise(0.1, seed=seed) for seed in range(5)]
    with PcmWriter(tmp_path / "a.wav", 24_000) as writer:
        for piece in pieces:
            writer.append(piece)
        assert writer.duration_s == pytest.approx(0.5)
    blocks = list(pcm_blocks(tmp_path / "a.wav", frames=5000))
    assert [len(block) for block in blocks] == [5000, 5000, 2000]
    np.testing.assert_array_equal(np.concatenate(blocks), np.concatenate([piece.samples for piece in pieces]))


def test_an_empty_file_has_no_samples_and_no_blocks(tmp_path: Path) -> None:
    with PcmWriter(tmp_path / "a.wav", 16_000):
        pass
    assert len(read_pcm(tmp_path / "a.wav").samples) == 0
    assert list(pcm_blocks(tmp_path / "a.wav")) == []


def test_a_file_whose_writer_died_is_refused(tmp_path: Path) -> None:
    writer = PcmWriter(tmp_path / "a.wav", 24_000)
    writer.__enter__()
    writer.append(noise(1))
    with pytest.raises(InvalidAudio, match="pcm_unreadable"):
        pcm_info(tmp_path / "a.wav")
    writer.__exit__(None, None, None)
    assert pcm_info(tmp_path / "a.wav").frames == 24_000


def test_an_error_while_writing_such_as_another_rate_deletes_the_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="16000 Hz"), PcmWriter(tmp_path / "a.wav", 24_000) as writer:
        writer.append(noise(0.1, 16_000))
    assert not (tmp_path / "a.wav").exists()


@pytest.mark.parametrize("damage", [b"", b"RIFF", b"\0" * 44, pcm_header(rate_hz=24_000, frames=10) + bytes(39)])
def test_damaged_and_foreign_files_are_refused(damage: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(damage)
    for read in (pcm_info, read_pcm, lambda path: list(pcm_blocks(path))):
        with pytest.raises(InvalidAudio, match="pcm_unreadable"):
            read(tmp_path / "a.wav")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidAudio, match="pcm_unreadable"):
        read_pcm(tmp_path / "a.wav")


def test_use_outside_of_with_and_more_than_4_gib_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="with block"):
        PcmWriter(tmp_path / "a.wav", 24_000).append(noise(0.1))
    with pytest.raises(ValueError, match="do not fit"):
        pcm_header(rate_hz=24_000, frames=2**30)


@pytest.mark.parametrize("write", [write_wav, write_flac, write_mp3])
@pytest.mark.parametrize("frames", [1000, 10_000, 16_384])
def test_blocks_joined_equal_one_read_of_the_whole(tmp_path: Path, write: object, frames: int) -> None:
    path = tmp_path / "speech"
    write(path, speech_like(6.0, 24_000))  # type: ignore[operator]
    whole = sf.read(path, dtype="float32")[0]
    with open_forward(path) as sound:
        joined = np.concatenate([block[:, 0] for block in forward_blocks(sound, frames=frames)])
    assert len(joined) == len(whole)
    assert np.abs(joined - whole).max() < 1e-6


def test_a_reference_comes_back_within_24_bits(tmp_path: Path) -> None:
    samples = np.random.default_rng(1).uniform(-0.9, 0.9, 24000).astype(np.float32)
    write_reference(tmp_path / "r.flac", Waveform(samples, 24000))
    back = read_reference(tmp_path / "r.flac")
    assert back.rate_hz == 24000
    assert np.abs(back.samples - samples).max() <= 2**-23


@pytest.mark.parametrize("content", [b"", b"not a flac file"])
def test_a_damaged_reference_is_an_error_of_its_own(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "r.flac"
    path.write_bytes(content)
    with pytest.raises(InvalidAudio, match="reference_unreadable"):
        read_reference(path)


def test_a_missing_reference_is_an_error_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(InvalidAudio, match="reference_unreadable"):
        read_reference(tmp_path / "none.flac")
