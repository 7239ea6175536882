"""One side of the XTTS benchmark in a process of its own, which the other side's runs alternate with.

The child answers tasks, a line of JSON each, in the order in which they are asked.
"""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

Task = Callable[..., Any]


TOLD_EACH_S = 30.0
STARTED_S = time.monotonic()


def tell(words: str) -> None:
    """A line of progress, on standard error, with the time since the start."""
    print(f"{time.monotonic() - STARTED_S:6.0f} s  {words}", file=sys.stderr, flush=True)


class Process:
    """The parent's end: `with Process("ours", "benchmarks.xtts_ours", ..., end_s=..) as side: side.ask("short")`.

    `name`: for lines of progress. `end_s`: when, by `time.monotonic`, it is ended whatever it does.
    """

    def __init__(self, name: str, module: str, *options: str, end_s: float) -> None:
        self._name, self._end_s = name, end_s
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
        """The result of the child's task of this name. Raises RuntimeError if it ends, TimeoutError at `end_s`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        tell(f"{self._name}: {task}")
        print(json.dumps([task, arguments]), file=self._process.stdin, flush=True)
        while not self._answers(within_s=min(TOLD_EACH_S, self._end_s - time.monotonic())):
            if time.monotonic() >= self._end_s:
                self._process.kill()
                raise TimeoutError(f"{self._name}: {task}")
            tell(f"{self._name}: {task}, still at it")
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{task}: the process ended with {self._process.wait()}")
        return json.loads(answer)

    def _answers(self, *, within_s: float) -> bool:
        return bool(select.select([self._process.stdout], [], [], max(0.0, within_s))[0])


def serve(tasks: Mapping[str, Task]) -> None:
    """The child's end: answer until the parent closes standard input. What a task prints goes to standard error."""
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)
        for line in sys.stdin:
            task, arguments = json.loads(line)
            print(json.dumps(tasks[task](**arguments)), file=answers, flush=True)
