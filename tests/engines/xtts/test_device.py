"""Device and precision as the operator sets them, and what memory is in use."""

import os
import re
import subprocess
import sys
from mmap import mmap
from pathlib import Path

import pytest
import torch

from tests.engines.xtts.test_cpu_kinds import AVX2
from tests.rig.processes import ROOT
from voice.engines.xtts import device as module
from voice.engines.xtts.checkpoint import Checkpoint
from voice.engines.xtts.configuration import DeviceChoice, PrecisionChoice, XttsConfiguration
from voice.engines.xtts.device import (
    cpu_has_bfloat16,
    device_choose,
    device_memory,
    memory_report,
    onednn_computes,
    precision_choose,
)
from voice.engines.xtts.failures import DeviceMemoryFull
from voice.engines.xtts.weights import gpt_weights
from voice.errors import EngineUnavailable

CPU = torch.device("cpu")
LOAD = """
import logging, sys
from pathlib import Path
from voice.engines.xtts.configuration import XttsConfiguration
from voice.engines.xtts.runtime import XttsRuntime
logging.basicConfig(level=logging.INFO)
runtime = XttsRuntime.load(XttsConfiguration(Path(sys.argv[1]), True, device="cpu", precision=sys.argv[2]))
runtime.batcher.close()
"""
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


def configured(device: DeviceChoice = "auto", precision: PrecisionChoice = "auto") -> XttsConfiguration:
    return XttsConfiguration(Path("nowhere"), is_licence_accepted=True, device=device, precision=precision)


def test_the_cpu_can_be_asked_for_anywhere() -> None:
    assert device_choose(configured("cpu")) == CPU


def test_auto_takes_cuda_where_it_is() -> None:
    assert device_choose(configured()).type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_cuda_that_is_not_there_is_missing() -> None:
    with pytest.raises(EngineUnavailable, match="XTTS_DEVICE=auto") as caught:
        device_choose(configured("cuda"))
    assert caught.value.code == "device_missing"


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16", "float64"])
def test_a_precision_that_is_named_is_taken(precision: PrecisionChoice) -> None:
    assert precision_choose(configured(precision=precision), CPU) == getattr(torch, precision)


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ({"avx2": True}, torch.float32),
        ({"avx512_f": True, "avx512_bf16": False, "amx_bf16": False}, torch.float32),
        ({"avx512_bf16": True}, torch.bfloat16),
        ({"amx_bf16": True}, torch.bfloat16),
        ({"architecture": "aarch64", "neon": True, "bf16": True}, torch.bfloat16),
        ({}, torch.float32),
    ],
    ids=str,
)
def test_auto_takes_bfloat16_where_the_cpu_computes_in_it(
    capabilities: dict[str, object], expected: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)  # this machine has one CPU
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: True)
    assert precision_choose(configured(), CPU) == expected
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: False)
    assert precision_choose(configured(), CPU) == torch.float32, "oneDNN is told not to use it, or cannot"


@pytest.mark.parametrize("precision", ["auto", "float32", "bfloat16", "float16"])
def test_a_worker_that_is_told_to_emulate_a_precision_says_how_slow_it_is(
    precision: str, tiny_checkpoint: Path
) -> None:
    """In a process that believes in a CPU without such instructions."""
    told = subprocess.run(
        [sys.executable, "-c", LOAD, str(tiny_checkpoint), precision],
        cwd=ROOT,
        env={**os.environ, **AVX2.environment},
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    warned = re.search(rf"emulates {precision}: products of matrices take (\d+) times", told)
    if precision in ("auto", "float32"):
        assert "loaded on cpu in torch.float32" in told
        assert warned is None
    else:
        assert warned is not None
        assert int(warned[1]) >= 2


def test_onednn_packs_bfloat16_only_where_the_cpu_computes_in_it(
    tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: False)  # this machine has one CPU
    assert onednn_computes(torch.float32)
    assert not onednn_computes(torch.bfloat16)
    assert not onednn_computes(torch.float16)
    weights = Checkpoint.open(tiny_checkpoint).weights
    assert not gpt_weights(weights, layers=1, device=CPU, dtype=torch.bfloat16).blocks[0].mlp_in.is_packed


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        torch.AcceleratorError("CUDA error: out of memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes."),
    ],
    ids=str,
)
def test_a_full_memory_is_recognised_whoever_reports_it(error: RuntimeError) -> None:
    with pytest.raises(DeviceMemoryFull) as caught, device_memory():
        raise error
    assert caught.value.__cause__ is error


def test_other_errors_of_torch_are_not_of_memory() -> None:
    with pytest.raises(RuntimeError, match="illegal"), device_memory():
        raise torch.AcceleratorError("CUDA error: an illegal memory access was encountered")


def test_what_torch_says_of_this_cpu_is_what_linux_says() -> None:
    flags = set(Path("/proc/cpuinfo").read_text().split())
    assert cpu_has_bfloat16() == bool(flags & {"amx_bf16", "avx512_bf16", "bf16", "svebf16"})


def test_memory_of_the_cpu_grows_with_what_is_held() -> None:
    before = memory_report(CPU)
    pages = mmap(-1, 64 * 2**20)  # the kernel's: an allocator may hand out what the process has held before
    held = torch.frombuffer(pages, dtype=torch.uint8).fill_(1)
    after = memory_report(CPU)
    assert after.used_bytes - before.used_bytes > 0.9 * held.nbytes
    assert 0 < after.used_bytes < after.total_bytes == before.total_bytes


def test_a_containers_limit_is_the_total(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "limited").write_text("4096\n")
    (tmp_path / "unlimited").write_text("max\n")
    machine = memory_report(CPU).total_bytes
    monkeypatch.setattr(module, "CGROUP_LIMITS", (tmp_path / "limited", tmp_path / "none"))
    assert memory_report(CPU).total_bytes == 4096
    monkeypatch.setattr(module, "CGROUP_LIMITS", (tmp_path / "unlimited",))
    assert memory_report(CPU).total_bytes >= machine


@needs_cuda
def test_memory_of_cuda_grows_with_what_is_held() -> None:
    cuda = device_choose(configured("cuda"))
    before = memory_report(cuda)
    held = torch.ones(64 * 2**20, dtype=torch.uint8, device=cuda)
    after = memory_report(cuda)
    assert after.used_bytes - before.used_bytes >= held.nbytes
    assert after.used_bytes < after.total_bytes


@needs_cuda
def test_auto_takes_half_precision_on_cuda() -> None:
    assert precision_choose(configured(), torch.device("cuda")) in (torch.bfloat16, torch.float16)
