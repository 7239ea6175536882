"""The limits of the machine: the weights of the GPT read once per step, and the vocoder's arithmetic at full speed."""

import platform
import re
import time
from collections.abc import Callable
from pathlib import Path

import torch

from voice.engines.xtts.shape import UPSAMPLINGS as UPSAMPLING_SIZES
from voice.engines.xtts.shape import XttsShape
from voice.engines.xtts.takes import TOKEN_S
from voice.engines.xtts.windows import (
    POST_KERNEL,
    PRE_KERNEL,
    RATE_HZ,
    RESBLOCK_DILATIONS,
    RESBLOCK_KERNELS,
    SAMPLES_PER_FRAME,
    UPSAMPLINGS,
)

RUNS = 7
COPIED_BYTES = 2**29  # far more than caches hold
MATRIX = {"cpu": 3072, "cuda": 8192}


def machine_name(device: str) -> str:
    """The GPU's name, or the CPU's with the number of threads."""
    if device == "cuda":
        return torch.cuda.get_device_name()
    models = re.findall(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return f"{models[0] if models else platform.machine()}, {torch.get_num_threads()} threads"


def best_s(work: Callable[[], object], device: str) -> float:
    """Seconds of the fastest of a few runs."""
    seconds = []
    for _ in range(RUNS):
        started = time.perf_counter()
        work()
        if device == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def bandwidth_bytes_per_s(device: str) -> float:
    """Memory bandwidth by a big copy, each byte counted once as read and once as written."""
    source = torch.ones(COPIED_BYTES // 4, device=device)
    target = torch.empty_like(source)
    return 2 * COPIED_BYTES / best_s(lambda: target.copy_(source), device)


def multiplications_per_s(device: str, dtype: torch.dtype) -> float:
    """Floating-point operations per second of a big product of matrices, a multiplication and an addition as two."""
    size = MATRIX[device]
    left, right = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    return 2 * size**3 / best_s(lambda: left @ right, device)


def vocoder_flops_per_s() -> float:
    """Operations of HiFi-GAN for a second of audio, two for each weight and each moment that it is applied to."""
    rate = RATE_HZ / SAMPLES_PER_FRAME
    products = 0.0
    taps = 2 * len(RESBLOCK_DILATIONS) * sum(RESBLOCK_KERNELS)
    for stride, (before, after, kernel) in zip(UPSAMPLINGS, UPSAMPLING_SIZES, strict=True):
        products += rate * before * after * kernel
        rate *= stride
        products += rate * after * after * taps
    return 2 * (products + RATE_HZ * UPSAMPLING_SIZES[-1][1] * POST_KERNEL)


def first_layer_flops_per_s(shape: XttsShape) -> float:
    """The same for the convolution before, which reads the latents."""
    return 2 * RATE_HZ / SAMPLES_PER_FRAME * shape.decoder_input_dim * UPSAMPLING_SIZES[0][0] * PRE_KERNEL


def gpt_bytes(shape: XttsShape, dtype: torch.dtype) -> int:
    """Bytes of the weights that a decoding step reads: attention and feed-forward layers, and the audio head."""
    return (shape.layers * 12 * shape.channels**2 + shape.audio_tokens * shape.channels) * dtype.itemsize


def floor(shape: XttsShape, device: str, dtype: torch.dtype, *, batch: int) -> dict[str, float]:
    """The least real-time factor at this batch, and what it is made of. Attention, cache and sampling come on top."""
    bandwidth = bandwidth_bytes_per_s(device)
    speed = multiplications_per_s(device, dtype)
    step_s = gpt_bytes(shape, dtype) / bandwidth
    vocoder = (vocoder_flops_per_s() + first_layer_flops_per_s(shape)) / speed
    return {
        "bandwidth_gb_s": bandwidth / 1e9,
        "gflop_s": speed / 1e9,
        "step_ms": step_s * 1000,
        "vocoder_real_time_factor": vocoder,
        "real_time_factor_alone": step_s / TOKEN_S + vocoder,
        "real_time_factor": step_s / TOKEN_S / batch + vocoder,
    }
