"""The growth of a worker: resident memory over many syntheses of different lengths, on a tiny checkpoint.

    python -m benchmarks.xtts_memory [--syntheses 1000] [--json PATH]

The memory of a worker with weights of the published size is in the table of `benchmarks.xtts_speed`.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from benchmarks.xtts_ours import Side, resident_mb
from benchmarks.xtts_workload import text_of

AT_ONCE = 16
CHARACTERS = range(8, 38)


def growth(folder: Path, syntheses: int) -> list[dict[str, float]]:
    """Memory after each tenth of the syntheses. The first tenth warms up, and holds every length."""
    side = Side(folder, device="auto", precision="auto")
    texts = [text_of(CHARACTERS[number % len(CHARACTERS)]) for number in range(syntheses)]
    tenths: list[dict[str, float]] = []
    for start in range(0, syntheses, AT_ONCE):
        side.spoken_s([sentence for text in texts[start : start + AT_ONCE] for sentence in side.sentences(text)])
        done = min(start + AT_ONCE, syntheses)
        if done * 10 >= (len(tenths) + 1) * syntheses:
            tenths.append({"syntheses": done, "resident_mb": round(resident_mb(side.runtime.device), 1)})
    side.runtime.batcher.close()
    return tenths


def main() -> None:
    """Print the figures, and write them as JSON where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--syntheses", type=int, default=1000)
    parser.add_argument("--json", default="", help="where to write the figures")
    arguments = parser.parse_args()
    from tests.engines.xtts.random_checkpoint import make_checkpoint

    with tempfile.TemporaryDirectory() as folder:
        tenths = growth(make_checkpoint(Path(folder) / "tiny"), arguments.syntheses)
    for tenth in tenths:
        sys.stdout.write(f"{tenth['syntheses']:>6.0f} syntheses {tenth['resident_mb']:>8.1f} MB\n")
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(tenths, indent=1) + "\n")


if __name__ == "__main__":
    main()
