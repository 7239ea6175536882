"""Damaged recordings, uploaded by the thousand: what the API answers, and what that costs.

    python -m benchmarks.mutated_uploads [--uploads 10000] [--processes 2] [--first-seed 0] [--json PATH]

Every seed takes one of the odd recordings of tests/audio, of each format in turn, and changes, cuts or repeats some of
its bytes. Each process is a whole product of its own: the API, with the sandbox that decodes, and a worker that
prepares every tenth recording that was accepted. It exits with 1 for any answer of 5xx, any process that died, any
child that touched the filter of its system calls, and for more than 512 MB in one process.
"""

import argparse
import itertools
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, fields
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.rig.stacks import stack_environment

MOST_MEGABYTES = 512
_PREPARED_SHARE = 10


@dataclass(slots=True)
class Outcome:
    """What happened to the uploads of one process. `codes`: the answers, `accepted` for a 201.

    `jobs`: how the jobs ended, by state and code. `megabytes`: the most that this process, and that a decoder, had.
    """

    codes: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    jobs: Counter[str] = field(default_factory=Counter)
    alarms: int = 0
    megabytes: dict[str, int] = field(default_factory=dict)

    def add(self, other: "Outcome") -> None:
        """Count the other's as well."""
        self.codes += other.codes
        self.statuses += other.statuses
        self.jobs += other.jobs
        self.alarms += other.alarms
        self.megabytes = {key: max(self.megabytes.get(key, 0), value) for key, value in other.megabytes.items()}

    @property
    def faults(self) -> list[str]:
        """What must not be."""
        errors = sum(count for status, count in self.statuses.items() if status >= 500)
        found = {"answers of 5xx": errors, "calls that the sandbox forbids": self.alarms}
        found |= {name: count for name, count in self.jobs.items() if "internal_error" in name}
        found |= {f"MB of {name}": size for name, size in self.megabytes.items() if size > MOST_MEGABYTES}
        return [f"{count} {name}" for name, count in found.items() if count]


class Uploader:
    """A user of an installation of its own, in this process."""

    def __init__(self, folder: Path) -> None:
        os.environ.clear()
        os.environ.update(stack_environment(folder / "var", ALLOWED_HOSTS="testserver", LOG_LEVEL="ERROR"))
        os.environ["DJANGO_SETTINGS_MODULE"] = "podstream.settings"
        import django

        django.setup()
        from django.conf import settings
        from django.core.management import call_command
        from django.test import Client

        from local.local_redis import ensure_redis

        ensure_redis(settings.VAR_DIR)
        call_command("migrate", verbosity=0)
        self._client = Client(raise_request_exception=False)
        account = {"username": "ada", "password": "a sentence nobody guesses"}
        answer = self._client.post("/api/auth/register", account, content_type="application/json")
        self._headers = {"Authorization": f"Bearer {answer.json()['access']}"}
        self.outcome = Outcome()

    def upload(self, data: bytes) -> None:
        """Upload it; prepare or delete what was accepted."""
        from django.core.files.uploadedfile import SimpleUploadedFile

        form = {"audio": SimpleUploadedFile("recording", data)}
        answer = self._client.post("/api/voice/upload", form, headers=self._headers)
        self.outcome.statuses[answer.status_code] += 1
        if answer.status_code != 201:
            self.outcome.codes[answer.json()["code"]] += 1
            return
        self.outcome.codes["accepted"] += 1
        path = f"/api/voice/samples/{answer.json()['sample']['id']}"
        if self.outcome.codes["accepted"] % _PREPARED_SHARE == 0:
            self._prepare(path)
        self.outcome.statuses[self._client.delete(path, headers=self._headers).status_code] += 1

    def _prepare(self, path: str) -> None:
        from voice.jobs.run import job_run_next

        job_run_next(kind="preprocess")
        sample = self._client.get(path, headers=self._headers).json()["sample"]
        self.outcome.jobs[f"{sample['status']} {(sample['error'] or {}).get('code', '')}".strip()] += 1


def upload_all(recordings: Path, seeds: range) -> Outcome:
    """In a process of its own: upload a mutation for every seed."""
    import logging

    from tests.media import mutated

    paths = sorted(recordings.iterdir())
    with tempfile.TemporaryDirectory(prefix="podstream-mutated-", ignore_cleanup_errors=True) as folder:
        uploader = Uploader(Path(folder))
        alarms = logging.getLogger("voice.audio.upload_sandbox")
        alarms.setLevel(logging.WARNING)
        alarms.addFilter(lambda record: _count(uploader.outcome, record))
        for seed in seeds:
            uploader.upload(mutated(paths[seed % len(paths)].read_bytes(), seed))
        for name, whose in (("the server and worker", resource.RUSAGE_SELF), ("a decoder", resource.RUSAGE_CHILDREN)):
            uploader.outcome.megabytes[name] = resource.getrusage(whose).ru_maxrss // 1024
        return uploader.outcome


def _count(outcome: Outcome, _: object) -> bool:
    outcome.alarms += 1
    return True


def write_recordings(folder: Path) -> None:
    """The odd recordings as files, those of one format far apart, so that every few seeds meet all of them."""
    from tests.audio.odd import odd_recordings

    by_format: dict[str, list[bytes]] = {}
    for _, odd in odd_recordings():
        by_format.setdefault(odd.format, []).append(odd.make())
    in_turn = (data for row in itertools.zip_longest(*by_format.values()) for data in row if data is not None)
    for number, data in enumerate(in_turn):
        (folder / f"{number:04}").write_bytes(data)


def parts(first: int, count: int, processes: int) -> Iterator[range]:
    """The seeds of each process."""
    for index in range(processes):
        yield range(first + index, first + count, processes)


def measure(first: int, count: int, processes: int) -> tuple[Outcome, int]:
    """The outcome of all, and how many processes died."""
    total, died = Outcome(), 0
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="podstream-odd-") as folder:
        writer = context.Process(target=write_recordings, args=(Path(folder),))  # which takes its memory along
        writer.start()
        writer.join()
        pools = [ProcessPoolExecutor(1, mp_context=context) for _ in range(processes)]
        seeds = parts(first, count, processes)
        running = [pool.submit(upload_all, Path(folder), part) for pool, part in zip(pools, seeds, strict=True)]
        for future, pool in zip(running, pools, strict=True):
            error = future.exception()
            if error is None:
                total.add(future.result())
            else:
                died += 1
                print(f"A process died: {error!r}", file=sys.stderr)
            pool.shutdown()
    return total, died


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--uploads", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    wish = parser.parse_args()
    started = time.monotonic()
    total, died = measure(wish.first_seed, wish.uploads, wish.processes)
    took_s = time.monotonic() - started
    table = Table("Answer", "Uploads")
    for code, count in total.codes.most_common():
        table.add_row(code, str(count))
    Console().print(table)
    faults = [*total.faults, *([f"{died} processes that died"] if died else [])]
    print(f"{sum(total.codes.values())} uploads in {took_s:.0f} s; jobs: {dict(total.jobs)}; MB: {total.megabytes}")
    print("Faults: " + ("; ".join(faults) or "none"))
    if wish.json:
        counted = {each.name: getattr(total, each.name) for each in fields(total)}
        figures = {**counted, "died": died, "took_s": round(took_s)}
        wish.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
