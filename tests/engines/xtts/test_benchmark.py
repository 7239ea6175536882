"""The benchmark of XTTS on a tiny checkpoint: both sides in processes of their own, and the table that comes of it."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.xtts_process import Process
from benchmarks.xtts_speed import Extent, measure, precisions_measured, ratios, rows
from tests.engines.xtts.test_cpu_kinds import AVX2
from tests.rig.processes import ROOT
from voice.engines.xtts.checkpoint import convert_to_safetensors

EXTENT = Extent(characters=130, coqui_sentences=3, streams=2, requests=2)


@pytest.mark.timeout(600)
def test_the_sides_take_turns_and_end_in_a_table(tiny_checkpoint: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_checkpoint, tmp_path / "checkpoint")
    convert_to_safetensors(folder)
    precisions = precisions_measured("cpu")
    figures = measure(EXTENT, device="cpu", folder=folder, precisions=precisions, end_s=time.monotonic() + 500)
    spoken = [figures[side]["text"]["audio_s"] for side in precisions]
    assert len(set(spoken)) == 1
    assert spoken[0] == pytest.approx(EXTENT.characters / 15, rel=0.1)
    assert figures["coqui"]["text"]["sentences"] <= EXTENT.coqui_sentences
    assert figures["coqui"]["text"]["work_s"] > 0
    assert all(ratio > 0 for precision in ratios(figures).values() for ratio in precision.values())
    best = figures[precisions[-1]]  # it speaks the streams, too
    alone = {name: figure for name, figure in figures.items() if "bfloat16" not in name} | {"float32": best}
    both = {"bfloat16": best, "floor bfloat16": figures["floor float32"], **figures}
    assert [{len(row) for row in rows(sides, EXTENT)} for sides in (alone, both)] == [{3}, {4}]
    assert rows(figures, EXTENT)[0][0].startswith("130 characters")


def test_a_cpu_that_emulates_bfloat16_is_measured_without_it() -> None:
    """As an AMD EPYC of the third generation; a slower precision is asked for, and left out, within seconds."""
    code = "from benchmarks.xtts_speed import precisions_measured; print(precisions_measured('cpu'))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, **AVX2.environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "('float32',)\n"
    assert "bfloat16 is left out: this CPU emulates it" in done.stderr


def test_a_side_that_takes_too_long_is_ended(capfd: pytest.CaptureFixture[str]) -> None:
    code = "import time; time.sleep(600)"
    with (
        pytest.raises(TimeoutError, match="slow: text"),
        Process("slow", "timeit", code, end_s=time.monotonic()) as side,
    ):
        side.ask("text")
    assert "slow: text" in capfd.readouterr().err
