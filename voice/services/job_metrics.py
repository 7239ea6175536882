"""Counts how jobs went, for the operator's curves. Never about whom: labels are kinds, states and codes."""

from django.db.models import Max

from voice.models import Job
from voice.models.lifecycle import JobState
from voice.streaming.totals import Counter, Histogram, Totals

_WAIT_BOUNDS_S = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
_RUN_BOUNDS_S = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0)
_REAL_TIME_BOUNDS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)

ENDED = Counter(
    "podstream_jobs_ended", "Jobs that ended; code is the error's, empty for completed.", ("kind", "state", "code")
)
WAIT = Histogram(
    "podstream_job_wait_seconds",
    "From the moment that a job could be started, all that it needs being there, to its first start.",
    _WAIT_BOUNDS_S,
    ("kind",),
)
RUN = Histogram(
    "podstream_job_run_seconds", "From the start to the end of attempts that completed.", _RUN_BOUNDS_S, ("kind",)
)
AUDIO = Counter("podstream_speech_audio_seconds", "Seconds of speech made.")
PROCESSING = Counter("podstream_speech_processing_seconds", "Seconds that jobs took to make it, side by side or not.")
REAL_TIME = Histogram(
    "podstream_speech_real_time_factor", "Seconds of work for a second of speech, of each job.", _REAL_TIME_BOUNDS
)


def job_count_start(job: Job) -> None:
    """Count the wait of a job that was just claimed, at its first attempt: a later one waits for other reasons."""
    if job.attempt != 1 or job.started_at is None:
        return
    needed = job.depends_on.aggregate(at=Max("finished_at"))["at"]
    ready_at = max(job.run_after, needed) if needed else job.run_after
    totals = Totals()
    totals.observe(WAIT, job.kind, value=max(0.0, (job.started_at - ready_at).total_seconds()))
    totals.send()


def job_count_end(job: Job, state: JobState, *, code: str) -> None:
    """Count a job that has just ended, after the commit that ended it. `code` is its error's, or empty."""
    totals = Totals()
    totals.add(ENDED, job.kind, state, code)
    if state is JobState.COMPLETED:
        _count_run(job, totals)
        _count_speech(job, totals)
    totals.send()


def _count_run(job: Job, totals: Totals) -> None:
    """By the row, whose two times are of one clock. A row that is deleted by now has taken them along."""
    ended = Job.objects.filter(pk=job.pk).first()
    if ended is not None and ended.started_at is not None and ended.finished_at is not None:
        totals.observe(RUN, job.kind, value=max(0.0, (ended.finished_at - ended.started_at).total_seconds()))


def _count_speech(job: Job, totals: Totals) -> None:
    synthesis = job.synthesis
    if synthesis is None or not synthesis.duration_s or synthesis.processing_s is None:
        return
    totals.add(AUDIO, by=synthesis.duration_s)
    totals.add(PROCESSING, by=synthesis.processing_s)
    totals.observe(REAL_TIME, value=synthesis.processing_s / synthesis.duration_s)
