"""The checks of a checkpoint folder that need no torch: its files, and the contents of config.json and vocab.json."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from voice.engines.spec import LANGUAGES
from voice.engines.xtts.configuration import checkpoint_problem
from voice.engines.xtts.shape import expected_sizes, shape_read
from voice.errors import EngineUnavailable

ARGUMENTS: dict[str, Any] = {
    "gpt_layers": 30,
    "gpt_n_model_channels": 1024,
    "gpt_n_heads": 16,
    "gpt_number_text_tokens": 21,
    "gpt_num_audio_tokens": 1026,
    "gpt_start_audio_token": 1024,
    "gpt_stop_audio_token": 1025,
    "gpt_max_audio_tokens": 605,
    "gpt_max_text_tokens": 402,
    "gpt_code_stride_len": 1024,
    "gpt_use_perceiver_resampler": True,
    "input_sample_rate": 22050,
    "output_sample_rate": 24000,
    "output_hop_length": 256,
    "decoder_input_dim": 1024,
    "d_vector_dim": 512,
    "cond_d_vector_in_each_upsampling_layer": True,
}
VOCABULARY = ["[STOP]", "[UNK]", "[SPACE]", *(f"[{language}]" for language in LANGUAGES), "[START]"]


def write(folder: Path, *, arguments: dict[str, Any] | None = None, without: str = "") -> Path:
    """A folder with the published form of config.json and vocab.json, and an empty promise of weights."""
    ids = {token: number for number, token in enumerate(VOCABULARY) if token != without}
    config = {"model": "xtts", "model_args": {**ARGUMENTS, **(arguments or {})}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "vocab.json").write_text(json.dumps({"added_tokens": [], "model": {"vocab": ids}}))
    (folder / "model.pth").write_bytes(b"weights")
    return folder


def refused(folder: Path) -> str:
    with pytest.raises(EngineUnavailable) as caught:
        shape_read(folder)
    return caught.value.code


def test_a_complete_folder_has_no_problem(tmp_path: Path) -> None:
    assert checkpoint_problem(write(tmp_path)) is None


def test_either_form_of_the_weights_will_do(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "model.pth").rename(tmp_path / "model.safetensors")
    assert checkpoint_problem(tmp_path) is None


@pytest.mark.parametrize("name", ["config.json", "vocab.json", "model.pth"])
@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(b"")])
def test_a_file_that_is_missing_or_empty_is_named(tmp_path: Path, name: str, spoil: Callable[[Path], object]) -> None:
    spoil(write(tmp_path) / name)
    problem = checkpoint_problem(tmp_path)
    assert problem is not None
    assert name in problem
    assert "manage.py download_xtts" in problem


def test_a_folder_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    problem = checkpoint_problem(tmp_path / "nowhere")
    assert problem is not None
    assert "XTTS_CHECKPOINT" in problem


def test_the_published_configuration_is_read(tmp_path: Path) -> None:
    shape = shape_read(write(tmp_path))
    assert (shape.layers, shape.channels, shape.heads) == (30, 1024, 16)
    assert (shape.text_tokens, shape.start_text, shape.stop_text) == (21, 20, 0)
    assert (shape.audio_tokens, shape.start_audio, shape.stop_audio) == (1026, 1024, 1025)
    assert (shape.hop, shape.code_stride, shape.input_rate_hz, shape.output_rate_hz) == (256, 1024, 22050, 24000)
    assert shape.most_audio_tokens == 602


def test_the_size_of_the_text_vocabulary_may_be_left_to_the_tokenizer(tmp_path: Path) -> None:
    assert shape_read(write(tmp_path, arguments={"gpt_number_text_tokens": None})).text_tokens == 21


def test_the_layout_grows_with_the_layers(tmp_path: Path) -> None:
    few = expected_sizes(shape_read(write(tmp_path, arguments={"gpt_layers": 2})))
    many = expected_sizes(shape_read(write(tmp_path, arguments={"gpt_layers": 3})))
    assert len(many) - len(few) == 12
    assert many["gpt.gpt.h.2.attn.c_attn.weight"] == (1024, 3072)
    assert many["gpt.mel_pos_embedding.emb.weight"] == (608, 1024)


@pytest.mark.parametrize(
    "arguments",
    [
        {"gpt_use_perceiver_resampler": False},
        {"output_sample_rate": 22050},
        {"gpt_code_stride_len": 512},
        {"gpt_layers": 0},
        {"gpt_layers": "30"},
        {"gpt_layers": True},
        {"gpt_n_model_channels": None},
        {"gpt_n_heads": 15},
        {"decoder_input_dim": 512},
        {"gpt_start_audio_token": 1025},
        {"gpt_stop_audio_token": 1026},
        {"gpt_number_text_tokens": 6681},
        {"gpt_n_model_channels": 10**12},
    ],
    ids=str,
)
def test_a_configuration_that_would_sound_wrong_is_refused(tmp_path: Path, arguments: dict[str, Any]) -> None:
    assert refused(write(tmp_path, arguments=arguments)) == "checkpoint_unsupported"


@pytest.mark.parametrize("token", ["[START]", "[STOP]", "[SPACE]"])
def test_a_vocabulary_without_a_special_token_is_refused(tmp_path: Path, token: str) -> None:
    assert refused(write(tmp_path, without=token)) == "checkpoint_unsupported"


@pytest.mark.parametrize("content", ["", "{", "[]", "[" * 100_000, "\0"])
@pytest.mark.parametrize("name", ["config.json", "vocab.json"])
def test_a_file_that_is_no_json_object_is_refused(tmp_path: Path, name: str, content: str) -> None:
    (write(tmp_path) / name).write_text(content)
    assert refused(tmp_path) == "checkpoint_unreadable"


@pytest.mark.parametrize("vocabulary", [{}, {"model": {}}, {"model": {"vocab": {"a": -1}}, "added_tokens": []}])
def test_a_vocabulary_of_another_form_is_refused(tmp_path: Path, vocabulary: dict[str, Any]) -> None:
    (write(tmp_path) / "vocab.json").write_text(json.dumps(vocabulary))
    assert refused(tmp_path) == "checkpoint_unreadable"


def test_another_model_is_refused(tmp_path: Path) -> None:
    (write(tmp_path) / "config.json").write_text('{"model": "vits", "model_args": {}}')
    assert refused(tmp_path) == "checkpoint_unsupported"
