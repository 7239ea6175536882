"""One side of the XTTS benchmark in a process of its own, which the other side's runs alternate with.

The child answers tasks, a line of JSON each, in the order in which they are asked.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

Task = Callable[..., Any]


class Process:
    """The parent's end: `with Process("benchmarks.xtts_ours", "--device", "cpu") as side: side.ask("short")`."""

    def __init__(self, module: str, *options: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._process.kill()
        self._process.__exit__(kind, error, trace)  # closes its standard input, at which it ends, and waits for that

    def ask(self, task: str, **arguments: object) -> Any:
        """The result of the child's task of this name. Raises RuntimeError if the child ends."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([task, arguments]), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{task}: the process ended with {self._process.wait()}")
        return json.loads(answer)


def serve(tasks: Mapping[str, Task]) -> None:
    """The child's end: answer until the parent closes standard input. What a task prints goes to standard error."""
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)
        for line in sys.stdin:
            task, arguments = json.loads(line)
            print(json.dumps(tasks[task](**arguments)), file=answers, flush=True)
