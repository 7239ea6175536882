"""A decode step as a CUDA graph: hundreds of kernels launched by one call, without Python between them."""

import logging
from collections.abc import Callable

import torch
from torch import Tensor

from voice.engines.xtts.device import is_memory_full

logger = logging.getLogger(__name__)

Step = Callable[[Tensor, Tensor], Tensor]
"""Two tensors on the device to one; static shapes, no memory taken by others in between, no word to the host."""


WARM_UPS = 2  # libraries choose kernels and take their workspaces at the first calls


class StepGraph:
    """Captures a step once per `version` of the memory that it uses, and replays it. One thread at a time.

    Where the driver refuses a capture, it says so in the log and runs the step kernel by kernel while that version
    lasts.
    """

    def __init__(self, step: Step, device: torch.device) -> None:
        self._step = step
        self._device = device
        self._version: int | None = None  # of the memory that was captured, or refused if there is no graph
        self._graph: torch.cuda.CUDAGraph | None = None
        self._inputs: tuple[Tensor, Tensor]
        self._output: Tensor

    def __call__(self, version: int, idle: Tensor, inputs: tuple[Tensor, Tensor]) -> Tensor:
        """The result of the step for `inputs`, two tensors on the CPU; valid until the next call.

        `idle`, shaped as the first of them, is what the step is run with before it is captured: it must do no harm.
        Raises what torch says of a full memory, and captures at the next call.
        """
        if version != self._version:
            self._graph = self._version = None  # its memory is free for the next one
            self._graph = self._capture(idle, inputs[1])
            self._version = version
        if self._graph is None:
            return self._step(*(tensor.to(self._device) for tensor in inputs))
        for static, new in zip(self._inputs, inputs, strict=True):
            static.copy_(new)
        self._graph.replay()
        return self._output

    def _capture(self, idle: Tensor, controls: Tensor) -> torch.cuda.CUDAGraph | None:
        """The step on `_inputs` as a graph; None where it is refused."""
        self._inputs = (idle.to(self._device), controls.to(self._device))
        stream = torch.cuda.current_stream(self._device)
        self._warm_up(stream)
        graph = torch.cuda.CUDAGraph()
        try:
            # The outer context restores the stream, which the inner one does not if the end of the capture fails.
            # Other threads clone voices meanwhile: what they do must not end it.
            with torch.cuda.stream(stream), torch.cuda.graph(graph, capture_error_mode="thread_local"):
                self._output = self._step(*self._inputs)
        except RuntimeError as error:
            for cause in (error, error.__context__):  # the end of a capture that broke has an error of its own
                if cause is not None and is_memory_full(cause):
                    raise cause from None
            logger.warning("xtts: no CUDA graph of the decode step; it runs without, slower", exc_info=True)
            return None
        return graph

    def _warm_up(self, stream: torch.cuda.Stream) -> None:
        side = torch.cuda.Stream(self._device)
        side.wait_stream(stream)
        with torch.cuda.stream(side):
            for _ in range(WARM_UPS):
                self._step(*self._inputs)
        stream.wait_stream(side)
