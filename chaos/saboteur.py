"""Kills, in a seeded order."""

import random
from collections import Counter
from contextlib import suppress

import psutil

from chaos.job_watch import now_s
from tests.rig.processes import wait_until
from tests.rig.stacks import Stack, Victim

COMES_BACK_S = 60.0


class Saboteur:
    """Sends SIGKILL to web, workers and their children; remembers when.

    `ends` are the times after which no worker was left at all.
    """

    def __init__(self, stack: Stack, rng: random.Random) -> None:
        self._stack = stack
        self._rng = rng
        self.kills: list[tuple[float, Victim]] = []
        self.ends: list[float] = []

    def strike(self) -> Victim:
        """Kill one process, once a worker is up. The kind is drawn; where none of it lives, another is hit."""
        kinds = self._rng.sample(list(Victim), len(Victim))
        before = len(self.kills)
        wait_until(lambda: bool(self._stack.victims(Victim.CHILD)), what="a worker", timeout_s=COMES_BACK_S)

        def has_killed() -> bool:
            for kind in kinds:
                victims = self._stack.victims(kind)
                if victims and self._kill(self._rng.choice(victims), kind):
                    return True
            return False

        wait_until(has_killed, what="something that can be killed", timeout_s=COMES_BACK_S)
        return self.kills[before][1]

    def counts(self) -> dict[str, int]:
        """The number of kills of each kind."""
        return dict(sorted(Counter(kind.value for _, kind in self.kills).items()))

    def times_of_workers(self) -> list[float]:
        """The times at which a worker or its child was killed."""
        return [at for at, kind in self.kills if kind is not Victim.WEB]

    def _kill(self, victim: psutil.Process, kind: Victim) -> bool:
        with suppress(psutil.NoSuchProcess):
            victim.kill()
            self.kills.append((now_s(), kind))
            if kind is Victim.WORKER and self._stack.victims(kind) in ([], [victim]):
                self.ends.append(now_s())
            return True
        return False
