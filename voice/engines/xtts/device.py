"""The device that the model runs on, its precision, and its memory in use."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from voice.engines.xtts.configuration import XttsConfiguration
from voice.engines.xtts.failures import DeviceMemoryFull
from voice.errors import EngineUnavailable

CPU_BFLOAT16 = ("amx_bf16", "avx512_bf16", "bf16", "sve_bf16")  # x86-64: AMX, AVX-512; ARM: NEON, SVE
PRODUCT_SIZE = 512
FULL_MEMORY = (  # what torch passes on in a RuntimeError of no kind of its own
    "out of memory",  # "CUDA error: out of memory", "CUDA driver error: out of memory"
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
    "can't allocate memory",  # of the CPU
)
CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


@dataclass(frozen=True, slots=True)
class DeviceMemory:
    """Memory in bytes: `used_bytes` by this process, of `total_bytes` that the device, or a container's limit, has."""

    used_bytes: int
    total_bytes: int


def device_choose(configuration: XttsConfiguration) -> torch.device:
    """The device that `configuration` asks for; "auto" takes the first CUDA device, or else the CPU.

    Which GPU is the first one, CUDA_VISIBLE_DEVICES decides. Raises EngineUnavailable `device_missing` for "cuda"
    where there is none.
    """
    is_there = torch.cuda.is_available()
    if configuration.device == "cuda" and not is_there:
        raise EngineUnavailable(
            "device_missing",
            "XTTS is set to run on CUDA, and no CUDA device can be used. Set XTTS_DEVICE=auto, or make a GPU and its "
            "driver visible to this process.",
        )
    return torch.device("cuda" if is_there and configuration.device != "cpu" else "cpu")


def precision_choose(configuration: XttsConfiguration, device: torch.device) -> torch.dtype:
    """The dtype of GPT and vocoder; "auto" takes bfloat16 where `device` computes in it.

    A GPU without it takes float16, a CPU without it float32: emulated, bfloat16 is slower and still less exact.
    """
    if configuration.precision != "auto":
        return getattr(torch, configuration.precision)
    if device.type == "cuda":
        is_native = torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if is_native else torch.float16
    return torch.bfloat16 if cpu_has_bfloat16() and onednn_computes(torch.bfloat16) else torch.float32


def cpu_slowdown(dtype: torch.dtype) -> float:
    """How many times as long as in float32 the CPU takes to multiply matrices in `dtype`: emulated, 10 to 100 times.

    Measured, in less than a second: it depends on the CPU, on what oneDNN is told to use of it, and on its version.
    """
    return _product_s(dtype) / _product_s(torch.float32)


def _product_s(dtype: torch.dtype) -> float:
    left, right = (torch.ones(PRODUCT_SIZE, PRODUCT_SIZE, dtype=dtype) for _ in range(2))
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        left @ right
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def cpu_has_bfloat16() -> bool:
    """True if the CPU multiplies in bfloat16: AVX-512 BF16, AMX, or ARM's BF16."""
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in CPU_BFLOAT16)


def onednn_computes(dtype: torch.dtype) -> bool:
    """True if oneDNN is there and takes `dtype` in its fused and packed operations: float32, bfloat16 on some CPUs."""
    if not torch.backends.mkldnn.is_available():
        return False
    computes: bool = dtype == torch.float32 or (
        dtype == torch.bfloat16 and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    )
    return computes


def is_memory_full(error: BaseException | None) -> bool:
    """True if torch says by `error` that memory is full, of a GPU or of the CPU: the allocator or a library."""
    if isinstance(error, torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(message in str(error) for message in FULL_MEMORY)


@contextmanager
def device_memory() -> Iterator[None]:
    """Raises DeviceMemoryFull for what torch says of a full memory, of a GPU or of the CPU."""
    try:
        yield
    except RuntimeError as error:
        if not is_memory_full(error):
            raise
        raise DeviceMemoryFull(str(error)) from error


def compute_float32_exactly() -> None:
    """For the whole process: left to itself, cuDNN rounds the factors of float32 convolutions to TF32, off by 1e-3."""
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False


def memory_report(device: torch.device) -> DeviceMemory:
    """The memory of `device` that this process holds, and all that there is.

    On CUDA: what torch has reserved, and the whole card. On a CPU: resident memory, and the machine's or its
    control group's. Linux only for the CPU.
    """
    if device.type == "cuda":
        total: int = torch.cuda.mem_get_info(device)[1]
        return DeviceMemory(torch.cuda.memory_reserved(device), total)
    page = os.sysconf("SC_PAGE_SIZE")
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * page
    written = [path.read_text().strip() for path in CGROUP_LIMITS if path.is_file()]
    limits = [int(limit) for limit in written if limit.isdigit()]  # "max" is no limit
    return DeviceMemory(resident, min([os.sysconf("SC_PHYS_PAGES") * page, *limits]))
