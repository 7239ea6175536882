"""One stack under load, and all that is known of it: who was promised what, and what its jobs went through."""

import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from chaos.client import Podcaster
from chaos.job_watch import AWAY, JobWatch
from chaos.ledger import Ledger
from tests.rig.processes import ROOT, NotInTime, wait_until
from tests.rig.stacks import Stack

PODCASTERS = 2
SUBMITTERS = 4
SENTENCE = "The quick brown fox jumps over the lazy dog while the rain falls on the roof of the old house. "
FORMATS = ("mp3", "wav", "flac", "ogg")
AUDIT_TIMEOUT_S = 600.0


@dataclass(slots=True)
class Verdict:
    """The findings of the audit, and the figures of the ledger."""

    findings: list[str]
    figures: dict[str, object]
    attempts: dict[str, int] = field(default_factory=dict)


class Trial:
    """A context manager: the stack runs within it."""

    def __init__(self, stack: Stack, *, recording: Path, rng: random.Random, say: Callable[[str], None]) -> None:
        self.stack = stack
        self.rng = rng
        self.say = say
        self.ledger = Ledger()
        self._recording = recording
        self._podcasters: list[Podcaster] = []

    def __enter__(self) -> "Trial":
        self.say("starting")
        self.stack.__enter__()
        self.watch = JobWatch(self.stack.database_url)
        try:
            self.watch.start()
            for _ in range(PODCASTERS):
                podcaster = Podcaster(self.stack.url, self.ledger)
                self._podcasters.append(podcaster)
                podcaster.register()
                podcaster.clone_voice(self._recording)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.say("stopping")
        self.watch.stop()
        for podcaster in self._podcasters:
            podcaster.http.close()
        self.stack.__exit__()

    def podcaster(self, number: int) -> Podcaster:
        """One of the accounts, in turn."""
        return self._podcasters[number % PODCASTERS]

    def text(self, number: int) -> str:
        """One sentence mostly, sometimes a dozen: so kills meet jobs at every point."""
        return f"This is text number {number}. " + SENTENCE * (12 if number % 5 == 0 else 1)

    def speak(self, number: int, **wish: str) -> str | None:
        """Ask for text `number` in one of four formats."""
        text = wish.pop("text", self.text(number))
        return self.podcaster(number).speak(text, output_format=wish.pop("output_format", FORMATS[number % 4]))

    def speak_all(self, numbers: Iterable[int], **wish: str) -> list[str]:
        """Ask for many texts at once; the ids of those that were accepted."""
        with ThreadPoolExecutor(SUBMITTERS) as pool:
            found = list(pool.map(lambda number: self.speak(number, **wish), numbers))
        return [id for id in found if id is not None]

    def wait_for_voices(self) -> None:
        """Wait until speech does not wait for a voice."""
        models = {promise.id for promise in self.ledger.promises}
        wait_until(lambda: self.unfinished() == 0, what=f"{len(models)} recordings and voices", timeout_s=180)

    def drain(self, *, timeout_s: float) -> None:
        """Wait until every job has ended. The audit names those that have not."""
        self.say("waiting for the last job")
        try:
            wait_until(lambda: self.unfinished() == 0, what="the last job", timeout_s=timeout_s)
        except NotInTime:
            self.say("some jobs have not ended")

    def judge(self, *, timeout_s: float) -> Verdict:
        """Wait for the last job, then compare what was promised with what is there."""
        self.drain(timeout_s=timeout_s)
        self.watch.look()
        self.say("auditing")
        path = self.stack.folder / "ledger.json"
        self.ledger.save(path)
        command = [sys.executable, "-m", "chaos.audit", str(path)]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=self.stack.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=AUDIT_TIMEOUT_S,
        )
        if done.returncode not in (0, 1) or not done.stdout.startswith("{"):
            raise RuntimeError(f"the audit broke:\n{done.stderr}")
        return self._verdict(json.loads(done.stdout))

    def unfinished(self) -> int:
        """The number of jobs that have not ended; -1 while the database is away."""
        try:
            return self.watch.unfinished()
        except AWAY:
            return -1

    def _verdict(self, audit: dict[str, object]) -> Verdict:
        findings, attempts = audit["findings"], audit["attempts"]
        assert isinstance(findings, list)
        assert isinstance(attempts, dict)
        unfair = [f"a user got {each.status} {each.code} ({each.what})" for each in self.ledger.unfair()]
        figures = {
            "acknowledged": audit["promised"],
            "ended": audit["ended"],
            "answers": self.ledger.statuses(),
            "uncertain": self.ledger.uncertain,
            "attempts": sum(attempts.values()),
            "leftovers_cleaned": audit["leftovers"],
        }
        return Verdict(findings + unfair, figures, attempts)
