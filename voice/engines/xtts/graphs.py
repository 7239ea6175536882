"""A decode step as a CUDA graph: hundreds of kernels launched by one call, without Python between them."""

import logging
from collections.abc import Callable

import torch
from torch import Tensor

logger = logging.getLogger(__name__)

Step = Callable[[Tensor, Tensor], Tensor]
"""Two tensors on the device to one; static shapes, no memory taken by others in between, no word to the host."""


WARM_UPS = 2  # libraries choose kernels and take their workspaces at the first calls


class StepGraph:
    """Captures a step once per `version` of the memory that it uses, and replays it. One thread at a time.

    Where the driver refuses a capture, it says so once in the log and runs the step kernel by kernel from then on.
    """

    def __init__(self, step: Step, device: torch.device) -> None:
        self._step = step
        self._device = device
        self._version: int | None = None
        self._graph: torch.cuda.CUDAGraph | None = None
        self._inputs: tuple[Tensor, Tensor]
        self._output: Tensor
        self._is_refused = False

    def __call__(self, version: int, idle: Tensor, inputs: tuple[Tensor, Tensor]) -> Tensor:
        """What the step gives for `inputs`, two tensors on the CPU; valid until the next call.

        `idle`, shaped as the first of them, is what the step is run with before it is captured: it must do no harm.
        Raises torch.OutOfMemoryError, and captures at the next call.
        """
        if version != self._version and not self._is_refused:
            self._capture(version, idle, inputs[1])
        if self._graph is None:
            return self._step(*(tensor.to(self._device) for tensor in inputs))
        for static, new in zip(self._inputs, inputs, strict=True):
            static.copy_(new)
        self._graph.replay()
        return self._output

    def _capture(self, version: int, idle: Tensor, controls: Tensor) -> None:
        self._graph = None  # its memory is free for the next one
        self._version = None
        self._inputs = (idle.to(self._device), controls.to(self._device))
        side = torch.cuda.Stream(self._device)
        side.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(side):
            for _ in range(WARM_UPS):
                self._step(*self._inputs)
        torch.cuda.current_stream(self._device).wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph, capture_error_mode="thread_local"):  # other threads clone voices meanwhile
                self._output = self._step(*self._inputs)
        except torch.OutOfMemoryError:
            raise
        except RuntimeError:
            logger.warning("xtts: no CUDA graph of the decode step; it runs without, slower", exc_info=True)
            self._is_refused = True
            return
        self._graph, self._version = graph, version
