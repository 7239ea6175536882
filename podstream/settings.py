"""All settings, and the only reader of the environment.

Every variable is described in docs/CONFIGURATION.md and .env.example; a test holds the three equal.
With no variable set this is the small size: SQLite, an embedded Redis and all files under var/.
"""

import os
import socket
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import environ
from celery.schedules import crontab

from local.local_redis import local_secret, redis_socket
from podstream.environment import Environment
from voice.engines.registry import engine_specs

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment(os.environ)
environ.Env.read_env(env.text("ENV_FILE", str(BASE_DIR / ".env")))  # the environment itself goes first
ENVIRONMENT_PROBLEMS = env.problems  # name of a variable to what is wrong with it; voice/checks.py refuses to start

# Where state lives
VAR_DIR = Path(env.text("VAR_DIR", str(BASE_DIR / "var"))).resolve()
VOICE_UPLOAD_DIR = Path(env.text("VOICE_UPLOAD_DIR", str(VAR_DIR / "uploads"))).resolve()
VOICE_MODEL_DIR = Path(env.text("VOICE_MODEL_DIR", str(VAR_DIR / "models"))).resolve()
VOICE_OUTPUT_DIR = Path(env.text("VOICE_OUTPUT_DIR", str(VAR_DIR / "output"))).resolve()
WORK_DIR = VAR_DIR / "work"  # what one attempt of a job, or one request, needs while it runs

METRICS_DIR = VAR_DIR / "metrics" / socket.gethostname()  # what the web processes of one machine have counted
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(METRICS_DIR)  # its client looks nowhere else, and when it is imported

for folder in (WORK_DIR, METRICS_DIR, VOICE_UPLOAD_DIR, VOICE_MODEL_DIR, VOICE_OUTPUT_DIR):
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)

