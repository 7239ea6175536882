"""R1: kill -9 at random points. R3: a job that kills its own worker."""

import time
from concurrent.futures import ThreadPoolExecutor

from chaos.lab import Lab, RowResult, limits_broken, row_result
from chaos.ledger import Expected
from chaos.poisoned_worker import POISON
from chaos.saboteur import Saboteur
from chaos.trial import SUBMITTERS, Trial

RECOVERY_S = 75.0
BETWEEN_KILLS_S = (0.5, 4.0)  # a worker needs some four seconds to be back
MANY_ATTEMPTS = {"JOB_MAX_ATTEMPTS": "50"}  # chance may kill one job three times; what then happens is R3's
SHORT_LEASE_S = 5.0


def r1_small(lab: Lab) -> RowResult:
    """Kills of the small size: SQLite, embedded Redis, its own supervisor."""
    with lab.small("r1-small", settings=MANY_ATTEMPTS) as trial:
        return _kills(lab, trial, "kill -9, small size", kills=lab.scale.kills_of_the_small_size)


def r1_production(lab: Lab) -> RowResult:
    """Kills of the production size: PostgreSQL, Redis, two workers."""
    with lab.production("r1-production", settings=MANY_ATTEMPTS) as trial:
        return _kills(lab, trial, "kill -9, production size", kills=lab.scale.kills)


def _kills(lab: Lab, trial: Trial, what: str, *, kills: int) -> RowResult:
    saboteur = Saboteur(trial.stack, trial.rng)
    jobs = lab.scale.jobs
    with ThreadPoolExecutor(SUBMITTERS) as pool:
        submitted = []
        for number in range(kills):
            trial.say(f"kill {number + 1} of {kills}")
            batch = range(jobs * number // kills, jobs * (number + 1) // kills)
            submitted += [pool.submit(trial.speak, job) for job in batch]
            time.sleep(trial.rng.uniform(*BETWEEN_KILLS_S))
            saboteur.strike()
        for future in submitted:
            future.result()
    verdict = trial.judge(timeout_s=lab.scale.drain_s)
    recoveries = trial.watch.recovery_s(saboteur.times_of_workers(), ends=saboteur.ends, lease_s=lab.lease_s)
    measured = {"recovery_s": max(recoveries, default=0.0)}
    figures = {"kills": saboteur.counts(), "interrupted": len(recoveries), **measured}
    return row_result("R1", what, verdict, figures=figures, failures=limits_broken(measured, recovery_s=RECOVERY_S))


def r3(lab: Lab) -> RowResult:
    """A job that kills each worker that takes it, and others beside it in the same worker."""
    lease = str(min(SHORT_LEASE_S, lab.lease_s))
    settings = {"JOB_LEASE_S": lease, "JOB_BACKOFF_S": "1"}
    with lab.production("r3", workers=1, concurrency=2, app="chaos.poisoned_worker", settings=settings) as trial:
        trial.wait_for_voices()
        trial.speak_all(range(lab.scale.neighbours // 2))
        poisoned = trial.podcaster(0).speak(POISON, expected=Expected.WORKER_LOST)
        neighbours = trial.speak_all(range(lab.scale.neighbours // 2, lab.scale.neighbours))
        verdict = trial.judge(timeout_s=lab.scale.drain_s)
    attempts = verdict.attempts.get(poisoned or "", 0)
    failures = [] if attempts == 3 else [f"the job that kills its worker had {attempts} attempts"]
    harmed = [id for id in neighbours if verdict.attempts.get(id) != 1]
    failures += [f"neighbour {id} had {verdict.attempts.get(id)} attempts" for id in harmed]
    figures: dict[str, object] = {"attempts_of_the_killer": attempts, "neighbours": lab.scale.neighbours}
    figures |= {"neighbours_harmed": len(harmed), "lease_s": float(lease)}
    return row_result("R3", "a job that kills its worker", verdict, figures=figures, failures=failures)
