"""`make bench`: the speed of the embedded engine, the latency of the API, and what it does under load.

`--json PATH` keeps the figures.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

MEASUREMENTS = ("benchmarks.embedded_speed", "benchmarks.api_latency", "benchmarks.api_load")


def main() -> int:
    """Run each in a process of its own, so that none warms up or slows down the next."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", default="", help="where to write the figures")
    target = parser.parse_args().json
    figures: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        for module in MEASUREMENTS:
            path = Path(folder) / f"{module}.json"
            done = subprocess.run([sys.executable, "-m", module, "--json", str(path)], check=False)
            if done.returncode != 0:
                return done.returncode
            figures[module.removeprefix("benchmarks.")] = json.loads(path.read_text())
    if target:
        Path(target).write_text(json.dumps(figures, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
