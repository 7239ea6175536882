"""`make chaos`: run rows of docs/RELIABILITY.md and print what was measured. Exit status 0 only if nothing was lost.

python -m chaos --jobs 60 --seed 1 --rows R1,R3 --size production --json chaos.json
"""

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from chaos.lab import LEASE_S, Lab, RowResult, Scale
from chaos.rows import full_disk, kills, outages, requests, stops, throughput
from local.client import ApiRefused
from local.demo_voice import demo_recording
from tests.rig.processes import NotInTime

Row = Callable[[Lab], RowResult]
SMALL: dict[str, Row] = {"R1": kills.r1_small}
PRODUCTION: dict[str, Row] = {
    "R1": kills.r1_production,
    "R2": outages.r2,
    "R3": kills.r3,
    "R4": stops.r4,
    "R5": requests.r5,
    "R6": stops.r6,
    "R7": full_disk.r7,
    "R8": requests.r8,
    "R9": throughput.r9,
    "R10": requests.r10,
}
SIZES = {"small": [SMALL], "production": [PRODUCTION], "both": [SMALL, PRODUCTION]}
DEFAULT_JOBS = 60
MOST_SHOWN = 5


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns the exit status: 0, 1 where a row failed, 130 after Ctrl-C."""
    options = _options(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever stops us, our servers are ended
    console = Console()
    folder = Path(tempfile.mkdtemp(prefix="podstream-chaos-"))
    results: list[RowResult] = []
    is_worth_keeping = True
    try:
        with console.status("") as status:
            lab = _lab(folder, options, say=status.update)
            for row in _rows(options):
                results.append(_measure(row, lab))
                _tell(console, results[-1])
        is_worth_keeping = any(result.failures for result in results)
    except KeyboardInterrupt:
        is_worth_keeping = False
        console.print("Stopped; all servers are ended.")
        return 130
    finally:
        if is_worth_keeping:
            console.print(f"Logs of all servers are kept in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    if options.json:
        _write(Path(options.json), options, results)
    console.print(_summary(results))
    return 1 if is_worth_keeping else 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__.split("\n")[0])
    parser.add_argument("--rows", default="", help="such as R1,R3; all of them unless given")
    parser.add_argument("--jobs", type=int, default=DEFAULT_JOBS, help="the scale; 1000 is the long run")
    parser.add_argument("--seed", type=int, default=1, help="what is killed, and when")
    parser.add_argument("--size", choices=sorted(SIZES), default="both", help="of the stacks")
    parser.add_argument("--lease-s", type=float, default=LEASE_S, help="JOB_LEASE_S, the product's unless given")
    parser.add_argument("--json", default="", help="where to write the figures")
    options = parser.parse_args(arguments)
    options.rows = [name.strip().upper() for name in options.rows.split(",") if name.strip()] or list(PRODUCTION)
    if unknown := set(options.rows) - set(PRODUCTION):
        parser.error(f"there is no row {', '.join(sorted(unknown))}; there are {', '.join(PRODUCTION)}")
    if options.jobs < 1:
        parser.error("--jobs must be at least 1")
    if not _rows(options):
        parser.error(f"the size {options.size} has none of these rows; R1 has both")
    return options


def _rows(options: argparse.Namespace) -> list[Row]:
    return [rows[name] for name in options.rows for rows in SIZES[options.size] if name in rows]


def _lab(folder: Path, options: argparse.Namespace, *, say: Callable[[str], None]) -> Lab:
    say("a recording")
    recording = folder / "recording.wav"
    demo_recording(recording)
    return Lab(
        folder=folder,
        scale=Scale(options.jobs),
        seed=options.seed,
        recording=recording,
        say=say,
        lease_s=options.lease_s,
    )


def _measure(row: Row, lab: Lab) -> RowResult:
    started = time.monotonic()
    try:
        result = row(lab)
    except (NotInTime, ApiRefused, httpx.TransportError) as error:  # the product owes what the rig waited for
        result = RowResult(row.__name__.split("_")[0].upper(), "broken off", failures=[str(error)])
    result.figures["took_s"] = round(time.monotonic() - started, 1)
    return result


def _tell(console: Console, result: RowResult) -> None:
    word = "[green]passed[/]" if result.has_passed else "[yellow]not measured[/]"
    if result.failures:
        word = "[red]failed[/]"
    console.print(f"{result.row:4}{result.what}: {word} in {result.figures['took_s']} s", highlight=False)
    for failure in result.failures[:MOST_SHOWN]:
        console.print(f"    {failure}", highlight=False, markup=False)
    if len(result.failures) > MOST_SHOWN:
        console.print(f"    and {len(result.failures) - MOST_SHOWN} more")


def _summary(results: list[RowResult]) -> Table:
    table = Table("row", "what", "measured", title="Chaos")
    for result in results:
        figures = ", ".join(f"{name} {_short(value)}" for name, value in result.figures.items())
        table.add_row(result.row, result.what, result.not_measured or figures)
    return table


def _short(value: object) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name}:{each}" for name, each in value.items())
    return str(value)


def _write(path: Path, options: argparse.Namespace, results: list[RowResult]) -> None:
    found = {
        "jobs": options.jobs,
        "seed": options.seed,
        "lease_s": options.lease_s,
        "cores": len(os.sched_getaffinity(0)),
        "rows": [asdict(result) for result in results],
    }
    path.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
