"""What XTTS is, what the operator decides about it, whether it can be used. No torch: the web process reads this."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from voice.engines.base import LANGUAGES, OptionSpec
from voice.errors import EngineUnavailable

ENGINE_NAME = "xtts"
ENGINE_VERSION = "2.1"
LANGUAGE_CODES = frozenset(LANGUAGES)

TEMPERATURE = OptionSpec(
    name="temperature",
    minimum=0.05,
    maximum=1.5,
    default=0.75,
    description="How freely it speaks: lower is steadier and flatter, higher is livelier and less predictable.",
)
TOP_K = OptionSpec(
    name="top_k",
    minimum=1,
    maximum=1000,
    default=50,
    description="How many of the likeliest sounds it chooses from at every step.",
)
TOP_P = OptionSpec(
    name="top_p",
    minimum=0.05,
    maximum=1.0,
    default=0.85,
    description="It chooses among the likeliest sounds that together have this share of the probability.",
)
REPETITION_PENALTY = OptionSpec(
    name="repetition_penalty",
    minimum=1.0,
    maximum=20.0,
    default=5.0,
    description="How much it avoids sounds that it made already: higher against stutters and long vowels.",
)
OPTION_SPECS = (TEMPERATURE, TOP_K, TOP_P, REPETITION_PENALTY)
"""Defaults are those of the published checkpoint's configuration."""
DeviceChoice = Literal["auto", "cpu", "cuda"]
PrecisionChoice = Literal["auto", "float32", "bfloat16", "float16", "float64"]
DEVICES = get_args(DeviceChoice)
PRECISIONS = get_args(PrecisionChoice)
CONFIG = "config.json"
VOCABULARY = "vocab.json"
SAFETENSORS = "model.safetensors"
PICKLE = "model.pth"


@dataclass(frozen=True, slots=True)
class XttsConfiguration:
    """Where the weights are and how to run them.

    `checkpoint`: a folder with config.json, vocab.json and model.safetensors or model.pth.
    `is_licence_accepted`: whether the operator accepts the Coqui Public Model License for these weights.
    `device`, `precision`: "auto" takes CUDA where there is one, and bfloat16 where the device computes in it; float64
    is for tests. `batch_size`: most sequences decoded at once. `cache_mb`: memory of their keys and values. 0: auto.
    """

    checkpoint: Path
    is_licence_accepted: bool
    device: DeviceChoice = "auto"
    precision: PrecisionChoice = "auto"
    batch_size: int = 0
    cache_mb: int = 0


def checkpoint_problem(folder: Path) -> str | None:
    """What is missing in `folder` and what to do about it, or None where all files are there.

    It looks at names and sizes alone; whether the files can be read, `Checkpoint.open` says.
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


def require_available(configuration: XttsConfiguration) -> None:
    """Raise EngineUnavailable `xtts_licence_missing` or `xtts_weights_missing` where an operator has to act first.

    The messages are for users and name no path; `checkpoint_problem` tells the operator more.
    """
    if not configuration.is_licence_accepted:
        raise EngineUnavailable(
            "xtts_licence_missing",
            "XTTS is not available here: the operator of this server has not accepted the licence of its weights "
            "(XTTS_LICENCE_ACCEPTED). Use another engine, or ask the operator.",
        )
    if checkpoint_problem(configuration.checkpoint) is not None:
        raise EngineUnavailable(
            "xtts_weights_missing",
            "XTTS is not available here: its weights are not installed (`manage.py download_xtts`). Use another "
            "engine, or ask the operator.",
        )
