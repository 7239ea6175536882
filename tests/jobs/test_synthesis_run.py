"""A synthesis that ends early stops its engine at once."""

from collections.abc import Generator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from voice.audio.waveform import Waveform
from voice.engines.base import SpeechChunk
from voice.errors import LeaseLost
from voice.jobs import synthesis as module


def test_the_engine_hears_at_once_that_nobody_listens_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []

    def speak() -> Generator[SpeechChunk, None, None]:
        try:
            while True:
                yield SpeechChunk(Waveform(np.zeros(240, np.float32), 24_000), 0.5, 0)
        finally:
            events.append("closed")

    def report(progress: float, phase: str) -> None:
        if progress > 0.1:
            raise LeaseLost("lease_lost", "Another worker owns this job.")

    chunks = speak()  # held here, so that no garbage collection closes it
    monkeypatch.setattr(module, "_chunks", lambda *_: chunks)
    synthesis = SimpleNamespace(text="Hello.", language="en", markup="plain", output_format="wav")
    lease = SimpleNamespace(job=SimpleNamespace(synthesis=synthesis), report=report)
    with pytest.raises(LeaseLost):
        module.synthesis_run(lease, tmp_path)  # type: ignore[arg-type]
    assert events == ["closed"]
