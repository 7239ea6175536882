"""When a decode step is captured, replayed, refused, or without memory, on a stand-in for the GPU's graphs."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
import torch
from torch import Tensor

from voice.engines.xtts import graphs
from voice.engines.xtts.graphs import WARM_UPS, StepGraph

CPU = torch.device("cpu")
IDLE = torch.zeros(3)
CONTROLS = torch.ones(3)


@dataclass
class Stream:
    """Work is done at once, so there is nothing to wait for."""

    device: torch.device = CPU

    def wait_stream(self, other: "Stream") -> None:
        """It has done its work."""


@dataclass
class Gpu:
    """As much of `torch.cuda` as a capture needs; a graph of it computes the captured step again, in place."""

    step: "Step"
    captures: int = 0
    replays: int = 0
    in_capture: list[Exception] = field(default_factory=list)
    at_end: list[Exception] = field(default_factory=list)
    current: Stream = field(default_factory=Stream)
    Stream = Stream

    def current_stream(self, device: torch.device) -> Stream:
        return self.current

    @contextmanager
    def stream(self, stream: Stream) -> Iterator[None]:
        before, self.current = self.current, stream
        try:
            yield
        finally:
            self.current = before

    def CUDAGraph(self) -> "Graph":  # noqa: N802 (its name in torch)
        return Graph(self)

    @contextmanager
    def graph(self, graph: "Graph", *, capture_error_mode: str) -> Iterator[None]:
        """As torch's: where the end of the capture fails, the stream stays that of the capture."""
        assert capture_error_mode == "thread_local"
        self.captures += 1
        before, self.current = self.current, Stream()
        try:
            if self.in_capture:
                self.step.fails_with = self.in_capture.pop(0)
            yield
        finally:
            self.step.fails_with = None
            if self.at_end:
                raise self.at_end.pop(0)
            self.current = before
        graph.inputs, graph.output = self.step.last


class Step:
    """Adds its two inputs, and remembers what it was called with."""

    def __init__(self) -> None:
        self.calls: list[list[float]] = []
        self.fails_with: Exception | None = None
        self.last: tuple[tuple[Tensor, Tensor], Tensor]

    def __call__(self, first: Tensor, second: Tensor) -> Tensor:
        self.calls.append(first.tolist())
        if self.fails_with is not None:
            raise self.fails_with
        output = first + second
        self.last = ((first, second), output)
        return output


@dataclass
class Graph:
    """Reads and writes the tensors of the capture."""

    gpu: Gpu
    inputs: tuple[Tensor, Tensor] = (IDLE, CONTROLS)
    output: Tensor = IDLE

    def replay(self) -> None:
        self.gpu.replays += 1
        self.output.copy_(self.inputs[0] + self.inputs[1])


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Gpu:
    stand_in = Gpu(Step())
    monkeypatch.setattr(graphs.torch, "cuda", stand_in)
    return stand_in


@pytest.fixture
def graph(gpu: Gpu) -> StepGraph:
    return StepGraph(gpu.step, CPU)


def run(graph: StepGraph, *, version: int = 1, value: float = 5.0) -> list[float]:
    output: list[float] = graph(version, IDLE.clone(), (torch.full((3,), value), CONTROLS.clone())).tolist()
    return output


def test_a_replay_computes_what_it_is_given(gpu: Gpu, graph: StepGraph) -> None:
    assert run(graph, value=5.0) == [6.0] * 3
    assert run(graph, value=7.0) == [8.0] * 3
    assert (gpu.captures, gpu.replays) == (1, 2)


def test_until_it_is_captured_the_step_sees_the_idle_input_only(gpu: Gpu, graph: StepGraph) -> None:
    run(graph)
    assert gpu.step.calls == [[0.0] * 3] * (WARM_UPS + 1)


def test_memory_that_moved_is_captured_anew(gpu: Gpu, graph: StepGraph) -> None:
    run(graph, version=1)
    assert run(graph, version=2) == [6.0] * 3
    assert gpu.captures == 2


def test_a_refused_capture_is_told_once_and_the_step_runs_without(
    gpu: Gpu, graph: StepGraph, caplog: pytest.LogCaptureFixture
) -> None:
    gpu.at_end.append(RuntimeError("CUDA error: operation not permitted when stream is capturing"))
    before = gpu.current
    with caplog.at_level(logging.WARNING):
        assert run(graph, value=5.0) == [6.0] * 3
        assert run(graph, value=7.0) == [8.0] * 3
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert (gpu.captures, gpu.replays) == (1, 0)
    assert gpu.current is before


def test_a_capture_that_was_refused_is_tried_again_once_memory_moved(gpu: Gpu, graph: StepGraph) -> None:
    gpu.in_capture.append(RuntimeError("CUDA error: operation not permitted when stream is capturing"))
    run(graph, version=1)
    assert run(graph, version=2) == [6.0] * 3
    assert (gpu.captures, gpu.replays) == (2, 1)


@pytest.mark.parametrize(
    "full",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        torch.AcceleratorError("CUDA error: out of memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    ],
    ids=str,
)
@pytest.mark.parametrize("end", [None, "CUDA error: operation failed due to a previous error during capture"])
def test_a_full_memory_is_raised_and_the_next_call_captures(
    full: RuntimeError, end: str | None, gpu: Gpu, graph: StepGraph, caplog: pytest.LogCaptureFixture
) -> None:
    gpu.in_capture.append(full)
    gpu.at_end.extend([] if end is None else [RuntimeError(end)])
    before = gpu.current
    with pytest.raises(RuntimeError) as caught:
        run(graph)
    assert caught.value is full
    assert not caplog.records
    assert gpu.current is before
    assert run(graph) == [6.0] * 3
    assert (gpu.captures, gpu.replays) == (2, 1)


def test_a_full_memory_before_the_capture_is_raised_and_the_next_call_captures(gpu: Gpu, graph: StepGraph) -> None:
    gpu.step.fails_with = torch.OutOfMemoryError("CUDA out of memory")
    with pytest.raises(torch.OutOfMemoryError):
        run(graph)
    gpu.step.fails_with = None
    assert run(graph) == [6.0] * 3
    assert (gpu.captures, gpu.replays) == (1, 1)
