"""R9: does more work get done by more processes?"""

import os

from chaos.lab import Lab, RowResult, production_stack, row_result
from chaos.trial import SENTENCE, Trial

PROCESSES = (1, 2, 4)
GROWTH = 1.3  # from one process to two, where there are cores for it
KEPT = 0.8  # of the best, with more processes than cores


def r9(lab: Lab) -> RowResult:
    """The same jobs for one, two and four worker processes."""
    with lab.production("r9") as trial:
        trial.wait_for_voices()
        rates = {processes: _jobs_per_s(lab, trial, processes=processes) for processes in PROCESSES}
        verdict = trial.judge(timeout_s=lab.scale.drain_s)
    twice = [id for id, attempts in verdict.attempts.items() if attempts != 1]
    failures = [f"job of {id} ran more than once without a kill" for id in twice]
    cores = len(os.sched_getaffinity(0))
    if cores >= 2 and rates[2] < GROWTH * rates[1]:
        failures.append(f"two processes did {rates[2]:g} jobs a second, one did {rates[1]:g}")
    if rates[4] < KEPT * max(rates.values()):
        failures.append(f"four processes did {rates[4]:g} jobs a second, fewer did {max(rates.values()):g}")
    figures: dict[str, object] = {f"jobs_per_s_{processes}": rate for processes, rate in rates.items()}
    figures |= {"cores": cores, "jobs_of_each": lab.scale.throughput_jobs, "ran_twice": len(twice)}
    return row_result("R9", "throughput of worker processes", verdict, figures=figures, failures=failures)


def _jobs_per_s(lab: Lab, trial: Trial, *, processes: int) -> float:
    """With the queue filled before the worker starts, from its first claim to its last result."""
    stack = production_stack(trial)
    for worker in stack.workers:
        worker.stop(grace_s=30)
    before = {job.id for job in trial.watch.look().values()}
    trial.speak_all(range(lab.scale.throughput_jobs), text=SENTENCE * 4, output_format="wav")
    trial.say(f"{lab.scale.throughput_jobs} jobs for {processes} processes")
    stack.wait_for_worker(stack.add_worker(concurrency=processes))
    trial.drain(timeout_s=lab.scale.drain_s)
    done = [job for job in trial.watch.look().values() if job.id not in before and job.finished_at]
    if not done:
        return 0.0
    took_s = max(job.finished_at for job in done) - min(job.started_at for job in done)
    return round(len(done) / took_s, 2)
