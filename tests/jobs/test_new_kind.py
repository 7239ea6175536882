"""A new kind of work is a model, a service and a function that does the work: all that handles jobs then knows it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.db import connection, models, transaction
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from pytest_django import Settings

from chaos.audit import audit
from local.stack import Stack
from voice.api.health import _worker
from voice.api.metrics import SharedFigures
from voice.errors import EngineError, VoiceError
from voice.jobs import kind as kind_module
from voice.jobs.kind import Kind, Outcome, kind_named, register
from voice.jobs.lease import Lease
from voice.jobs.line import job_places
from voice.jobs.recovery import job_recover, job_sweep
from voice.jobs.run import job_run_next
from voice.jobs.transitions import job_cancel, job_claim, job_create, jobs_lock
from voice.models import Job, User
from voice.models.lifecycle import TRANSITIONS, Resource, advance
from voice.services.cleanup import expired_cleanup, orphans_cleanup
from voice.services.user_delete import user_delete
from voice.storage import attempt_name, output_storage, resource_folder, store

pytestmark = pytest.mark.django_db(transaction=True)


class EchoStatus(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


def echo_run(lease: Lease, folder: Path) -> Outcome:
    """The work: the text, shouted back."""
    echo: Any = lease.job.resource
    if not echo.text:
        raise EngineError("nothing_to_say", "There was nothing to say.")
    path = folder / "echo.txt"
    path.write_text(echo.text.upper())
    name = attempt_name(owner_id=echo.owner_id, resource_id=echo.pk, attempt=lease.job.attempt, suffix="txt")
    file = store(output_storage(), name, path)
    return Outcome(file, lambda: advance(echo, EchoStatus.DONE, file_name=file.name))


def echo_delete(echo: Any) -> None:
    """The service's way to remove one: its job goes, and takes the row along."""
    with transaction.atomic():
        jobs_lock(Job.objects.filter(echo=echo))
        job_cancel(job=echo.job, error=VoiceError("echo_deleted", "The echo was deleted."))
        folder = resource_folder(owner_id=echo.owner_id, resource_id=echo.pk)
        echo.job.delete()
        transaction.on_commit(lambda: output_storage().delete_folder(folder))


@pytest.fixture
def echo_kind(transactional_db: None) -> Iterator[Kind]:
    """The model and its registration, gone after the test."""

    class Echo(Resource):
        job = models.OneToOneField(Job, null=True, on_delete=models.CASCADE, related_name="echo")
        status = models.CharField(max_length=16, default=EchoStatus.QUEUED)
        text = models.TextField()
        file_name = models.CharField(max_length=200, blank=True)

        class Meta:
            app_label = "voice"
            db_table = "test_echoes"

    TRANSITIONS[EchoStatus] = {
        EchoStatus.QUEUED: frozenset({EchoStatus.RUNNING, EchoStatus.FAILED}),
        EchoStatus.RUNNING: frozenset({EchoStatus.RUNNING, EchoStatus.DONE, EchoStatus.FAILED}),
    }
    with connection.schema_editor() as editor:
        editor.create_model(Echo)
    kind = register(
        Kind(
            name="echo",
            queue="echo",
            model=Echo,
            link="echo",
            noun="echo",
            plural="echoes",
            working=EchoStatus.RUNNING,
            done=EchoStatus.DONE,
            failed=EchoStatus.FAILED,
            storage=output_storage,
            file_fields=("file_name",),
            main_file="file_name",
            run=f"{__name__}.echo_run",
            delete=echo_delete,
            lose_file=echo_delete,
            retention="RETENTION_ECHO_DAYS",
        )
    )
    yield kind
    del kind_module._kinds[kind.name], Job.links[kind.name]
    del TRANSITIONS[EchoStatus]
    with connection.schema_editor() as editor:
        editor.delete_model(Echo)
    del apps.all_models["voice"]["echo"], Job.echo
    apps.clear_cache()


@pytest.fixture(autouse=True)
def kept_until_deleted(settings: Settings) -> None:
    settings.RETENTION_ECHO_DAYS = 0


def make_echo(kind: Kind, owner: User, text: str = "hello") -> Any:
    """As a service would: the row and its job in one transaction."""
    with transaction.atomic():
        echo: Any = kind.model(owner=owner, text=text)
        echo.save(force_insert=True)
        job_create(owner=owner, resource=echo)
    return echo


def read(kind: Kind, echo: Any) -> Any:
    return kind.rows.select_related("job").get(pk=echo.pk)


