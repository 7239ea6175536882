"""R2: Redis forgets everything, Redis is away, PostgreSQL restarts."""

import time
from concurrent.futures import ThreadPoolExecutor

from chaos.job_watch import now_s
from chaos.lab import Lab, RowResult, limits_broken, production_stack, row_result
from chaos.trial import SENTENCE, SUBMITTERS, Trial
from tests.rig.processes import wait_until

BACK_S = 60.0


def r2(lab: Lab) -> RowResult:
    """One stack goes through all three, one after the other."""
    with lab.production("r2") as trial:
        trial.wait_for_voices()
        queued, after_flush_s = _flush(lab, trial)
        after_redis_s = _redis_away(lab, trial)
        after_postgresql_s = _restart_postgresql(lab, trial)
        verdict = trial.judge(timeout_s=lab.scale.drain_s)
    measured = {
        "pause_after_flushall_s": after_flush_s,
        "pause_after_redis_s": after_redis_s,
        "pause_after_postgresql_s": after_postgresql_s,
    }
    failures = limits_broken(measured, **dict.fromkeys(measured, BACK_S))
    figures: dict[str, object] = {"queued_at_flushall": queued, "redis_down_s": lab.scale.redis_down_s}
    figures |= {"submits_without_redis": lab.scale.submits, "postgresql_restarts": lab.scale.restarts, **measured}
    return row_result(
        "R2", "Redis forgets, Redis is away, PostgreSQL restarts", verdict, figures=figures, failures=failures
    )


def _flush(lab: Lab, trial: Trial) -> tuple[int, float]:
    trial.say(f"FLUSHALL with {lab.scale.flushed} jobs queued")
    trial.speak_all(range(lab.scale.flushed), text=SENTENCE * 4)
    with production_stack(trial).redis_client() as client:
        client.flushall()
    flushed_at, queued = now_s(), trial.watch.unfinished()
    trial.drain(timeout_s=lab.scale.drain_s)
    return queued, trial.watch.longest_pause_s(since=flushed_at)


def _redis_away(lab: Lab, trial: Trial) -> float:
    stack, scale = production_stack(trial), lab.scale
    trial.say(f"Redis is away for {scale.redis_down_s:.0f} s, {scale.submits} requests meanwhile")
    stack.redis.stop()
    end = time.monotonic() + scale.redis_down_s
    with ThreadPoolExecutor(SUBMITTERS) as pool:
        for number in range(scale.submits):
            pool.submit(trial.speak, number)
            time.sleep(scale.redis_down_s / scale.submits)
    time.sleep(max(0.0, end - time.monotonic()))
    stack.redis.start()
    wait_until(stack.redis_answers, what="Redis", timeout_s=30)
    back_at = now_s()
    trial.drain(timeout_s=scale.drain_s)
    return trial.watch.longest_pause_s(since=back_at)


def _restart_postgresql(lab: Lab, trial: Trial) -> float:
    stack, restarts = production_stack(trial), lab.scale.restarts
    back_at = now_s()
    with ThreadPoolExecutor(SUBMITTERS) as pool:
        submitted = []
        for number in range(restarts):
            trial.say(f"PostgreSQL restarts, {number + 1} of {restarts}")
            submitted += [pool.submit(trial.speak, number * 5 + job) for job in range(5)]
            time.sleep(trial.rng.uniform(0.3, 2.0))
            stack.restart_postgresql(is_crash=number % 2 == 1)
            back_at = now_s()
        for future in submitted:
            future.result()
    trial.drain(timeout_s=lab.scale.drain_s)
    return trial.watch.longest_pause_s(since=back_at)
