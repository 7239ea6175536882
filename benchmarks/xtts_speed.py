"""XTTS beside Coqui's own inference, in one run: `make bench-xtts`, or

    python -m benchmarks.xtts_speed [--device cpu|cuda] [--quick] [--minutes N] [--json PATH]

Random weights of the published size, made once (1.9 GB). Coqui's code and ours, in float32 and in bfloat16, speak the
same sentences in the same voice, each sentence at a fixed number of tokens. Each has a process of its own, and they
take turns, so that an hour in which the machine is slow is slow for all. Some 15 minutes on two cores; after 60,
or `--minutes`, it gives up. A CPU that only emulates bfloat16 is measured in float32 alone.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from benchmarks.xtts_floor import floor, machine_name
from benchmarks.xtts_process import Process, tell
from benchmarks.xtts_workload import LANGUAGE, full_size_checkpoint, text_of
from voice.engines.xtts.checkpoint import Checkpoint
from voice.engines.xtts.device import cpu_slowdown
from voice.engines.xtts.runtime import SLOTS, SLOWDOWN_TOLD
from voice.engines.xtts.sentences import TextTokenizer, sentences_of

PRECISIONS = ("float32", "bfloat16")
ROUNDS = 5
Figures = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Extent:
    """The amount of speech. `requests`: texts of 200 to 380 characters, all asked for at once."""

    characters: int
    coqui_sentences: int
    streams: int
    requests: int


QUICK = Extent(characters=1000, coqui_sentences=3, streams=4, requests=4)
FULL = {
    "cpu": Extent(characters=5000, coqui_sentences=3, streams=16, requests=10),
    "cuda": Extent(characters=5000, coqui_sentences=8, streams=16, requests=256),
}


def precisions_measured(device: str) -> tuple[str, ...]:
    """The precisions that the device computes in. One that it only emulates takes hours, and says nothing."""
    slowdown = cpu_slowdown(torch.bfloat16) if device == "cpu" else 1.0
    if slowdown < SLOWDOWN_TOLD:
        return PRECISIONS
    tell(f"bfloat16 is left out: this CPU emulates it, {slowdown:.0f} times as slowly as float32")
    return PRECISIONS[:1]


def measure(
    extent: Extent, *, device: str, folder: Path, precisions: Sequence[str] = PRECISIONS, end_s: float
) -> dict[str, Figures]:
    """The figures of each side and of the machine. `folder`: the checkpoint, as `download_xtts` leaves it.

    Raises TimeoutError at `end_s` by `time.monotonic`.
    """
    tell(f"the limits of the machine, in {' and '.join(precisions)}")
    checkpoint = Checkpoint.open(folder)
    sentences = sentences_of(text_of(extent.characters), LANGUAGE, TextTokenizer(checkpoint))
    floors = {
        f"floor {precision}": floor(checkpoint.shape, device, getattr(torch, precision), batch=SLOTS[device])
        for precision in precisions
    }
    where = ("--checkpoint", str(folder), "--device", device)
    with ExitStack() as stack:
        coqui = stack.enter_context(Process("Coqui", "benchmarks.xtts_coqui", *where, end_s=end_s))
        ours = {
            precision: stack.enter_context(
                Process(precision, "benchmarks.xtts_ours", *where, "--precision", precision, end_s=end_s)
            )
            for precision in precisions
        }
        for side in (coqui, *ours.values()):  # one after the other: none loads while another is measured
            side.ask("memory")
        return {**floors, **compare(coqui, ours, extent, [one.text for one in sentences])}


def compare(coqui: Process, ours: Mapping[str, Process], extent: Extent, found: Sequence[str]) -> dict[str, Figures]:
    """The figures of each side, which take turns. `found`: the text's sentences, of which Coqui's code speaks some."""
    coqui.ask("short")
    for side in ours.values():
        side.ask("prepare", characters=extent.characters)
    sides = {"coqui": coqui, **ours}
    short: dict[str, list[Figures]] = {name: [] for name in sides}
    first: dict[str, list[Figures]] = {name: [] for name in sides}
    for _ in range(ROUNDS):
        for name, side in sides.items():
            short[name].append(side.ask("short"))
    for _ in range(ROUNDS // 2):
        first["coqui"].append(coqui.ask("stream", sentence=found[0]))
        for name, side in ours.items():
            first[name].append(side.ask("stream", characters=extent.characters))
    text = spoken_in_turns(coqui, ours, extent, found)
    best = [*ours][-1]
    figures: dict[str, dict[str, Any]] = {
        name: {
            "short": min(short[name], key=lambda run: run["work_s"]),
            "stream": min(first[name], key=lambda run: run["first_p50_s"]),
            "text": text[name],
            **side.ask("load"),
        }
        for name, side in sides.items()
    }
    figures[best]["streams"] = ours[best].ask("streams", characters=extent.characters, count=extent.streams)
    figures[best]["requests"] = ours[best].ask("requests", count=extent.requests)
    for name, side in sides.items():
        figures[name] |= side.ask("memory")
    return figures


def spoken_in_turns(
    coqui: Process, ours: Mapping[str, Process], extent: Extent, found: Sequence[str]
) -> dict[str, Figures]:
    """The long text: Coqui's sentences before, between and after ours, which are spoken all at once."""
    sample = found[:: max(1, len(found) // extent.coqui_sentences)][: extent.coqui_sentences]
    cuts = [round(i * len(sample) / (len(ours) + 1)) for i in range(len(ours) + 2)]
    runs = [coqui.ask("text", sentences=sample[: cuts[1]])]
    text: dict[str, Figures] = {}
    for (name, side), start, stop in zip(ours.items(), cuts[1:-1], cuts[2:], strict=True):
        text[name] = {**side.ask("text", characters=extent.characters), "sentences": len(found)}
        runs.append(coqui.ask("text", sentences=sample[start:stop]))
    total = {figure: sum(run[figure] for run in runs) for figure in ("audio_s", "work_s")}
    text["coqui"] = {**total, "sentences": len(sample)}
    return text


def factor(run: Figures) -> float:
    """Seconds of work for a second of audio."""
    return float(run["work_s"] / run["audio_s"])


def spoken_in(figures: Mapping[str, Figures]) -> list[str]:
    """The precisions that were measured, the fastest last."""
    return [precision for precision in PRECISIONS if precision in figures]


def compared(figures: Mapping[str, Figures], name: str) -> list[str]:
    """Coqui's real-time factor, then ours and how many times less they are."""
    coqui = factor(figures["coqui"][name])
    ours = [factor(figures[precision][name]) for precision in spoken_in(figures)]
    return [f"{coqui:.3f}", *(f"{one:.3f}  ({coqui / one:.1f} x)" for one in ours)]


def ratios(figures: Mapping[str, Figures]) -> dict[str, Figures]:
    """The factor by which our time is shorter than that of Coqui's code."""
    return {
        f"ratio {precision}": {
            name: factor(figures["coqui"][name]) / factor(figures[precision][name]) for name in ("text", "short")
        }
        for precision in spoken_in(figures)
    }


def rows(figures: Mapping[str, Figures], extent: Extent) -> list[Sequence[str]]:
    """The table: what, Coqui, ours in each precision that was measured."""
    precisions = spoken_in(figures)
    coqui, ours = figures["coqui"], figures[precisions[-1]]
    sides = [coqui, *(figures[precision] for precision in precisions)]
    blank = [""] * len(precisions[1:])
    spoken = f"{extent.characters:,} characters, real-time factor"
    sampled = f"{spoken} (Coqui: {coqui['text']['sentences']} of {ours['text']['sentences']} sentences)"
    many, requests = ours["streams"], ours["requests"]
    throughput = requests["audio_s"] / requests["work_s"]
    per_s = coqui["text"]["audio_s"] / coqui["text"]["work_s"]
    floors = [figures[f"floor {precision}"] for precision in precisions]
    return [
        [sampled, *compared(figures, "text")],
        ["one short sentence alone, real-time factor", *compared(figures, "short")],
        ["first sound of one stream, s", *(f"{side['stream']['first_p50_s']:.2f}" for side in sides)],
        [
            f"first sound of {many['count']} streams at once, p50 / p95, s",
            "",
            *blank,
            f"{many['first_p50_s']:.2f} / {many['first_p95_s']:.2f}",
        ],
        [
            "of these had to wait later; longest in all, s",
            "",
            *blank,
            f"{many['starved']} of {many['count']}; {many['waited_worst_s']:.1f}",
        ],
        [
            f"{extent.requests} requests at once, audio s per s",
            f"{per_s:.2f}",
            *blank,
            f"{throughput:.2f}  ({throughput / per_s:.1f} x)",
        ],
        ["memory at the end, MB", *(f"{side['resident_mb']:.0f}" for side in sides)],
        ["peak memory, while loading, MB", *(f"{side['peak_mb']:.0f}" for side in sides)],
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
    parser.add_argument("--minutes", type=float, default=60.0, help="after so many it gives up (default: 60)")
    arguments = parser.parse_args()
    extent = QUICK if arguments.quick else FULL[arguments.device]
    machine = machine_name(arguments.device)
    end_s = time.monotonic() + 60 * arguments.minutes
    precisions = precisions_measured(arguments.device)
    tell("the checkpoint: 1.9 GB of random weights, made once")
    folder = full_size_checkpoint()
    try:
        figures = measure(extent, device=arguments.device, folder=folder, precisions=precisions, end_s=end_s)
    except TimeoutError as error:
        sys.exit(f"Not done after {arguments.minutes:g} minutes, at {error}. Try --quick, or more --minutes.")
    ours = [f"ours, {precision}" for precision in precisions]
    table = Table("", "Coqui, float32", *ours, title=f"XTTS v2 on {machine}")
    for row in rows(figures, extent):
        table.add_row(*row)
    Console(width=140).print(table)
    if arguments.json:
        written = {"machine": machine, **figures, **ratios(figures)}
        Path(arguments.json).write_text(json.dumps(written, indent=1) + "\n")


if __name__ == "__main__":
    main()
