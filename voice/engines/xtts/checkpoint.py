"""Reads an XTTS v2 checkpoint folder: its weights, what they are, and a fingerprint of them.

Coqui's files are Python pickles, which can call anything when they are loaded. torch's restricted unpickler builds
tensors and plain containers only. The published XTTS v2 file also holds its training configuration as objects: for
their classes we give it inert stand-ins, which are dropped.
"""

import hashlib
import json
import logging
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from voice.engines.xtts.configuration import PICKLE, SAFETENSORS, checkpoint_problem
from voice.engines.xtts.shape import Size, XttsShape, expected_sizes, shape_read
from voice.errors import EngineUnavailable

logger = logging.getLogger(__name__)

REMAP_BYTES = 256 * 2**20
FINGERPRINT_VALUES = 256  # of each tensor: one page of a memory-mapped file
NO_TENSORS = "it is no checkpoint of tensors only, or is damaged"
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


class _Weights(Mapping[str, Tensor]):
    """The tensors of a checkpoint by published name, on the CPU, in the dtype of the file.

    Each is a view of a memory-mapped file, made when it is asked for; do not write to it. Thread-safe.
    """

    def __init__(self, tensors: Mapping[str, Tensor], sizes: Mapping[str, Size], path: Path) -> None:
        self._tensors = tensors
        self._sizes = sizes
        self._path = path

    def __getitem__(self, name: str) -> Tensor:
        """Raises EngineUnavailable `checkpoint_unreadable` where a value is not finite: it would be heard as noise."""
        if name not in self._sizes:
            raise KeyError(name)
        tensor = self._tensors[name]
        lowest, highest = torch.aminmax(tensor)
        if not (torch.isfinite(lowest) and torch.isfinite(highest)):
            raise _unreadable(self._path, f"{name} has values that are not finite")
        return tensor

    def __iter__(self) -> Iterator[str]:
        return iter(self._sizes)

    def __len__(self) -> int:
        return len(self._sizes)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """An opened checkpoint; its weights are read from the file when they are asked for.

    `fingerprint`: SHA-256 over the shape and the first values of every tensor, as 64 hexadecimal digits. It is the
    same for model.pth and the model.safetensors made from it, and takes milliseconds. It distinguishes checkpoints, as
    training moves all values of a tensor; it does not detect damage further inside a tensor, which the download's
    SHA-256 does.
    """

    folder: Path
    shape: XttsShape
    weights: Mapping[str, Tensor]
    fingerprint: str

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the checkpoint in `folder`: model.safetensors, or model.pth where there is none or it is newer.

        Raises EngineUnavailable: `checkpoint_missing` for files that are not there, `checkpoint_unreadable` for
        files that are damaged or not what their name says, `checkpoint_incomplete` for tensors that are missing or
        of another size, `checkpoint_unsupported` for XTTS v1 and other architectures. Nothing in the files is run.
        """
        problem = checkpoint_problem(folder)
        if problem is not None:
            raise EngineUnavailable("checkpoint_missing", problem)
        shape = shape_read(folder)
        path = folder / SAFETENSORS
        if path.is_file() and not _is_older(path, folder / PICKLE):
            tensors: Mapping[str, Tensor] = _SafetensorsFile(path)
        else:
            path = folder / PICKLE
            tensors = pickled_weights(path)
        sizes = expected_sizes(shape)
        _refuse_other_layouts(tensors, sizes, path)
        weights = _Weights(tensors, sizes, path)
        return cls(folder, shape, weights, _fingerprint(shape, tensors, sizes))


class _SafetensorsFile(Mapping[str, Tensor]):
    """Lazy tensors of a .safetensors file. Thread-safe.

    The file is mapped anew after every REMAP_BYTES: pages stay resident as long as their mapping, so a worker that
    converts one tensor after the other to its own precision never has the whole file in memory beside the result.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        try:
            self._map()
            self._names = frozenset[str](self._file.keys())
        except (SafetensorError, OSError) as error:
            raise _unreadable(path, "it is no complete safetensors file") from error

    def _map(self) -> None:
        self._file: Any = safe_open(self._path, framework="pt")
        self._handed_out = 0

    def __getitem__(self, name: str) -> Tensor:
        if name not in self._names:
            raise KeyError(name)
        with self._lock:
            if self._handed_out > REMAP_BYTES:
                self._map()
            tensor: Tensor = self._file.get_tensor(name)
            self._handed_out += tensor.nbytes
        return tensor

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


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
        raise _unreadable(path, NO_TENSORS) from error
    state = content.get("model", content) if isinstance(content, dict) else None
    if not isinstance(state, dict):
        raise _unreadable(path, NO_TENSORS)
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