# The web
DEBUG = env.flag("DEBUG", False)
HTTPS_ONLY = env.flag("HTTPS_ONLY", False)
HSTS_SECONDS = env.integer("HSTS_SECONDS", 0)
HSTS_SUBDOMAINS = env.flag("HSTS_SUBDOMAINS", False)
HSTS_PRELOAD = env.flag("HSTS_PRELOAD", False)
FORWARDED_ALLOW_IPS = env.items("FORWARDED_ALLOW_IPS", [])
ALLOWED_HOSTS = env.items("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CORS_ALLOWED_ORIGINS = env.origins("CORS_ALLOWED_ORIGINS")
CLIENT_TIMEOUT_S = env.number("CLIENT_TIMEOUT_S", 20.0, within=(0.1, 3600))
CONNECTIONS_PER_ADDRESS = env.integer("CONNECTIONS_PER_ADDRESS", 100)
UPLOADS_AT_ONCE = env.integer("UPLOADS_AT_ONCE", 32)
CSRF_FAILURE_VIEW = "voice.api.exceptions.csrf_failure"
CSRF_TRUSTED_ORIGINS = env.items("CSRF_TRUSTED_ORIGINS", [])
SECRET_KEY = env.text("SECRET_KEY") or local_secret(VAR_DIR, "secret_key")
JWT_SIGNING_KEY = env.text("JWT_SIGNING_KEY") or local_secret(VAR_DIR, "jwt_signing_key")
SECRETS_ARE_LOCAL = not (env.text("SECRET_KEY") and env.text("JWT_SIGNING_KEY"))
REGISTRATION_OPEN = env.flag("REGISTRATION_OPEN", True)
LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", among=("DEBUG", "INFO", "WARNING", "ERROR"))
LOG_FORMAT = env.choice("LOG_FORMAT", "line", among=("line", "json"))
METRICS_TOKEN = env.text("METRICS_TOKEN")
SENTRY_DSN = env.url("SENTRY_DSN", schemes=("http", "https"), hosted=("http", "https"))

# Limits, with the names and defaults of the first description of the feature
MAX_VOICE_FILE_SIZE = env.integer("MAX_VOICE_FILE_SIZE", 10_485_760)
MIN_VOICE_DURATION = env.number("MIN_VOICE_DURATION", 10.0)
MAX_VOICE_DURATION = env.number("MAX_VOICE_DURATION", 300.0)
MAX_SYNTHESIS_TEXT_LENGTH = env.integer("MAX_SYNTHESIS_TEXT_LENGTH", 5000)
TTS_TIMEOUT = env.integer("TTS_TIMEOUT", 60_000)  # milliseconds that `Prefer: wait` may hold an answer
WRITES_PER_HOUR = env.integer("WRITES_PER_HOUR", 20)
LOGINS_PER_MINUTE = env.integer("LOGINS_PER_MINUTE", 10)
JOBS_PER_USER_MAX = env.integer("JOBS_PER_USER_MAX", 100)
QUEUE_DEPTH_MAX = env.integer("QUEUE_DEPTH_MAX", 1000)

# Voices and jobs
VOICE_ENGINE = env.text("VOICE_ENGINE", "embedded")
FFMPEG_UPLOADS = env.flag("FFMPEG_UPLOADS", True)
KEEP_ORIGINAL_UPLOADS = env.flag("KEEP_ORIGINAL_UPLOADS", False)
BLOCKED_AUDIO_SERVED = env.flag("BLOCKED_AUDIO_SERVED", False)
JOB_LEASE_S = env.number("JOB_LEASE_S", 30.0)
JOB_TIMEOUT_S = env.number("JOB_TIMEOUT_S", 900.0, within=(0, 86_400))
JOB_MAX_ATTEMPTS = env.integer("JOB_MAX_ATTEMPTS", 3)
JOB_BACKOFF_S = env.number("JOB_BACKOFF_S", 5.0, within=(0, 86_400))
SWEEP_INTERVAL_S = env.number("SWEEP_INTERVAL_S", 5.0, within=(0, 86_400))

# How long things are kept; 0 days: until somebody deletes them
RETENTION_UPLOAD_DAYS = env.integer("RETENTION_UPLOAD_DAYS", 0, within=(0, 36_500))
RETENTION_AUDIO_DAYS = env.integer("RETENTION_AUDIO_DAYS", 0, within=(0, 36_500))
RETENTION_HISTORY_DAYS = env.integer("RETENTION_HISTORY_DAYS", 0, within=(0, 36_500))
ORPHAN_GRACE_S = env.number("ORPHAN_GRACE_S", 86_400.0, within=(0, 31_536_000))

# What the engines declare in voice/engines/<name>/__init__.py, such as XTTS_DEVICE; voice/apps.py hands it to them
for _engine in engine_specs().values():
    for _setting in _engine.settings:
        globals()[_setting.name] = env.engine_setting(_setting, folder=VAR_DIR)

# Database
DATABASE_URL = env.url("DATABASE_URL", schemes=("postgres", "postgresql", "sqlite"))
SQLITE_IS_USED = not DATABASE_URL or DATABASE_URL.startswith("sqlite")
DATABASES = {"default": environ.Env.db_url_config(DATABASE_URL or f"sqlite:///{VAR_DIR / 'podstream.sqlite3'}")}
if SQLITE_IS_USED:
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",  # writers queue up instead of failing at the upgrade of their lock
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON",
    }
else:
    DATABASES["default"]["HOST"] = unquote(DATABASES["default"]["HOST"])  # a socket's folder: %2Frun%2Fpostgresql
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"].setdefault("OPTIONS", {}).update(
        connect_timeout=5,
        # per process; more threads than this take turns, so that a burst of requests waits instead of failing
        pool={"min_size": 0, "max_size": 20, "timeout": 30},
    )
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "voice.User"

# Redis: broker, cache, progress. Without a URL one is started on a socket under VAR_DIR.
REDIS_URL = env.url("REDIS_URL", schemes=("redis", "rediss", "unix"), hosted=("redis", "rediss"))
REDIS_IS_EMBEDDED = not REDIS_URL
REDIS_URL = REDIS_URL or f"unix://{redis_socket(VAR_DIR)}"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "podstream",
        "OPTIONS": {"pool_class": "voice.redis_client.CachePool"},
    }
}
SWEEP_IN_WORKER = env.flag("SWEEP_IN_WORKER", True)  # any number of sweepers may run beside each other

