"""Checkpoints are read in every published layout, and nothing in a hostile file is run or believed."""

import json
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor
from TTS.config.shared_configs import BaseDatasetConfig
from TTS.tts.configs.xtts_config import XttsArgs, XttsAudioConfig, XttsConfig

from voice.engines.xtts.checkpoint import Checkpoint, convert_to_safetensors
from voice.engines.xtts.shape import expected_sizes
from voice.errors import EngineUnavailable

State = dict[str, Any]


@pytest.fixture(scope="session")
def state(tiny_checkpoint: Path) -> State:
    """The tensors of the tiny checkpoint, as Coqui's own model writes them."""
    written: State = torch.load(tiny_checkpoint / "model.pth", weights_only=True)["model"]
    return written


@pytest.fixture
def folder(tiny_checkpoint: Path, tmp_path: Path) -> Path:
    """The tiny checkpoint's folder without weights: tests write their own."""
    for name in ("config.json", "vocab.json"):
        shutil.copy(tiny_checkpoint / name, tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def original(tiny_checkpoint: Path) -> Checkpoint:
    return Checkpoint.open(tiny_checkpoint)


def save(folder: Path, content: object) -> Path:
    torch.save(content, folder / "model.pth")
    return folder


def refused(folder: Path) -> EngineUnavailable:
    with pytest.raises(EngineUnavailable) as caught:
        for _ in Checkpoint.open(folder).weights.values():
            pass  # every tensor is looked at, as the engine does
    return caught.value


def test_it_holds_what_inference_needs_of_coquis_model_and_no_more(original: Checkpoint, state: State) -> None:
    used = {name for name in state if not name.endswith("num_batches_tracked")}
    assert set(original.weights) == used
    assert all(torch.equal(original.weights[name], state[name]) for name in used)


def test_a_name_that_no_layer_has_is_a_key_error(original: Checkpoint) -> None:
    with pytest.raises(KeyError):
        original.weights["hifigan_decoder.speaker_encoder.bn1.num_batches_tracked"]


def test_trainer_checkpoints_are_read(folder: Path, state: State, original: Checkpoint) -> None:
    trained = {f"xtts.{name}": tensor for name, tensor in state.items()}
    leftovers = {"torch_mel_spectrogram_dvae.mel_stft.spectrogram.window": torch.zeros(4), "dvae.x": torch.zeros(1)}
    opened = Checkpoint.open(save(folder, {"model": {**trained, **leftovers}, "step": 7, "optimizer": {}}))
    assert set(opened.weights) == set(original.weights)
    assert opened.fingerprint == original.fingerprint


def test_the_second_copy_that_coquis_loader_makes_is_left_out(
    folder: Path, state: State, original: Checkpoint
) -> None:
    copies = {f"gpt.gpt_inference.transformer.{name}": tensor for name, tensor in state.items() if "gpt.h." in name}
    copies["gpt.gpt.wte.weight"] = state["gpt.mel_embedding.weight"]
    opened = Checkpoint.open(save(folder, {"model": {**state, **copies}}))
    assert set(opened.weights) == set(original.weights)


def test_a_bare_state_dict_is_read(folder: Path, state: State, original: Checkpoint) -> None:
    assert Checkpoint.open(save(folder, state)).fingerprint == original.fingerprint


def test_the_older_names_of_weight_normalisation_are_read(folder: Path, state: State, original: Checkpoint) -> None:
    older = {
        name.replace("parametrizations.weight.original0", "weight_g").replace(
            "parametrizations.weight.original1", "weight_v"
        ): tensor
        for name, tensor in state.items()
    }
    assert older.keys() != state.keys()
    assert Checkpoint.open(save(folder, {"model": older})).fingerprint == original.fingerprint


@pytest.mark.parametrize("module", ["TTS.tts.models.xtts", "TTS.tts.configs.xtts_config"])
def test_the_configuration_inside_the_published_file_is_passed_over(
    folder: Path, state: State, original: Checkpoint, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from TTS.tts.models import xtts  # the published file names the classes where they were then

    for kind in (XttsArgs, XttsAudioConfig):
        monkeypatch.setattr(kind, "__module__", module)
        monkeypatch.setattr(xtts, kind.__name__, kind)
    config = XttsConfig(datasets=[BaseDatasetConfig()])
    opened = Checkpoint.open(save(folder, {"config": config, "model": state}))
    assert opened.fingerprint == original.fingerprint


class Attack:
    """Runs a command when it is unpickled without restraint."""

    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch {self.witness}",)


def test_a_pickle_that_runs_a_command_is_refused_and_not_run(folder: Path, state: State) -> None:
    witness = folder / "attacked"
    assert refused(save(folder, {"model": state, "config": Attack(witness)})).code == "checkpoint_unreadable"
    assert not witness.exists()
    (folder / "model.pth").write_bytes(pickle.dumps(Attack(witness)))
    assert refused(folder).code == "checkpoint_unreadable"
    assert not witness.exists()


def test_a_file_that_is_no_archive_is_refused(folder: Path) -> None:
    (folder / "model.pth").write_bytes(b"<html>not found</html>")
    assert refused(folder).code == "checkpoint_unreadable"


@pytest.mark.parametrize("name", ["model.pth", "model.safetensors"])
@pytest.mark.parametrize("share", [0.01, 0.5, 0.999])
def test_a_file_that_is_cut_off_is_refused(folder: Path, tiny_checkpoint: Path, name: str, share: float) -> None:
    shutil.copy(tiny_checkpoint / "model.pth", folder)
    if name == "model.safetensors":
        convert_to_safetensors(folder)
    os.truncate(folder / name, int((folder / name).stat().st_size * share))
    error = refused(folder)
    assert error.code == "checkpoint_unreadable"
    assert "download_xtts" in error.message


@pytest.mark.parametrize("content", [[1, 2], {"model": [1]}, {"model": {1: 2}}, {}], ids=str)
def test_a_file_without_tensors_is_refused(folder: Path, content: object) -> None:
    assert refused(save(folder, content)).code in ("checkpoint_unreadable", "checkpoint_incomplete")


def test_a_missing_tensor_is_named(folder: Path, state: State) -> None:
    less = {name: tensor for name, tensor in state.items() if name != "gpt.final_norm.bias"}
    error = refused(save(folder, {"model": less}))
    assert error.code == "checkpoint_incomplete"
    assert "gpt.final_norm.bias" in error.message


@pytest.mark.parametrize(
    "tensor", [torch.zeros(65), torch.zeros(64, 1), torch.zeros(64, dtype=torch.int32)], ids=["long", "2-D", "integer"]
)
def test_a_tensor_of_another_size_or_kind_is_refused(folder: Path, state: State, tensor: Tensor) -> None:
    assert refused(save(folder, {"model": {**state, "gpt.final_norm.bias": tensor}})).code == "checkpoint_incomplete"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_value_that_is_not_finite_is_refused(folder: Path, state: State, value: float) -> None:
    damaged = state["gpt.text_head.weight"].clone()
    damaged[500, 3] = value
    error = refused(save(folder, {"model": {**state, "gpt.text_head.weight": damaged}}))
    assert error.code == "checkpoint_unreadable"
    assert "gpt.text_head.weight" in error.message


def test_a_checkpoint_of_the_first_version_is_refused(folder: Path, state: State) -> None:
    first = {name: tensor for name, tensor in state.items() if "conditioning_perceiver" not in name}
    first["gpt.prompt_embedding.weight"] = torch.zeros(1026, 64)
    assert refused(save(folder, {"model": first})).code == "checkpoint_unsupported"


def test_a_configuration_of_another_checkpoint_is_refused(folder: Path, state: State) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["model_args"]["gpt_layers"] = 3
    (folder / "config.json").write_text(json.dumps(config))
    assert refused(save(folder, {"model": state})).code == "checkpoint_incomplete"


def test_a_folder_without_weights_says_how_to_get_them(folder: Path) -> None:
    error = refused(folder)
    assert error.code == "checkpoint_missing"
    assert "download_xtts" in error.message


def test_the_converted_file_holds_the_same_checkpoint(folder: Path, state: State, original: Checkpoint) -> None:
    aliases = {
        "gpt.gpt.wte.weight": state["gpt.mel_embedding.weight"],
        "gpt.text_head.bias": state["gpt.text_head.bias"],
    }
    converted = convert_to_safetensors(save(folder, {"model": {**state, **aliases}}))
    (folder / "model.pth").unlink()
    opened = Checkpoint.open(folder)
    assert opened.fingerprint == original.fingerprint
    assert set(load_file(converted)) == set(original.weights)
    assert all(torch.equal(opened.weights[name], tensor) for name, tensor in original.weights.items())
    assert {path.name for path in folder.iterdir()} == {"config.json", "vocab.json", "model.safetensors"}


def test_tensors_that_share_memory_are_converted(folder: Path, state: State) -> None:
    shared = {**state, "gpt.gpt.ln_f.weight": state["gpt.final_norm.weight"]}
    convert_to_safetensors(save(folder, {"model": shared}))
    assert torch.equal(Checkpoint.open(folder).weights["gpt.gpt.ln_f.weight"], state["gpt.final_norm.weight"])


def test_converting_again_writes_only_what_has_changed(folder: Path, state: State) -> None:
    converted = convert_to_safetensors(save(folder, {"model": state}))
    first = converted.stat().st_ino
    assert convert_to_safetensors(folder).stat().st_ino == first
    convert_to_safetensors(save(folder, {"model": {**state, "mel_stats": torch.full((80,), 2.0)}}))
    assert converted.stat().st_ino != first
    assert Checkpoint.open(folder).weights["mel_stats"][0] == 2
    os.truncate(converted, 1000)
    convert_to_safetensors(folder)
    assert Checkpoint.open(folder).weights["mel_stats"][0] == 2


def test_the_converted_file_names_its_source_and_can_be_read_by_whoever_reads_that(folder: Path, state: State) -> None:
    save(folder, {"model": state})
    (folder / "model.pth").chmod(0o640)
    converted = convert_to_safetensors(folder)
    with safe_open(converted, framework="pt") as file:
        assert file.metadata()["source"] == "model.pth"
        assert len(file.metadata()["source_sha256"]) == 64
    assert converted.stat().st_mode & 0o777 == 0o640


def test_a_conversion_that_fails_leaves_nothing(folder: Path, state: State) -> None:
    save(folder, {"model": {**state, "mel_stats": torch.full((80,), float("nan"))}})
    with pytest.raises(EngineUnavailable, match="not finite"):
        convert_to_safetensors(folder)
    assert {path.name for path in folder.iterdir()} == {"config.json", "vocab.json", "model.pth"}


def test_another_training_gives_another_fingerprint(folder: Path, state: State, original: Checkpoint) -> None:
    trained = {**state, "gpt.final_norm.weight": state["gpt.final_norm.weight"] * 1.001}
    assert Checkpoint.open(save(folder, {"model": trained})).fingerprint != original.fingerprint


def test_where_the_folder_is_does_not_move_the_fingerprint(folder: Path, state: State, original: Checkpoint) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["model_args"]["tokenizer_file"] = "/elsewhere/vocab.json"
    (folder / "config.json").write_text(json.dumps(config, indent=1))
    assert Checkpoint.open(save(folder, {"model": state})).fingerprint == original.fingerprint


def test_half_precision_files_are_read_as_they_are(folder: Path, state: State, original: Checkpoint) -> None:
    half = {name: state[name].to(torch.bfloat16) for name in original.weights}
    save_file(half, folder / "model.safetensors")
    assert Checkpoint.open(folder).weights["gpt.mel_head.weight"].dtype == torch.bfloat16


def test_weights_outlive_the_remapping_of_their_file(
    folder: Path, state: State, original: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voice.engines.xtts.checkpoint.REMAP_BYTES", 1_000_000)
    convert_to_safetensors(save(folder, {"model": state}))
    opened = Checkpoint.open(folder)
    held = dict(opened.weights)
    assert all(torch.equal(held[name], state[name]) for name in expected_sizes(original.shape))
