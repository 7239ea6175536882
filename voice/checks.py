"""System checks: settings that make no sense stop the start, each with an id and a hint."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from voice.audio.upload_sandbox import ffmpeg_problem
from voice.engines.registry import engine_names, engine_specs

Rule = Callable[[], Iterator[CheckMessage]]
POSITIVE = (
    "MAX_VOICE_FILE_SIZE",
    "MIN_VOICE_DURATION",
    "MAX_VOICE_DURATION",
    "MAX_SYNTHESIS_TEXT_LENGTH",
    "TTS_TIMEOUT",
    "WRITES_PER_HOUR",
    "LOGINS_PER_MINUTE",
    "JOBS_PER_USER_MAX",
    "CONNECTIONS_PER_ADDRESS",
    "UPLOADS_AT_ONCE",
    "QUEUE_DEPTH_MAX",
    "JOB_LEASE_S",
    "JOB_TIMEOUT_S",
    "JOB_MAX_ATTEMPTS",
    "JOB_BACKOFF_S",
    "SWEEP_INTERVAL_S",
)


def rule(
    tag: str = Tags.compatibility, *, deploy: bool = False
) -> Callable[[Rule], Callable[..., list[CheckMessage]]]:
    """Register a function that yields problems as one of Django's checks."""

    def decorate(problems: Rule) -> Callable[..., list[CheckMessage]]:
        def check(**_: Any) -> list[CheckMessage]:
            return list(problems())

        check.__name__, check.__doc__ = problems.__name__, problems.__doc__
        return register(check, tag, deploy=deploy)

    return decorate


@rule()
def environment_is_readable() -> Iterator[CheckMessage]:
    """Every variable of the environment could be read as what it is meant to be."""
    for name, problem in settings.ENVIRONMENT_PROBLEMS.items():
        hint = f"Set {name} to another value, or leave it out; docs/CONFIGURATION.md says what it is."
        yield Error(f"{name} cannot be used. {problem}", hint=hint, id="voice.E006")


@rule()
def limits_are_positive() -> Iterator[CheckMessage]:
    """Every limit is a number above zero."""
    for name in POSITIVE:
        if getattr(settings, name) <= 0:
            hint = f"Set {name} to a number above 0."
            yield Error(f"{name} is {getattr(settings, name)}.", hint=hint, id="voice.E001")


@rule()
def durations_are_in_order() -> Iterator[CheckMessage]:
    """The shortest recording is not longer than the longest."""
    if settings.MIN_VOICE_DURATION > settings.MAX_VOICE_DURATION:
        yield Error(
            f"MIN_VOICE_DURATION ({settings.MIN_VOICE_DURATION}) is above "
            f"MAX_VOICE_DURATION ({settings.MAX_VOICE_DURATION}): every upload would be refused.",
            hint="Set MIN_VOICE_DURATION below MAX_VOICE_DURATION.",
            id="voice.E002",
        )


@rule()
def engine_is_known() -> Iterator[CheckMessage]:
    """VOICE_ENGINE names an engine that this code has."""
    if settings.VOICE_ENGINE not in engine_names():
        hint = f"Set it to one of: {', '.join(engine_names())}."
        yield Error(f"VOICE_ENGINE is {settings.VOICE_ENGINE!r}.", hint=hint, id="voice.E003")


@rule()
def engines_can_be_used() -> Iterator[CheckMessage]:
    """Warnings of the engines' own checks: the site goes on with the voices of the engines that work."""
    for engine in engine_specs().values():
        for problem in engine.check(engine.values(settings), engine.name == settings.VOICE_ENGINE):
            yield Warning(problem.message, hint=problem.hint, id=problem.id)


@rule()
def uploads_can_be_read() -> Iterator[CheckMessage]:
    """FFmpeg is let at uploads only behind a filter of system calls; without it, its formats are refused."""
    if settings.FFMPEG_UPLOADS and (problem := ffmpeg_problem()):
        yield Warning(
            f"M4A, AAC and WebM recordings are refused: {problem}.",
            hint="Run on Linux (x86-64 or 64-bit ARM) where the container allows seccomp, after `make setup`; or set "
            "FFMPEG_UPLOADS to False.",
            id="voice.W012",
        )


