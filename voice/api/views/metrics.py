"""The figures that are the same whichever web process is asked: jobs of the database, workers and totals of Redis."""

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import redis
from django.conf import settings
from django.db import DatabaseError
from django.http import Http404, HttpResponse
from django.utils.crypto import constant_time_compare
from drf_spectacular.utils import extend_schema
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
    UnknownMetricFamily,
)
from prometheus_client.registry import Collector
from rest_framework import permissions
from rest_framework.request import Request
from rest_framework.views import APIView

from voice.api.audio_response import AnyAccept
from voice.api.methods import METHODS
from voice.api.middleware import request_registry
from voice.errors import NotAuthenticated
from voice.jobs import metrics as job_metrics
from voice.jobs.heartbeat import Heartbeat, workers_seen
from voice.jobs.kind import queues
from voice.jobs.line import job_figures
from voice.jobs.metrics import Counter, Histogram, TotalsRead

logger = logging.getLogger(__name__)


class SharedFigures(Collector):
    """Asks database and Redis at the moment of the scrape. Where one is away, its figures are missing, not zero."""

    def collect(self) -> Iterator[Metric]:
        is_up = GaugeMetricFamily("podstream_source_up", "1 where figures could be had from it.", labels=["source"])
        for source, ask in SOURCES.items():
            try:
                families = list(ask())
            except (DatabaseError, redis.RedisError) as error:
                logger.warning("metrics without those of the %s: %s", source, type(error).__name__)
                is_up.add_metric([source], 0)
            else:
                is_up.add_metric([source], 1)
                yield from families
        yield is_up


def _from_database() -> Iterator[Metric]:
    jobs = GaugeMetricFamily("podstream_jobs", "Jobs that have not ended.", labels=["kind", "state"])
    due = GaugeMetricFamily("podstream_jobs_due", "Queued jobs that a worker could start now.", labels=["kind"])
    age = GaugeMetricFamily(
        "podstream_oldest_due_job_age_seconds", "How long the first of those has waited.", labels=["kind"]
    )
    for figures in job_figures():
        jobs.add_metric([figures.kind, "queued"], figures.queued)
        jobs.add_metric([figures.kind, "running"], figures.running)
        due.add_metric([figures.kind], figures.due)
        age.add_metric([figures.kind], figures.oldest_due_s)
    yield from (jobs, due, age)


def _from_redis() -> Iterator[Metric]:
    yield from _of_workers(workers_seen())
    totals = TotalsRead()
    for counter in (job_metrics.ENDED, job_metrics.AUDIO, job_metrics.PROCESSING):
        yield _counter(counter, totals)
    for histogram in (job_metrics.WAIT, job_metrics.RUN, job_metrics.REAL_TIME):
        yield _histogram(histogram, totals)


def _of_workers(workers: list[Heartbeat]) -> Iterator[Metric]:
    by_queue = GaugeMetricFamily("podstream_workers", "Workers seen lately that serve a queue.", labels=["queue"])
    for queue in queues():
        by_queue.add_metric([queue], sum(queue in worker.queues for worker in workers))
    age = GaugeMetricFamily(
        "podstream_worker_heartbeat_age_seconds", "Time since a worker's last sign of life.", labels=["worker"]
    )
    places = GaugeMetricFamily(
        "podstream_worker_concurrency", "How many jobs a worker does at once.", labels=["worker", "pool", "queues"]
    )
    engines = UnknownMetricFamily(
        "podstream_engine_report",
        "The engine's report; see docs/OPERATIONS.md.",
        labels=["worker", "engine", "figure"],
    )
    for worker in workers:
        age.add_metric([worker.name], worker.age_s)
        places.add_metric([worker.name, worker.pool, ",".join(worker.queues)], worker.concurrency)
        for engine, figures in worker.engines.items():
            for figure, value in figures.items():
                engines.add_metric([worker.name, engine, figure], value)
    yield from (by_queue, age, places, engines)


def _counter(counter: Counter, totals: TotalsRead) -> Metric:
    family = CounterMetricFamily(counter.name, counter.description, labels=counter.labels)
    for labels, value in totals.counts(counter).items():
        family.add_metric(labels, value)
    return family


def _histogram(histogram: Histogram, totals: TotalsRead) -> Metric:
    family = HistogramMetricFamily(histogram.name, histogram.description, labels=histogram.labels)
    for labels, buckets in totals.buckets(histogram).items():
        family.add_metric(labels, list(buckets.cumulative), buckets.sum)
    return family


SOURCES: dict[str, Callable[[], Iterable[Metric]]] = {"database": _from_database, "redis": _from_redis}


class MetricsView(APIView):
    """GET /metrics, for who has METRICS_TOKEN; without that setting there is no such page."""

    authentication_classes: list[Any] = []
    permission_classes = [permissions.AllowAny]
    content_negotiation_class = AnyAccept
    http_method_names = METHODS

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        _check_token(request)
        registry = request_registry()
        registry.register(SharedFigures())
        return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _check_token(request: Request) -> None:
    if not settings.METRICS_TOKEN:
        raise Http404
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not constant_time_compare(token.strip(), settings.METRICS_TOKEN):
        raise NotAuthenticated("token_not_valid", "Send the METRICS_TOKEN of this server as a bearer token.")