# Celery: a message is only a wake-up for one more job of a kind; see docs/adr/0001-jobs.md
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_IMPORTS = ("podstream.worker.start", "podstream.worker.steps")
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False  # the lease decides, not the broker
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_PROC_ALIVE_TIMEOUT = 300  # a child reports when its engine is warm; the default of 4 s kills it
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
MOST_GUESTS = 2  # jobs that a worker may do, one within the other, while a longer one gives way to them
# The engine's own deadline comes first. A job that gives way takes as long as all that stand in its worker.
CELERY_TASK_TIME_LIMIT = (2 + MOST_GUESTS) * JOB_TIMEOUT_S + 60
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": int(CELERY_TASK_TIME_LIMIT + 600),
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 2,
    "global_keyprefix": "podstream:",
}
CELERY_TASK_DEFAULT_QUEUE = "maintenance"
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "voice.sweep", "schedule": SWEEP_INTERVAL_S, "options": {"queue": "maintenance", "expires": 60}},
    "cleanup-expired": {
        "task": "voice.cleanup_expired",
        "schedule": crontab(minute=17),  # hourly, so that a promised age is kept to the hour
        "options": {"queue": "maintenance", "expires": 3600},
    },
    "cleanup-orphans": {
        "task": "voice.cleanup_orphans",
        "schedule": crontab(minute=43, hour=3),
        "options": {"queue": "maintenance", "expires": 3600},
    },
}

# Files: folders that web and workers share, or a bucket
STORAGE = env.choice("STORAGE", "local", among=("local", "s3"))
S3_BUCKET = env.text("S3_BUCKET")
S3_ENDPOINT_URL = env.url("S3_ENDPOINT_URL", schemes=("http", "https"), hosted=("http", "https"))
S3_REGION = env.text("S3_REGION")
S3_SIGNED_URL_S = env.integer("S3_SIGNED_URL_S", 0, within=(0, 300))
S3_ACCESS_KEY = env.text("AWS_ACCESS_KEY_ID")
S3_SECRET_KEY = env.text("AWS_SECRET_ACCESS_KEY")


def voice_storage(folder: Path, prefix: str) -> dict[str, Any]:
    """One of the three storages. The module of S3 is imported when it is first used, and so never on a disk."""
    if STORAGE == "local":
        return {"BACKEND": "voice.storage.local.LocalStorage", "OPTIONS": {"location": folder}}
    options = {
        "bucket_name": S3_BUCKET,
        "location": prefix,
        "endpoint_url": S3_ENDPOINT_URL or None,
        "region_name": S3_REGION or None,
        "querystring_expire": S3_SIGNED_URL_S,
        "access_key": S3_ACCESS_KEY or None,  # without, boto3 looks for a role of the machine
        "secret_key": S3_SECRET_KEY or None,
    }
    return {"BACKEND": "voice.storage.s3.S3Storage", "OPTIONS": options}


STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": VAR_DIR}},
    "samples": voice_storage(VOICE_UPLOAD_DIR, "uploads"),
    "models": voice_storage(VOICE_MODEL_DIR, "models"),
    "output": voice_storage(VOICE_OUTPUT_DIR, "output"),
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
FILE_UPLOAD_TEMP_DIR = str(WORK_DIR)
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
FILE_UPLOAD_HANDLERS = ["voice.api.samples.WorkFileUploadHandler"]
UPLOAD_OVERHEAD = 65_536  # what multipart may add to a file of the greatest size
DATA_UPLOAD_MAX_MEMORY_SIZE = 262_144  # JSON: 5,000 code points escaped are 60 KB
DATA_UPLOAD_MAX_NUMBER_FIELDS = 50
DATA_UPLOAD_MAX_NUMBER_FILES = 1

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "corsheaders",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "voice",
    "django.contrib.admin",  # after ours, whose templates go before its own
]
MIDDLEWARE = [
    "voice.api.middleware.RequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "voice.api.pages.StaticFiles",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "podstream.urls"
ASGI_APPLICATION = "podstream.asgi.application"
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # whitenoise warns where it is missing
WHITENOISE_USE_FINDERS = True
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"

# Accounts and tokens
ACCESS_TOKEN_MINUTES = env.integer("ACCESS_TOKEN_MINUTES", 60, within=(1, 525_600))
REFRESH_TOKEN_DAYS = env.integer("REFRESH_TOKEN_DAYS", 14, within=(1, 3650))
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
SIMPLE_JWT = {
    "ALGORITHM": "HS256",
    "SIGNING_KEY": JWT_SIGNING_KEY,
    "AUDIENCE": "podstream-voice",
    "ISSUER": "podstream-voice",
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=ACCESS_TOKEN_MINUTES),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=REFRESH_TOKEN_DAYS),
    "CHECK_REVOKE_TOKEN": True,
    "USER_ID_CLAIM": "sub",
}

# HTTPS: what `check --deploy` asks for, where the operator says that the site is behind TLS
SECURE_SSL_REDIRECT = HTTPS_ONLY
SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics$"]  # probes come from inside, over plain HTTP
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS_ONLY else None
SECURE_HSTS_SECONDS = HSTS_SECONDS
SECURE_HSTS_INCLUDE_SUBDOMAINS = HSTS_SUBDOMAINS
SECURE_HSTS_PRELOAD = HSTS_PRELOAD
SILENCED_SYSTEM_CHECKS = ["security.W004", "security.W005", "security.W021"]  # no HSTS: browsers forget it slowly
SESSION_COOKIE_SECURE = HTTPS_ONLY
CSRF_COOKIE_SECURE = HTTPS_ONLY

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework_simplejwt.authentication.JWTAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["voice.api.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "voice.api.schema.VoiceSchema",
    "EXCEPTION_HANDLER": "voice.api.exceptions.problem_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "PodStream voice",
    "DESCRIPTION": "Self-hosted voice cloning for podcasters: upload a voice, clone it, hear it speak.",
    "VERSION": "0.1.0",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": False},  # else each button has a link in it
    "SWAGGER_UI_FAVICON_HREF": "/static/voice/favicon.svg",
    "COMPONENT_SPLIT_REQUEST": True,
    "COMPONENT_SPLIT_PATCH": False,  # what a PATCH needs stands in its serializer
    "PATH_CONVERTER_OVERRIDES": {
        "uuid": {"type": "string", "format": "uuid", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"},
    },
    "ENUM_NAME_OVERRIDES": {
        "SampleStatusEnum": "voice.models.lifecycle.SampleStatus",
        "VoiceModelStatusEnum": "voice.models.lifecycle.VoiceModelStatus",
        "SynthesisStatusEnum": "voice.models.lifecycle.SynthesisStatus",
    },
}
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_METHODS = ("GET", "HEAD", "POST", "PATCH", "DELETE")
CORS_ALLOW_HEADERS = (
    "accept",
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "prefer",
    "range",
    "x-request-id",
)
CORS_EXPOSE_HEADERS = (
    "Accept-Ranges",
    "Content-Disposition",
    "Content-Range",
    "ETag",
    "Idempotency-Replayed",
    "Location",
    "Preference-Applied",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Retry-After",
    "WWW-Authenticate",
    "X-Request-ID",
)
RATELIMIT_USE_CACHE = "default"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "voice.request_id.RequestIdFilter"}},
    "formatters": {
        "line": {"()": "podstream.log_format.LineFormatter"},
        "json": {"()": "podstream.log_format.JsonFormatter"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["request_id"]}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "uvicorn": {"handlers": [], "propagate": True},  # on a command line it has brought handlers of its own
        "uvicorn.access": {"handlers": [], "propagate": False},  # it logs query strings; ours logs routes
    },
}
