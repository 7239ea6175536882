"""R4: SIGTERM in mid-job. R6: a worker that sleeps past its lease."""

import signal
import subprocess
import time

import psutil

from chaos.job_watch import SeenJob, now_s
from chaos.lab import Lab, RowResult, limits_broken, production_stack, row_result
from chaos.trial import SENTENCE, Trial
from tests.rig.processes import signal_all, wait_until

EXIT_S = 30.0
PATIENCE_S = 120.0
SHORT_LEASE_S = 5.0
LONG_TEXT = SENTENCE * 50  # 4,800 characters: some five minutes of speech


def r4(lab: Lab) -> RowResult:
    """The only worker gets SIGTERM while it speaks, again and again."""
    exits: list[float] = []
    statuses: list[int] = []
    with lab.production("r4", workers=1, concurrency=2) as trial:
        trial.wait_for_voices()
        for number in range(lab.scale.stops):
            trial.say(f"SIGTERM {number + 1} of {lab.scale.stops}")
            if trial.watch.unfinished() < 2:
                trial.speak_all(range(2), text=LONG_TEXT)
            exit_s, status = _stop_in_mid_job(trial)
            exits.append(exit_s)
            statuses.append(status)
        verdict = trial.judge(timeout_s=lab.scale.drain_s)
    measured = {"slowest_exit_s": round(max(exits), 1)}
    failures = limits_broken(measured, slowest_exit_s=EXIT_S)
    failures += [f"the worker ended with status {status}" for status in sorted(set(statuses) - {0})]
    figures: dict[str, object] = {"stops": len(exits), **measured}
    figures["attempts_of_one_job"] = max(verdict.attempts.values(), default=0)
    return row_result("R4", "SIGTERM in mid-job", verdict, figures=figures, failures=failures)


def _stop_in_mid_job(trial: Trial) -> tuple[float, int]:
    (worker,) = production_stack(trial).workers
    wait_until(lambda: worker.is_running and worker.said(b" ready."), what="the worker", timeout_s=PATIENCE_S)
    process = worker.process
    born_at = psutil.Process(process.pid).create_time()
    wait_until(lambda: bool(_speaking(trial, since=born_at)), what="a job that speaks", timeout_s=PATIENCE_S)
    time.sleep(trial.rng.uniform(0.1, 1.5))
    started = time.monotonic()
    process.terminate()
    try:
        status = process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        status = process.wait()
    return time.monotonic() - started, status


def _speaking(trial: Trial, *, since: float = 0.0) -> list[SeenJob]:
    running = [job for job in trial.watch.jobs if job.state == "running" and job.phase == "speaking"]
    return [job for job in running if job.started_at > since]


def r6(lab: Lab) -> RowResult:
    """A worker is frozen until another has taken its job over, and wakes while that one works."""
    lease_s = min(SHORT_LEASE_S, lab.lease_s)
    with lab.production("r6", workers=1, settings={"JOB_LEASE_S": str(lease_s)}) as trial:
        stack = production_stack(trial)
        trial.wait_for_voices()
        id = trial.speak(1, text=LONG_TEXT)
        wait_until(lambda: bool(_speaking(trial)), what="a job that speaks", timeout_s=PATIENCE_S)
        (sleeper,) = stack.workers
        tree = sleeper.tree()
        signal_all(tree, signal.SIGSTOP)
        frozen_at = now_s()
        trial.say(f"frozen past the lease of {lease_s:.0f} s")
        stack.wait_for_worker(stack.add_worker(concurrency=1))
        wait_until(lambda: _is_taken_over(trial), what="the other worker takes over", timeout_s=PATIENCE_S)
        awake_at = now_s()
        signal_all(tree, signal.SIGCONT)
        verdict = trial.judge(timeout_s=lab.scale.drain_s)
        is_refused = sleeper.said(b"no longer ours") or sleeper.said(b"finished too late")
    failures = [] if is_refused else ["the worker that slept did not notice that it had lost the job"]
    attempts = verdict.attempts.get(id or "", 0)
    failures += [] if attempts == 2 else [f"the job had {attempts} attempts"]
    figures: dict[str, object] = {"lease_s": lease_s, "frozen_s": round(awake_at - frozen_at, 1)}
    figures |= {"stale_write_refused": is_refused, "attempts_of_the_job": attempts}
    return row_result("R6", "SIGSTOP past the lease", verdict, figures=figures, failures=failures)


def _is_taken_over(trial: Trial) -> bool:
    return any(job.state == "running" and job.attempt == 2 for job in trial.watch.jobs)
