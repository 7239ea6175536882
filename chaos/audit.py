"""The end of the account: compares promises with rows, jobs and files. Exit status 1 where something is lost.

`python -m chaos.audit LEDGER` runs in the environment of the stack that it judges, after the load has ended, and
writes what it found as JSON to stdout. First `cleanup_orphans` does its work: what a kill leaves half-written is its.
"""

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import django
import soundfile

from chaos.ledger import Expected, Promise, load

if __name__ == "__main__":  # before anything of Django's is imported
    os.environ["DJANGO_SETTINGS_MODULE"] = "podstream.settings"
    os.environ["ORPHAN_GRACE_S"] = "0"
    django.setup()

from voice.jobs.kind import Kind, kinds, kinds_by_storage
from voice.models import Job
from voice.models.lifecycle import JOB_TERMINAL
from voice.services.cleanup import orphans_cleanup
from voice.storage import output_storage
from voice.storage.base import VoiceStorage

DURATION_TOLERANCE_S = 0.1
BLOCK_FRAMES = 65_536


@dataclass(slots=True)
class Audit:
    """`findings` name what is lost, doubled or broken, a sentence each; without any, all is well."""

    findings: list[str] = field(default_factory=list)
    promised: int = 0
    ended: dict[str, int] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)
    leftovers: int = 0


def audit(promises: Sequence[Promise], *, uncertain: int) -> Audit:
    """Look through everything. `uncertain`: requests that may have been done without their client knowing."""
    found = Audit(promised=len(promises))
    found.leftovers = orphans_cleanup().orphans
    found.findings += _strangers(promises, uncertain)
    found.findings += _unfinished()
    states: Counter[str] = Counter()
    for promise in promises:
        found.findings += _broken_promise(promise, found, states)
    for storage, sharing in kinds_by_storage().items():
        found.findings += _files(storage, sharing)
    found.ended = dict(sorted(states.items()))
    return found


def _look_up(promise: Promise) -> tuple[Any, Job | None]:
    """The row that was promised and its job, as far as they are there. Ids are UUIDs: no two kinds share one."""
    for kind in kinds():
        row = kind.rows.filter(pk=promise.id).first()
        if row is not None:
            return row, Job.objects.filter(**{kind.link: row}).first()
    return None, None


def _broken_promise(promise: Promise, found: Audit, states: Counter[str]) -> Iterator[str]:
    row, job = _look_up(promise)
    what = f"{promise.what} {promise.id}"
    if job is None:
        states["lost" if row is None else "without job"] += 1
        yield f"{what} was acknowledged and {'is gone' if row is None else 'has no job'}"
        return
    states[f"{job.state} {row.error_code}".strip()] += 1
    found.attempts[promise.id] = job.attempt
    end = f"{row.status} (job {job.state}, attempt {job.attempt}, {row.error_code or 'no error'})"
    match promise.expected:
        case Expected.COMPLETED if job.state != "completed" or row.status not in ("completed", "ready"):
            yield f"{what} was acknowledged and ended as {end}"
        case Expected.WORKER_LOST if row.error_code != "worker_lost" or row.status != "failed":
            yield f"{what} kills its workers and ended as {end}"
        case Expected.WITH_REASON if not (job.state == "completed" or _has_reason(row)):
            yield f"{what} has neither result nor reason: {end}"


def _has_reason(row: Any) -> bool:
    return row.status == "failed" and row.error_code not in ("", "internal_error")


def _strangers(promises: Sequence[Promise], uncertain: int) -> Iterator[str]:
    """Rows that nobody was promised: work that was done twice for one request."""
    known = {promise.id for promise in promises}
    for kind in kinds():
        rows = {str(pk) for pk in kind.rows.values_list("pk", flat=True)}
        strangers = sorted(rows - known)
        if len(strangers) > uncertain:
            named = ", ".join(strangers[:5])
            yield f"{len(strangers)} rows of {kind.model._meta.db_table} were promised to nobody: {named}"


def _unfinished() -> Iterator[str]:
    for job in Job.objects.exclude(state__in=JOB_TERMINAL):
        yield f"job {job.pk} ({job.kind}) has not ended: {job.state}, attempt {job.attempt}"


def _files(storage: VoiceStorage, sharing: Sequence[Kind]) -> Iterator[str]:
    """Rows without their file, files without a row or beside another, and speech that cannot be played."""
    stored = {entry.name: entry.size_bytes for entry in storage.entries()}
    named: set[str] = set()
    for kind in sharing:
        named |= {name for row in kind.rows.values_list(*kind.file_fields) for name in row if name}
        for row in kind.rows.filter(status=kind.done):
            name = getattr(row, kind.main_file)
            if name not in stored:
                yield f"{row._meta.model_name} {row.pk} has lost its file {name}"
            elif kind.link == "synthesis":
                yield from _unplayable(row, name, stored[name])
    for name in sorted(set(stored) - named):
        yield f"file {name} belongs to no row"


def _unplayable(synthesis: Any, name: str, size_bytes: int) -> Iterator[str]:
    if size_bytes != synthesis.size_bytes:
        yield f"synthesis {synthesis.pk} has {size_bytes} bytes instead of {synthesis.size_bytes}"
        return
    try:
        with output_storage().open(name) as f, soundfile.SoundFile(f) as sound:
            frames = sum(len(block) for block in sound.blocks(BLOCK_FRAMES))
            duration_s = frames / sound.samplerate
    except soundfile.LibsndfileError as error:
        yield f"synthesis {synthesis.pk} cannot be played: {error}"
        return
    if abs(duration_s - synthesis.duration_s) > DURATION_TOLERANCE_S:
        yield f"synthesis {synthesis.pk} lasts {duration_s:.2f} s instead of {synthesis.duration_s:.2f} s"


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("ledger", type=Path)
    promises, uncertain = load(parser.parse_args().ledger)
    found = audit(promises, uncertain=uncertain)
    sys.stdout.write(json.dumps(asdict(found)) + "\n")
    return 1 if found.findings else 0


if __name__ == "__main__":
    sys.exit(main())