def test_its_work_is_done_and_its_file_kept(echo_kind: Kind, user: User) -> None:
    made = make_echo(echo_kind, user)
    job_run_next(kind="echo")
    echo = read(echo_kind, made)
    assert (echo.status, echo.job.state, echo.job.attempt) == ("done", "completed", 1)
    with output_storage().open(echo.file_name) as file:
        assert file.read() == b"HELLO"
    assert echo.job.resource == echo


def test_its_failure_ends_job_and_row_with_a_reason(echo_kind: Kind, user: User) -> None:
    made = make_echo(echo_kind, user, text="")
    job_run_next(kind="echo")
    echo = read(echo_kind, made)
    assert (echo.status, echo.error_code, echo.job.state) == ("failed", "nothing_to_say", "failed")


def test_what_its_workers_lost_is_woken_and_failed_in_the_end(echo_kind: Kind, user: User, settings: Settings) -> None:
    made = make_echo(echo_kind, user)
    settings.JOB_MAX_ATTEMPTS = 1
    lease = job_claim(job_id=made.job.pk)
    assert lease is not None
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert job_sweep().lost == 1
    assert read(echo_kind, made).error_code == "worker_lost"


def test_a_row_whose_job_has_gone_is_mended(echo_kind: Kind, user: User) -> None:
    echo: Any = echo_kind.model._default_manager.create(owner=user, text="torn")
    assert job_recover().torn == 1
    assert read(echo_kind, echo).error_code == "internal_error"


def test_it_stands_in_a_line_of_its_own(echo_kind: Kind, user: User) -> None:
    first, second = make_echo(echo_kind, user), make_echo(echo_kind, user)
    places = job_places([first.job, second.job])
    assert [places[first.job.pk].position, places[second.job.pk].position] == [1, 2]


def test_orphans_of_its_files_are_found(echo_kind: Kind, user: User, settings: Settings) -> None:
    settings.ORPHAN_GRACE_S = 0
    echo = make_echo(echo_kind, user)
    job_run_next(kind="echo")
    stray = f"{user.pk}/{echo.pk}/9.txt"
    output_storage().save(stray, ContentFile(b"by a worker that was killed"))
    kept = read(echo_kind, echo).file_name
    orphans_cleanup()
    assert (output_storage().exists(stray), output_storage().exists(kept)) == (False, True)
    output_storage().delete(kept)
    assert orphans_cleanup(repair_rows=True).rows_without_file == 1
    assert not echo_kind.rows.exists()


def test_old_ones_expire_by_the_setting_that_it_names(echo_kind: Kind, user: User, settings: Settings) -> None:
    make_echo(echo_kind, user)
    job_run_next(kind="echo")
    echo_kind.rows.update(created_at=timezone.now() - timedelta(days=3))
    assert expired_cleanup()["echoes"] == 0
    settings.RETENTION_ECHO_DAYS = 2
    assert expired_cleanup()["echoes"] == 1
    assert (echo_kind.rows.count(), Job.objects.count()) == (0, 0)


def test_deleting_its_owner_deletes_it_with_its_files(echo_kind: Kind, user: User) -> None:
    make_echo(echo_kind, user)
    job_run_next(kind="echo")
    gone = user_delete(user=user)
    assert gone.rows["echoes"] == 1
    assert list(output_storage().entries(str(user.pk))) == []
    assert not Job.objects.exists()


def test_workers_of_the_small_size_serve_its_queue(echo_kind: Kind, tmp_path: Path) -> None:
    stack = Stack(var_dir=tmp_path, port=0, processes=1, redis_is_embedded=False, has_speech_worker=True)
    commands = {child.name: " ".join(child.command) for child in stack._workers()}
    assert "--queues=preprocess,echo,maintenance" in commands["worker"]
    assert "echo" not in commands["speech"]


def test_health_and_metrics_know_it(echo_kind: Kind, user: User) -> None:
    make_echo(echo_kind, user)
    registry = CollectorRegistry()
    registry.register(SharedFigures())
    assert 'podstream_jobs{kind="echo",state="queued"} 1.0' in generate_latest(registry).decode()
    assert "echo" in _worker()


def test_the_chaos_audit_looks_at_its_rows_and_files(echo_kind: Kind, user: User) -> None:
    echo = make_echo(echo_kind, user)
    job_run_next(kind="echo")
    output_storage().delete(read(echo_kind, echo).file_name)
    findings = " ".join(audit([], uncertain=0).findings)
    assert "1 rows of test_echoes were promised to nobody" in findings
    assert f"echo {echo.pk} has lost its file" in findings


def test_it_is_unknown_again_after_its_test() -> None:
    with pytest.raises(KeyError):
        kind_named("echo")
