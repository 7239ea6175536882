"""The figures of /metrics, and who may read them."""

import fcntl
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.api.rows import ended_job, queued_synthesis, ready_model, ready_sample
from tests.conftest import redis_away
from voice.api.middleware import ROOM_BYTES
from voice.errors import EngineError, VoiceError
from voice.jobs.heartbeat import Heartbeat, heartbeat_end, heartbeat_send
from voice.jobs.lease import Lease
from voice.jobs.line import job_figures
from voice.jobs.metrics import KEY, job_count_start
from voice.jobs.transitions import job_cancel, job_claim, job_fail, job_finish, job_retry
from voice.models import Job, JobKind, Synthesis, User
from voice.models.lifecycle import SynthesisStatus, advance
from voice.redis_client import redis_client

pytestmark = pytest.mark.django_db
TOKEN = "scrape-scrape-scrape"
CaptureOnCommit = Callable[..., AbstractContextManager[Any]]
Figures = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture(autouse=True)
def token(settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN
    redis_client().delete(KEY)


def scrape(client: APIClient | None = None) -> Any:
    return (client or APIClient()).get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})


def figures() -> Figures:
    """Every sample by its name, without the common prefix, and its labels."""
    families = text_string_to_metric_families(scrape().content.decode())
    return {
        (sample.name.removeprefix("podstream_"), frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def one(found: Figures, name: str, **labels: str) -> float:
    return found[name, frozenset(labels.items())]


def named(found: Figures, name: str) -> set[frozenset[tuple[str, str]]]:
    return {labels for each, labels in found if each == name}


@pytest.mark.parametrize(
    "header", ["", TOKEN, "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer t\xf6ken"]
)
def test_who_has_not_the_token_learns_nothing(header: str) -> None:
    response = APIClient().get("/metrics", headers={"Authorization": header} if header else {})
    assert (response.status_code, response.json()["code"]) == (401, "token_not_valid")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert b"podstream_" not in response.content


@pytest.mark.parametrize("header", ["Bearer ", f"Bearer {TOKEN}", ""])
def test_without_the_setting_there_is_no_such_page(settings: Settings, header: str) -> None:
    settings.METRICS_TOKEN = ""
    response = APIClient().get("/metrics", headers={"Authorization": header})
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_an_account_of_the_api_is_not_let_in(api: APIClient) -> None:
    assert api.get("/metrics").status_code == 401


def test_prometheus_gets_the_text_format_whatever_else_it_accepts() -> None:
    accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
    headers = {"Authorization": f"Bearer {TOKEN}", "Accept": accept}
    response = APIClient().get("/metrics", headers=headers)
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/plain")


def test_requests_are_counted_by_route_and_kind_of_answer(api: APIClient, user: User) -> None:
    sample = ready_sample(user)
    name = "http_request_duration_seconds_count"
    ours = {"method": "GET", "route": "/api/voice/samples/<uuid:id>", "status": "2xx"}
    theirs = {**ours, "status": "4xx"}
    before = figures()
    for _ in range(3):
        api.get(f"/api/voice/samples/{sample.pk}")
    APIClient().get(f"/api/voice/samples/{sample.pk}")
    after = figures()

    def more(labels: dict[str, str]) -> float:
        return one(after, name, **labels) - before.get((name, frozenset(labels.items())), 0.0)

    assert (more(ours), more(theirs)) == (3, 1)
    assert more({"method": "GET", "route": "/metrics", "status": "2xx"}) == 1
    assert one(after, "http_request_duration_seconds_sum", **ours) > 0


def test_what_clients_choose_freely_makes_no_series_of_its_own() -> None:
    before = named(figures(), "http_request_duration_seconds_count")
    for number in range(5):
        APIClient().generic(f"BREW{number}", "/health/live")
        APIClient().get(f"/nowhere/{number}")
    new = named(figures(), "http_request_duration_seconds_count") - before
    allowed = [
        {"method": "other", "route": "/health/live", "status": "4xx"},
        {"method": "GET", "route": "(no route)", "status": "4xx"},
        {"method": "GET", "route": "/metrics", "status": "2xx"},
    ]
    assert new <= {frozenset(each.items()) for each in allowed}


def test_a_body_that_is_cut_before_django_sees_it_is_counted(live_url: str) -> None:
    import httpx

    labels = {"method": "POST", "route": "(refused)", "status": "4xx"}
    name = "http_request_duration_seconds_count"
    before = figures().get((name, frozenset(labels.items())), 0.0)
    assert httpx.post(f"{live_url}/api/auth/token", content=b"x" * 300_000).status_code == 413
    assert one(figures(), name, **labels) - before == 1


def test_where_counting_is_impossible_requests_are_answered_all_the_same(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings.METRICS_DIR = tmp_path / "missing"
    assert [APIClient().get("/health/live").status_code for _ in range(3)] == [200, 200, 200]
    assert caplog.text.count("requests are not counted") == 1
    found = figures()
    assert named(found, "http_request_duration_seconds_count") == set()
    assert named(found, "jobs")


def test_what_machines_left_that_are_no_more_is_removed(settings: Settings, tmp_path: Path) -> None:
    for name in ("here", "young", "living", "gone"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "histogram_1.db").write_bytes(bytes(1 << 16))
        (tmp_path / name / "lock").touch()
        if name != "young":
            os.utime(tmp_path / name / "lock", (1.0, 1.0))
    settings.METRICS_DIR = tmp_path / "here"
    with (tmp_path / "living" / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        APIClient().get("/health/live")
    assert {path.name for path in tmp_path.iterdir()} == {"here", "young", "living"}
    assert not (tmp_path / "here" / "histogram_1.db").exists()
    assert (tmp_path / "living" / "histogram_1.db").exists()


def test_the_room_for_counts_is_taken_before_it_is_used(settings: Settings) -> None:
    APIClient().get("/health/live")
    (file,) = settings.METRICS_DIR.glob(f"histogram_{os.getpid()}.db")
    assert file.stat().st_blocks * 512 >= ROOM_BYTES, "no hole that a full disk could not fill"


def blocked_synthesis(user: User, *, needs: Job) -> Job:
    job = Job.objects.get(synthesis=queued_synthesis(user))
    job.depends_on.add(needs)
    return job


def test_queued_jobs_are_due_once_all_that_they_need_is_there(user: User) -> None:
    now = timezone.now()
    hour_ago = now - timedelta(hours=1)
    old = Job.objects.get(synthesis=queued_synthesis(user))
    Job.objects.filter(pk=old.pk).update(run_after=now - timedelta(seconds=40))
    later = Job.objects.get(synthesis=queued_synthesis(user))
    Job.objects.filter(pk=later.pk).update(run_after=now + timedelta(hours=1))
    just_done = ended_job(user, JobKind.CLONE, voice_model=ready_model_without_job(user))
    Job.objects.filter(pk=just_done.pk).update(finished_at=now - timedelta(seconds=10))
    freed = blocked_synthesis(user, needs=just_done)
    waiting = blocked_synthesis(user, needs=later)
    Job.objects.filter(pk__in=[freed.pk, waiting.pk]).update(run_after=hour_ago)

    found = figures()
    assert one(found, "jobs", kind="synthesis", state="queued") == 4
    assert one(found, "jobs_due", kind="synthesis") == 2
    assert one(found, "oldest_due_job_age_seconds", kind="synthesis") == pytest.approx(40, abs=5)
    assert one(found, "jobs", kind="synthesis", state="running") == 0
    assert one(found, "jobs", kind="preprocess", state="queued") == 0
    assert one(found, "oldest_due_job_age_seconds", kind="clone") == 0

    claimed(old)
    found = figures()
    assert one(found, "jobs", kind="synthesis", state="running") == 1
    assert one(found, "oldest_due_job_age_seconds", kind="synthesis") == pytest.approx(10, abs=5), "not an hour"


def ready_model_without_job(user: User) -> Any:
    voice_model = ready_model(user)
    voice_model.job.delete()
    voice_model.refresh_from_db()
    return voice_model


def claimed(job: Job) -> Lease:
    lease = job_claim(job_id=job.pk)
    assert lease is not None
    return lease


def completed(job: Job, *, audio_s: float, work_s: float, commit: CaptureOnCommit) -> None:
    """End a job as a worker does."""
    lease = claimed(job)
    Job.objects.filter(pk=job.pk).update(started_at=lease.job.started_at - timedelta(seconds=8))
    synthesis: Synthesis = lease.job.synthesis  # type: ignore[assignment]

    def write() -> bool:
        made = {"audio_name": "x/1.mp3", "size_bytes": 1, "duration_s": audio_s, "processing_s": work_s}
        return advance(synthesis, SynthesisStatus.COMPLETED, completed_at=timezone.now(), **made)

    with commit(execute=True):
        job_finish(lease=lease, write=write)


def test_what_was_made_is_counted_with_the_time_that_it_took(
    user: User, django_capture_on_commit_callbacks: CaptureOnCommit
) -> None:
    for audio_s, work_s in ((10.0, 4.0), (2.0, 5.0)):
        job = Job.objects.get(synthesis=queued_synthesis(user))
        completed(job, audio_s=audio_s, work_s=work_s, commit=django_capture_on_commit_callbacks)
    found = figures()
    assert one(found, "jobs_ended_total", kind="synthesis", state="completed", code="") == 2
    assert one(found, "speech_audio_seconds_total") == 12
    assert one(found, "speech_processing_seconds_total") == 9
    assert one(found, "job_run_seconds_sum", kind="synthesis") == pytest.approx(16, abs=4)
    assert one(found, "job_run_seconds_count", kind="synthesis") == 2
    factors = {
        bound: one(found, "speech_real_time_factor_bucket", le=bound) for bound in ("0.3", "0.5", "2.0", "+Inf")
    }
    assert factors == {"0.3": 0, "0.5": 1, "2.0": 1, "+Inf": 2}
    assert one(found, "speech_real_time_factor_sum") == pytest.approx(0.4 + 2.5)


def test_bad_ends_are_counted_with_their_codes_and_no_time(
    user: User, django_capture_on_commit_callbacks: CaptureOnCommit
) -> None:
    first = Job.objects.select_related("synthesis").get(synthesis=queued_synthesis(user))
    dependent = blocked_synthesis(user, needs=first)
    other = Job.objects.get(synthesis=queued_synthesis(user))
    with django_capture_on_commit_callbacks(execute=True):
        job_fail(job=first, error=EngineError("worker_lost", "It died."))
        job_fail(job=first, error=EngineError("worker_lost", "It died."))  # it has ended by now
        job_cancel(job=other, error=VoiceError("cancelled", "Nobody wants it."))
    found = figures()
    assert one(found, "jobs_ended_total", kind="synthesis", state="failed", code="worker_lost") == 1
    assert one(found, "jobs_ended_total", kind="synthesis", state="failed", code="dependency_failed") == 1
    assert one(found, "jobs_ended_total", kind="synthesis", state="cancelled", code="cancelled") == 1
    assert named(found, "job_run_seconds_count") == set()
    assert Job.objects.get(pk=dependent.pk).state == "failed"


def test_a_job_waits_from_when_it_could_start_and_only_once(user: User) -> None:
    needed = ended_job(user, JobKind.CLONE, voice_model=ready_model_without_job(user))
    job = blocked_synthesis(user, needs=needed)
    now = timezone.now()
    Job.objects.filter(pk=needed.pk).update(finished_at=now - timedelta(seconds=20))
    Job.objects.filter(pk=job.pk).update(run_after=now - timedelta(hours=1))
    lease = claimed(job)
    job_count_start(lease.job)
    job_retry(lease=lease, error=VoiceError("x", "again"))
    Job.objects.filter(pk=job.pk).update(run_after=now - timedelta(seconds=300))
    job_count_start(claimed(job).job)
    found = figures()
    assert one(found, "job_wait_seconds_count", kind="synthesis") == 1
    assert one(found, "job_wait_seconds_sum", kind="synthesis") == pytest.approx(20, abs=5)
    assert one(found, "job_wait_seconds_bucket", kind="synthesis", le="10.0") == 0
    assert one(found, "job_wait_seconds_bucket", kind="synthesis", le="30.0") == 1


def test_workers_are_told_with_their_queues_and_their_engines_figures(living_worker: Heartbeat) -> None:
    gpu = replace(
        living_worker, name="gpu@test", queues=("clone", "synthesis"), engines={"xtts": {"batch_limit": 32.0}}
    )
    heartbeat_send(gpu)
    try:
        found = figures()
    finally:
        heartbeat_end(gpu)
    assert (one(found, "workers", queue="preprocess"), one(found, "workers", queue="clone")) == (1, 2)
    assert 0 <= one(found, "worker_heartbeat_age_seconds", worker="gpu@test") < 20
    assert one(found, "worker_concurrency", worker="gpu@test", pool="prefork", queues="clone,synthesis") == 2
    assert one(found, "engine_report", worker="gpu@test", engine="xtts", figure="batch_limit") == 32


def test_no_figure_names_a_person_or_an_id(
    user: User, api: APIClient, django_capture_on_commit_callbacks: CaptureOnCommit
) -> None:
    sample = ready_sample(user)
    job = Job.objects.get(synthesis=queued_synthesis(user))
    completed(job, audio_s=1.0, work_s=1.0, commit=django_capture_on_commit_callbacks)
    api.get(f"/api/voice/samples/{sample.pk}")
    api.get("/api/voice/history?q=my-secret-words")
    text = scrape().content.decode()
    assert "podstream_jobs_ended_total" in text
    for secret in (user.username, user.pk, sample.pk, job.pk, job.synthesis_id, "my-secret-words"):
        assert str(secret) not in text


def test_what_cannot_be_asked_is_missing_and_not_zero(settings: Settings) -> None:
    def away(*args: object) -> None:
        raise OperationalError("host 10.0.0.7 is away")

    with connection.execute_wrapper(away):
        found = figures()
    assert (one(found, "source_up", source="database"), one(found, "source_up", source="redis")) == (0, 1)
    assert named(found, "jobs") == set()
    assert named(found, "workers")
    with redis_away(settings):
        found = figures()
    assert (one(found, "source_up", source="database"), one(found, "source_up", source="redis")) == (1, 0)
    assert named(found, "workers") == set()
    assert named(found, "jobs")
    assert named(found, "http_request_duration_seconds_count")


def test_a_scrape_asks_the_database_three_times(django_assert_num_queries: Callable[..., Any]) -> None:
    with django_assert_num_queries(3):
        scrape()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="plans of PostgreSQL")
def test_jobs_that_have_ended_cost_a_scrape_nothing(user: User) -> None:
    history = Synthesis.objects.bulk_create(
        Synthesis(owner=user, voice_model_label="x", text="x", language="en", output_format="mp3") for _ in range(5000)
    )
    now = timezone.now()
    Job.objects.bulk_create(
        Job(owner=user, kind=JobKind.SYNTHESIS, synthesis=each, state="completed", finished_at=now, run_after=now)
        for each in history
    )
    for _ in range(20):
        queued_synthesis(user)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE voice_jobs")
    with CaptureQueriesContext(connection) as captured:
        job_figures()
    assert len(captured) == 3
    for query in captured:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {query['sql']}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
        assert "Seq Scan on voice_jobs" not in plan, plan
