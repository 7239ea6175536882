"""The benchmark of XTTS on a tiny checkpoint: both sides in processes of their own, and the table that comes of it."""

import shutil
from pathlib import Path

import pytest

from benchmarks.xtts_speed import Extent, measure, ratios, rows
from voice.engines.xtts.checkpoint import convert_to_safetensors

EXTENT = Extent(characters=130, coqui_sentences=3, streams=2, requests=2)


@pytest.mark.timeout(600)
def test_the_sides_take_turns_and_end_in_a_table(tiny_checkpoint: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_checkpoint, tmp_path / "checkpoint")
    convert_to_safetensors(folder)
    figures = measure(EXTENT, device="cpu", folder=folder)
    spoken = [figures[side]["text"]["audio_s"] for side in ("float32", "bfloat16")]
    assert spoken[0] == spoken[1] == pytest.approx(EXTENT.characters / 15, rel=0.1)
    assert figures["coqui"]["text"]["sentences"] <= EXTENT.coqui_sentences
    assert figures["coqui"]["text"]["work_s"] > 0
    assert all(ratio > 0 for precision in ratios(figures).values() for ratio in precision.values())
    table = rows(figures, EXTENT)
    assert {len(row) for row in table} == {4}
    assert table[0][0].startswith("130 characters")