def convert_to_safetensors(folder: Path) -> Path:
    """Write model.safetensors beside model.pth, from which the engine starts in a second. Returns its path.

    It holds what inference reads, without aliases and leftovers of training, and the SHA-256 of the model.pth that it
    was made from; where that is the same, nothing is done. The file appears whole or not at all; model.pth stays.
    Raises EngineUnavailable like `Checkpoint.open`.
    """
    source, target = folder / PICKLE, folder / SAFETENSORS
    if not source.is_file():
        raise EngineUnavailable("checkpoint_missing", f"There is no {source.name} to convert.")
    with source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if _converted_from(target) == digest:
        if target.stat().st_mtime < source.stat().st_mtime:
            target.touch()  # the source was copied here again, and is the same
        return target
    sizes = expected_sizes(shape_read(folder))
    tensors = pickled_weights(source)
    _refuse_other_layouts(tensors, sizes, source)
    part = target.with_suffix(f".{os.getpid()}.part")
    try:
        save_file(_unshared(_Weights(tensors, sizes, source)), part, {"source": PICKLE, "source_sha256": digest})
        part.chmod(source.stat().st_mode)  # safetensors makes files that only their owner reads
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target


def _is_older(converted: Path, source: Path) -> bool:
    """True if `source` was replaced after `converted` was made of it, by a model of one's own for example."""
    if not source.is_file() or source.stat().st_mtime <= converted.stat().st_mtime:
        return False
    logger.warning("%s is newer than %s and is used: convert it with download_xtts", source.name, converted.name)
    return True


def _unshared(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors that safetensors can store: contiguous, and none a view of another's memory."""
    written: dict[str, Tensor] = {}
    addresses: set[int] = set()
    for name, tensor in weights.items():
        is_shared = tensor.data_ptr() in addresses
        written[name] = tensor.clone() if is_shared else tensor.contiguous()
        addresses.add(written[name].data_ptr())
    return written


def _converted_from(path: Path) -> str | None:
    try:
        with safe_open(path, framework="pt") as file:
            return (file.metadata() or {}).get("source_sha256")
    except (SafetensorError, OSError):
        return None  # not there, or cut off: it is made anew


def _refuse_other_layouts(tensors: Mapping[str, Tensor], sizes: Mapping[str, Size], path: Path) -> None:
    missing = [name for name in sizes if name not in tensors]
    if "gpt.conditioning_perceiver.latents" in missing and "gpt.prompt_embedding.weight" in tensors:
        raise EngineUnavailable("checkpoint_unsupported", f"{path.name} is of XTTS v1. Use one of XTTS v2.")
    if missing:
        raise _incomplete(path, f"lacks {len(missing)} of {len(sizes)} tensors, such as {missing[0]}")
    for name, size in sizes.items():
        tensor = tensors[name]
        if tuple(tensor.shape) != size:
            raise _incomplete(path, f"has {name} of size {tuple(tensor.shape)}, and its config.json wants {size}")
        if not tensor.is_floating_point():
            raise _incomplete(path, f"has {name} in {tensor.dtype}, which is no floating-point type")


def _fingerprint(shape: XttsShape, tensors: Mapping[str, Tensor], sizes: Mapping[str, Size]) -> str:
    digest = hashlib.sha256(json.dumps(asdict(shape), sort_keys=True).encode())
    for name in sorted(sizes):
        digest.update(name.encode())
        digest.update(tensors[name].flatten()[:FINGERPRINT_VALUES].float().numpy().tobytes())
    return digest.hexdigest()


def _unreadable(path: Path, reason: str) -> EngineUnavailable:
    message = f"{path.name} cannot be used: {reason}. Run `manage.py download_xtts` to get it anew."
    return EngineUnavailable("checkpoint_unreadable", message)


def _incomplete(path: Path, reason: str) -> EngineUnavailable:
    message = f"{path.name} {reason}. config.json, vocab.json and weights must be of one checkpoint."
    return EngineUnavailable("checkpoint_incomplete", message)
