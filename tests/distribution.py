"""Distributes tests over the processes of pytest-xdist (`-p tests.distribution`, with `--dist loadscope`).

A file is one unit, because its fixtures are shared. Tests that start servers take long and wait much of it: each of
them is a unit, and they come first, so that no process is left with a long one at the end.
"""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

LIVE_STACK = "the live stack"
ON_THE_LIVE_STACK = [f"tests/project/test_{name}.py" for name in ("demo", "documentation", "stack", "smoke")]
FIRST = [  # those with the longest tests before others
    "tests/project/test_api_load.py",
    "tests/project/test_compose.py",
    *ON_THE_LIVE_STACK,
    "tests/project/test_chaos.py",
    "tests/jobs/test_worker_stop.py",
    "tests/jobs/test_fair_turns.py",
    "tests/jobs/test_worker.py",
    "tests/jobs/test_clocks.py",
    "tests/storage/test_full_disk.py",
    "tests/project/test_production.py",
    "tests/project/test_logs.py",
    "tests/project/test_sentry.py",
    "tests/jobs/test_upkeep_beside_workers.py",
    "tests/jobs/test_worker_health.py",
    "tests/jobs/test_heartbeat.py",
    "tests/api/test_seed_example.py",
    "tests/project/test_web_metrics.py",
    "tests/test_checks.py",
]


def file_of(nodeid: str) -> str:
    return nodeid.partition("::")[0]


def unit_of(nodeid: str) -> str:
    file = file_of(nodeid)
    if file in ON_THE_LIVE_STACK:
        return LIVE_STACK  # or more than one process would start it
    return nodeid if file in FIRST else file


class ServersFirst(LoadScopeScheduling):
    """Gives a process the next unit when it is done with the one before."""

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ServersFirst | None:
    if config.getoption("dist") != "loadscope":
        return None
    config.option.loadscopereorder = False  # it would put the units of one test last
    return ServersFirst(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In the processes of xdist, whose order is the scheduler's."""
    if not hasattr(config, "workerinput"):
        return
    places = {file: place for place, file in enumerate(FIRST)}
    items.sort(key=lambda item: places.get(file_of(item.nodeid), len(places)))
