"""The operator's decisions about XTTS, and the check of whether it can be used. No torch: the web process reads it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from voice.errors import EngineUnavailable

DeviceChoice = Literal["auto", "cpu", "cuda"]
PrecisionChoice = Literal["auto", "float32", "bfloat16", "float16"]
DEVICES = get_args(DeviceChoice)
PRECISIONS = get_args(PrecisionChoice)
CONFIG = "config.json"
VOCABULARY = "vocab.json"
SAFETENSORS = "model.safetensors"
PICKLE = "model.pth"


@dataclass(frozen=True, slots=True)
class XttsConfiguration:
    """The place of the weights and the way to run them, in the order of the settings of ENGINE.

    `checkpoint`: a folder with config.json, vocab.json and model.safetensors or model.pth.
    `is_licence_accepted`: whether the operator accepts the Coqui Public Model License for these weights.
    `device`, `precision`: "auto" takes CUDA where there is one, and bfloat16 where the device computes in it; float64
    is for tests. `batch_size`: most sequences decoded at once. `cache_mb`: memory of their keys and values. 0: auto.
    """

    checkpoint: Path
    is_licence_accepted: bool
    device: DeviceChoice = "auto"
    precision: PrecisionChoice | Literal["float64"] = "auto"
    batch_size: int = 0
    cache_mb: int = 0

    def require_available(self) -> None:
        """Raise EngineUnavailable `xtts_licence_missing` or `xtts_weights_missing` where an operator has to act first.

        The messages are for users and name no path; `checkpoint_problem` says more to the operator.
        """
        if not self.is_licence_accepted:
            raise EngineUnavailable(
                "xtts_licence_missing",
                "XTTS is not available here: the operator of this server has not accepted the licence of its weights "
                "(XTTS_LICENCE_ACCEPTED). Use another engine, or ask the operator.",
            )
        if checkpoint_problem(self.checkpoint) is not None:
            raise EngineUnavailable(
                "xtts_weights_missing",
                "XTTS is not available here: its weights are not installed (`manage.py download_xtts`). Use another "
                "engine, or ask the operator.",
            )


def checkpoint_problem(folder: Path) -> str | None:
    """A sentence on what is missing in `folder` and what to do about it, or None where all files are there.

    It looks at names and sizes only; whether the files can be read, `Checkpoint.open` finds out.
    """
    advice = "Run `manage.py download_xtts`, or set XTTS_CHECKPOINT to a folder that has it."
    if not folder.is_dir():
        return f"There is no folder {folder}. {advice}"
    missing = [name for name in (CONFIG, VOCABULARY) if not _has_content(folder / name)]
    if not any(_has_content(folder / name) for name in (SAFETENSORS, PICKLE)):
        missing.append(f"{SAFETENSORS} or {PICKLE}")
    if missing:
        return f"{folder} lacks {', '.join(missing)}. {advice}"
    return None


def _has_content(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0