@rule()
def lease_outlives_its_renewal() -> Iterator[CheckMessage]:
    """A lease that is as long as the job's time limit would never be taken over in time."""
    if settings.JOB_LEASE_S > settings.JOB_TIMEOUT_S:
        yield Error(
            f"JOB_LEASE_S ({settings.JOB_LEASE_S}) is above JOB_TIMEOUT_S ({settings.JOB_TIMEOUT_S}).",
            hint="A lease is renewed while a job runs: 30 s are enough.",
            id="voice.E004",
        )


@rule()
def orphans_have_their_grace() -> Iterator[CheckMessage]:
    """A file may wait for its row as long as an attempt or an upload may take."""
    least = 2 * settings.JOB_TIMEOUT_S
    if least > settings.ORPHAN_GRACE_S:
        yield Error(
            f"ORPHAN_GRACE_S ({settings.ORPHAN_GRACE_S:.0f}) is below twice JOB_TIMEOUT_S ({least:.0f}): files of "
            "work under way could be taken for orphans.",
            hint=f"Set ORPHAN_GRACE_S to {least:.0f} or more.",
            id="voice.E008",
        )


@rule()
def folders_are_apart() -> Iterator[CheckMessage]:
    """Uploads, voices and speech have folders of their own: names are only unique inside one."""
    if len({settings.VOICE_UPLOAD_DIR, settings.VOICE_MODEL_DIR, settings.VOICE_OUTPUT_DIR}) < 3:
        yield Error(
            "VOICE_UPLOAD_DIR, VOICE_MODEL_DIR and VOICE_OUTPUT_DIR are not three different folders.",
            hint="Give each a folder of its own.",
            id="voice.E005",
        )


@rule()
def bucket_is_named() -> Iterator[CheckMessage]:
    """STORAGE=s3 says which bucket, and with which key or with none."""
    if settings.STORAGE == "s3" and not settings.S3_BUCKET:
        yield Error("STORAGE is s3 and S3_BUCKET is not set.", hint="Name the bucket.", id="voice.E009")
    if settings.STORAGE == "s3" and bool(settings.S3_ACCESS_KEY) != bool(settings.S3_SECRET_KEY):
        problem = "Of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY only one is set."
        yield Error(problem, hint="Set both, or none where the machine has a role.", id="voice.E010")


@rule()
def sentry_is_whole() -> Iterator[CheckMessage]:
    """SENTRY_DSN has a key and a project's number. It is not shown: the key is a secret."""
    parts = urlsplit(settings.SENTRY_DSN)
    if settings.SENTRY_DSN and not (parts.username and parts.path.rpartition("/")[2].isdigit()):
        hint = "Copy it from the project's settings in Sentry: https://key@host/number."
        yield Error("SENTRY_DSN has no key, or no project's number.", hint=hint, id="voice.E011")


@rule()
def secrets_differ() -> Iterator[CheckMessage]:
    """Whoever learns one key must not be able to forge what the other one signs."""
    if settings.SECRET_KEY == settings.JWT_SIGNING_KEY:
        hint = "Give each a value of its own, of 50 characters or more."
        yield Error("SECRET_KEY and JWT_SIGNING_KEY are the same.", hint=hint, id="voice.E007")


@rule(Tags.security, deploy=True)
def production_has_its_own_servers() -> Iterator[CheckMessage]:
    """The embedded Redis and SQLite are for one machine."""
    for name, is_small in {"DATABASE_URL": settings.SQLITE_IS_USED, "REDIS_URL": settings.REDIS_IS_EMBEDDED}.items():
        if is_small:
            hint = f"Set {name} to the server that all web and worker processes share."
            yield Warning(f"{name} is not set: the small size's own server is used.", hint=hint, id="voice.W001")


@rule(Tags.security, deploy=True)
def production_chooses_its_secrets() -> Iterator[CheckMessage]:
    """Tokens are signed with a key of their own, which every web process knows."""
    if settings.SECRETS_ARE_LOCAL:
        yield Warning(
            "SECRET_KEY or JWT_SIGNING_KEY is not set: each machine would make its own.",
            hint="Set both, to different values of 50 characters or more.",
            id="voice.W002",
        )
