"""The servers that the tests talk to: a real PostgreSQL and a real Redis, from wheels.

A pytest plugin (`-p tests.backends`), because Django's settings are read before any conftest.py. All state is in a
temporary folder. TEST_DATABASE=sqlite runs the same tests on the small size's database, TEST_STORAGE=s3 on a bucket.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.rig.postgresql import Postgresql
from tests.rig.s3_server import S3Server

VAR_DIR = Path(tempfile.mkdtemp(prefix="podstream-test-"))
TEST_DATABASE = os.environ.get("TEST_DATABASE", "postgresql")
TEST_STORAGE = os.environ.get("TEST_STORAGE", "local")
atexit.register(shutil.rmtree, VAR_DIR, ignore_errors=True)  # registered first, so it runs after Redis has stopped


FORGETFUL = {  # nobody wants to see the data again, and many connect to it
    "max_connections": "500",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
}


def _start_postgresql() -> Postgresql | None:
    """One server for all processes of pytest-xdist; pytest-django gives each a database of its own in it."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        os.environ["DATABASE_URL"] = os.environ["TEST_POSTGRESQL_URL"]
        return None
    server = Postgresql(VAR_DIR / "postgresql", FORGETFUL)
    server.start()
    os.environ["DATABASE_URL"] = os.environ["TEST_POSTGRESQL_URL"] = server.url
    return server


def _prepare_environment() -> Postgresql | None:
    os.environ["ENV_FILE"] = os.devnull  # a developer's own .env is not for tests
    os.environ["REDIS_URL"] = ""
    os.environ["VAR_DIR"] = str(VAR_DIR)
    os.environ["SWEEP_IN_WORKER"] = "1"
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    if TEST_DATABASE == "sqlite":
        os.environ["DATABASE_URL"] = f"sqlite:///{VAR_DIR / 'podstream.sqlite3'}"
        return None
    return _start_postgresql()


def _start_s3() -> S3Server | None:
    if TEST_STORAGE != "s3":
        return None
    server = S3Server(VAR_DIR / "s3.log")
    os.environ.update(server.environment(bucket="podstream"))
    return server


_postgresql = _prepare_environment()
_s3 = _start_s3()


def pytest_report_header() -> str:
    return f"backends: {TEST_DATABASE}, files {TEST_STORAGE}, and Redis in {VAR_DIR}"


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    if _s3 is not None:
        _s3.stop()
    if _postgresql is not None:
        _postgresql.stop()
