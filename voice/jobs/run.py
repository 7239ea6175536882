"""Runs one job: claim, work, and finish, fail or try again."""

import logging
import time
from functools import partial

from celery import current_app
from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection

from voice.disk_full import is_out_of_room, storage_full
from voice.errors import EngineError, LeaseLost, ServiceUnavailable, VoiceError, WorkerStopping
from voice.jobs.blocks import inactive_end
from voice.jobs.kind import Outcome, kind_named, kinds
from voice.jobs.lease import Lease, worker_is_stopping
from voice.jobs.line import job_take, somebody_waits, workers_held
from voice.jobs.metrics import job_count_start
from voice.jobs.transitions import job_fail, job_finish, job_retry, job_return, wake_up_send
from voice.request_id import request_id_bound
from voice.storage import work_folder

logger = logging.getLogger(__name__)
LOOK_INTERVAL_S = 0.5  # a job that could give way looks as often whether somebody waits


def job_run_next(*, kind: str) -> None:
    """Do the job of a kind whose turn it is, if one is due. Never raises for what the job itself did wrong."""
    if worker_is_stopping():
        wake_up_send(kind=kind)  # this one came too late; let it reach a worker that stays
        return
    lease = job_take(kind=kind)
    if lease is not None:
        _run(lease)


def _run(lease: Lease) -> None:
    lease.give_way = partial(_give_way, lease)
    with request_id_bound(lease.job.request_id), lease.kept_alive():
        try:
            job_count_start(lease.job)
            with work_folder() as folder:
                outcome = kind_named(lease.job.kind).work()(lease, folder)
        except LeaseLost:
            logger.info("job %s: stopped, it is no longer ours", lease.job.pk)
            inactive_end(owner_id=lease.job.owner_id)
        except WorkerStopping:
            job_return(lease=lease)
        except VoiceError as error:
            _retry_or_fail(lease, error)
        except Exception as error:
            logger.exception("job %s: attempt %d broke", lease.job.pk, lease.job.attempt)
            _retry_or_fail(lease, _expected(error))
        else:
            _finish(lease, outcome)


def _give_way(lease: Lease) -> None:
    """Do the job of somebody who waits, if the owner of this one holds every worker that could do it."""
    if time.monotonic() < lease.next_look_s or worker_is_stopping():
        return
    try:
        guest = _guest(lease)
        if guest is not None:
            with lease.lent(guest):
                _run(guest)
    except (DatabaseError, InterfaceError) as error:  # the work goes on
        logger.warning("job %s: could not give way: %s", lease.job.pk, type(error).__name__)
        connection.close()
    lease.next_look_s = time.monotonic() + LOOK_INTERVAL_S


def _guest(lease: Lease) -> Lease | None:
    """The job of somebody who waits, claimed; None where nobody does, or has a worker, or it is this job's turn."""
    served = [kind.name for kind in kinds() if kind.queue in current_app.amqp.queues.consume_from]
    names = served if lease.job.kind in served else [lease.job.kind]
    owners = [one.job.owner_id for one in lease.line]
    if not _may_give_way(lease) or not somebody_waits(kinds=names, without_owners=owners):
        return None
    held = workers_held(kinds=names)
    own_s = time.monotonic() - lease.started_s - lease.lent_s
    if set(held) - {lease.job.owner_id} or (len(held) == 1 and own_s < lease.lent_s):
        return None  # of its only worker, half of the time is this job's
    for guest in (job_take(kind=name, without_owners=owners) for name in names):
        if guest is not None:
            logger.info("job %s: gives way to job %s", lease.job.pk, guest.job.pk)
            return guest
    return None


def _may_give_way(lease: Lease) -> bool:
    """Not too deep, and not after the time of one job, so that the whole ends within the task's time limit."""
    line = lease.line
    return len(line) <= settings.MOST_GUESTS and time.monotonic() - line[-1].started_s < settings.JOB_TIMEOUT_S


def _expected(error: Exception) -> VoiceError:
    """The error that people see in place of one that was not written for them."""
    if is_out_of_room(error):
        return storage_full()
    if isinstance(error, OperationalError | InterfaceError):
        return ServiceUnavailable("unavailable", "The database was away. Try again in a few seconds.")
    return _Broken()


class _Broken(EngineError):
    retryable = True

    def __init__(self) -> None:
        super().__init__("internal_error", "Something broke on our side. It is logged; please tell the operator.")


def _finish(lease: Lease, outcome: Outcome) -> None:
    try:
        job_finish(lease=lease, write=outcome.write)
    except LeaseLost:
        logger.info("job %s: finished too late, dropping what was made", lease.job.pk)
        outcome.file.delete()
        inactive_end(owner_id=lease.job.owner_id)
        return
    except (OperationalError, InterfaceError) as error:
        logger.warning("job %s: not finished: %s", lease.job.pk, type(error).__name__)
        if _retry_or_fail(lease, _expected(error)):  # still ours: so what was committed is not lost with its file
            outcome.file.delete()
        return
    for attempt in range(1, lease.job.attempt):  # what workers left that were killed before they could finish
        outcome.file.of_attempt(attempt).delete()


def _retry_or_fail(lease: Lease, error: VoiceError) -> bool:
    """Returns whether the job was still ours."""
    if error.retryable and lease.job.attempt < settings.JOB_MAX_ATTEMPTS:
        return job_retry(lease=lease, error=error)
    return job_fail(job=lease.job, error=error, only=lease.is_mine())
