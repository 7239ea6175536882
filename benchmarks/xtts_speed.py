"""XTTS beside Coqui's own inference, in one run: `make bench-xtts`, or

    python -m benchmarks.xtts_speed [--device cpu|cuda] [--quick] [--json PATH]

Random weights of the published size, made once (1.9 GB). Both sides speak the same sentences in the same voice, each
sentence at a fixed number of tokens, in processes of their own, one after the other. Some 12 minutes on two cores.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from benchmarks.xtts_floor import floor
from benchmarks.xtts_workload import LANGUAGE, full_size_checkpoint, text_of
from voice.engines.xtts.checkpoint import Checkpoint
from voice.engines.xtts.runtime import SLOTS
from voice.engines.xtts.sentences import sentences_of
from voice.engines.xtts.tokens import TextTokenizer

PRECISIONS = ("float32", "bfloat16")
Figures = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is spoken. `requests`: texts of 200 to 380 characters, all asked for at once."""

    characters: int
    coqui_sentences: int
    streams: int
    requests: int


QUICK = Extent(characters=1000, coqui_sentences=1, streams=4, requests=4)
FULL = {
    "cpu": Extent(characters=5000, coqui_sentences=3, streams=16, requests=10),
    "cuda": Extent(characters=5000, coqui_sentences=8, streams=16, requests=256),
}


def run_side(module: str, *options: str, wishes: object = None) -> Figures:
    """Run one side in a process of its own and return its figures."""
    done = subprocess.run(
        [sys.executable, "-m", module, *options],
        input=json.dumps(wishes),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def measure(extent: Extent, *, device: str) -> dict[str, Figures]:
    """The figures of each side and of the machine."""
    folder = full_size_checkpoint()
    checkpoint = Checkpoint.open(folder)
    found = sentences_of(text_of(extent.characters), LANGUAGE, TextTokenizer(checkpoint))
    sample = [sentence.text for sentence in found[:: max(1, len(found) // extent.coqui_sentences)]]
    where = ("--checkpoint", str(folder), "--device", device)
    figures = {
        f"floor {precision}": floor(checkpoint.shape, device, getattr(torch, precision), batch=SLOTS[device])
        for precision in PRECISIONS
    }
    figures["coqui"] = run_side("benchmarks.xtts_coqui", *where, wishes=sample[: extent.coqui_sentences])
    for precision in PRECISIONS:
        options = ["--precision", precision, "--characters", str(extent.characters)]
        if precision == "bfloat16":
            options += ["--streams", str(extent.streams), "--requests", str(extent.requests)]
        figures[precision] = run_side("benchmarks.xtts_ours", *where, *options)
    return figures


def factor(run: Figures) -> float:
    """Seconds of work for a second of audio."""
    return float(run["work_s"] / run["audio_s"])


def compared(figures: Mapping[str, Figures], name: str) -> list[str]:
    """Coqui's real-time factor, then ours and how many times less they are."""
    coqui = factor(figures["coqui"][name])
    ours = [factor(figures[precision][name]) for precision in PRECISIONS]
    return [f"{coqui:.3f}", *(f"{one:.3f}  ({coqui / one:.1f} x)" for one in ours)]


def rows(figures: Mapping[str, Figures], extent: Extent) -> list[Sequence[str]]:
    """The table: what, Coqui, ours in float32, ours in bfloat16."""
    coqui, ours = figures["coqui"], figures["bfloat16"]
    sides = [coqui, *(figures[precision] for precision in PRECISIONS)]
    spoken = f"{extent.characters:,} characters, real-time factor"
    sampled = f"{spoken} (Coqui: {coqui['text']['sentences']} of {ours['text']['sentences']} sentences)"
    many, requests = ours["streams"], ours["requests"]
    throughput = requests["audio_s"] / requests["work_s"]
    per_s = coqui["text"]["audio_s"] / coqui["text"]["work_s"]
    floors = [figures[f"floor {precision}"] for precision in PRECISIONS]
    return [
        [sampled, *compared(figures, "text")],
        ["one short sentence alone, real-time factor", *compared(figures, "short")],
        ["first sound of one stream, s", *(f"{side['stream']['first_p50_s']:.2f}" for side in sides)],
        [
            f"first sound of {many['count']} streams at once, p50 / p95, s",
            "",
            "",
            f"{many['first_p50_s']:.2f} / {many['first_p95_s']:.2f}",
        ],
        [
            "of these had to wait later; longest in all, s",
            "",
            "",
            f"{many['starved']} of {many['count']}; {many['waited_worst_s']:.1f}",
        ],
        [
            f"{extent.requests} requests at once, audio s per s",
            f"{per_s:.2f}",
            "",
            f"{throughput:.2f}  ({throughput / per_s:.1f} x)",
        ],
        ["memory at the end, MB", *(f"{side['resident_mb']:.0f}" for side in sides)],
        ["peak memory, while loading, MB", *(f"{side['memory_mb']:.0f}" for side in sides)],
        ["to load, s", *(f"{side['load_s']:.1f}" for side in sides)],
        ["floor: weights read once per step, ms", "", *(f"{one['step_ms']:.1f}" for one in floors)],
        ["floor: vocoder, real-time factor", "", *(f"{one['vocoder_real_time_factor']:.3f}" for one in floors)],
        ["floor: full batch, real-time factor", "", *(f"{one['real_time_factor']:.3f}" for one in floors)],
        ["floor: one sentence alone", "", *(f"{one['real_time_factor_alone']:.3f}" for one in floors)],
    ]


def main() -> None:
    """Measure, print the table, and write the figures as JSON where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", default="", help="where to write the figures")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--quick", action="store_true", help="1,000 characters")
    arguments = parser.parse_args()
    extent = QUICK if arguments.quick else FULL[arguments.device]
    machine = torch.cuda.get_device_name() if arguments.device == "cuda" else f"{torch.get_num_threads()} threads"
    figures = measure(extent, device=arguments.device)
    table = Table("", "Coqui, float32", "ours, float32", "ours, bfloat16", title=f"XTTS v2 on {machine}")
    for row in rows(figures, extent):
        table.add_row(*row)
    Console(width=140).print(table)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps({"machine": machine, **figures}, indent=1) + "\n")


if __name__ == "__main__":
    main()
