"""Reads the tensors of a model.pth without running what is in it.

Coqui's files are Python pickles, which can call anything when they are loaded. torch's restricted unpickler builds
tensors and plain containers alone. The published XTTS v2 file also holds its training configuration as objects: for
their classes we give it inert stand-ins, which are dropped.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor

from voice.errors import EngineUnavailable

CONFIGURATION_CLASSES = (
    "TTS.tts.configs.xtts_config.XttsConfig",
    "TTS.tts.configs.xtts_config.XttsArgs",
    "TTS.tts.configs.xtts_config.XttsAudioConfig",
    "TTS.tts.models.xtts.XttsArgs",
    "TTS.tts.models.xtts.XttsAudioConfig",
    "TTS.config.shared_configs.BaseDatasetConfig",
)
"""Every class that Coqui's own loader allows in its published checkpoints, by the names of then and now."""

LEFTOVERS = ("torch_mel_spectrogram_style_encoder", "torch_mel_spectrogram_dvae", "dvae")  # of the GPT's trainer
ALIASES = ("gpt.gpt_inference.", "gpt.gpt.wte.")  # the same tensors again, by the names of Hugging Face's GPT-2


class _Configuration:
    """Takes the place of Coqui's configuration classes: keeps nothing."""

    def __setstate__(self, state: object) -> None:
        pass


def pickled_weights(path: Path) -> Mapping[str, Tensor]:
    """The tensors of a .pth file by published name, memory-mapped: views of the file, not to be written to.

    Both layouts are read: that of publication and that of the trainer, where all names begin with `xtts.`; and both
    ways in which torch has stored weight normalisation.
    Raises EngineUnavailable `checkpoint_unreadable` for anything else, such as objects of other classes.
    """
    stand_ins = [(_Configuration, name) for name in CONFIGURATION_CLASSES]
    try:
        with torch.serialization.safe_globals(stand_ins):
            content = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except Exception as error:  # a damaged or hostile pickle makes the unpickler raise anything
        raise _unreadable(path) from error
    state = content.get("model", content) if isinstance(content, dict) else None
    if not isinstance(state, dict):
        raise _unreadable(path)
    return dict(_renamed(state))


def _renamed(state: Mapping[object, object]) -> Iterator[tuple[str, Tensor]]:
    for written, tensor in state.items():
        if not isinstance(written, str) or not isinstance(tensor, Tensor):
            continue
        name = written.removeprefix("xtts.")
        if name.split(".")[0] in LEFTOVERS or name.startswith(ALIASES):
            continue
        if name.endswith((".weight_g", ".weight_v")):
            place = 0 if name.endswith("_g") else 1
            name = f"{name.removesuffix(name[-9:])}.parametrizations.weight.original{place}"
        yield name, tensor


def _unreadable(path: Path) -> EngineUnavailable:
    return EngineUnavailable(
        "checkpoint_unreadable",
        f"{path.name} is no checkpoint of tensors alone, or is damaged. Run `manage.py download_xtts` to get it anew.",
    )
