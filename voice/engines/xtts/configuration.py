"""What the operator decides about XTTS. No torch in here: the web process reads it too."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

DeviceChoice = Literal["auto", "cpu", "cuda"]
PrecisionChoice = Literal["auto", "float32", "bfloat16", "float16", "float64"]
DEVICES = get_args(DeviceChoice)
PRECISIONS = get_args(PrecisionChoice)


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
