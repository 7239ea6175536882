"""The Redis and the secrets that the small size brings along."""

import subprocess
import sys
import threading
from pathlib import Path

import redis

from local.local_redis import local_secret, redis_socket
from tests.conftest import ROOT, wait_until

PROGRAM = """
import sys
from pathlib import Path
from local.local_redis import ensure_redis
ensure_redis(Path(sys.argv[1]))
print("up", flush=True)
sys.stdin.readline()
"""


def start(var_dir: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(var_dir)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.communicate("\n", timeout=15)


def client(var_dir: Path) -> redis.Redis:
    return redis.Redis(unix_socket_path=str(redis_socket(var_dir)))


def is_up(var_dir: Path) -> bool:
    with client(var_dir) as connection:
        try:
            return bool(connection.ping())
        except redis.ConnectionError:
            return False


def test_the_last_process_to_end_stops_redis_and_the_data_stays(tmp_path: Path) -> None:
    first, second = start(tmp_path), start(tmp_path)
    with client(tmp_path) as connection:
        connection.set("kept", "yes")
    end(first)
    assert is_up(tmp_path)
    end(second)
    wait_until(lambda: not is_up(tmp_path))
    third = start(tmp_path)
    with client(tmp_path) as connection:
        assert connection.get("kept") == b"yes"
    end(third)


def test_a_redis_left_behind_by_a_killed_process_is_joined_and_stopped_later(tmp_path: Path) -> None:
    killed = start(tmp_path)
    killed.kill()
    killed.communicate()
    assert is_up(tmp_path)
    heir = start(tmp_path)
    end(heir)
    wait_until(lambda: not is_up(tmp_path))


def test_the_data_of_the_redis_before_is_kept(tmp_path: Path) -> None:
    (tmp_path / "redis").mkdir()
    (tmp_path / "redis" / "appendonly.aof").write_bytes(  # as Redis 6.2 wrote it: one file, without a manifest
        b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$4\r\nkept\r\n$3\r\nyes\r\n"
    )
    process = start(tmp_path)
    with client(tmp_path) as connection:
        assert connection.get("kept") == b"yes"
        assert connection.info("server")["valkey_version"].startswith("9.")
    end(process)


def test_the_socket_is_private_and_its_path_short_for_any_folder(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    process = start(deep)
    socket = redis_socket(deep)
    assert len(str(socket)) < 100
    assert socket.parent.stat().st_mode & 0o077 == 0
    end(process)


def test_a_secret_is_made_once_even_in_a_race(tmp_path: Path) -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(local_secret(tmp_path, "key"))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(found[0]) > 60
    assert (tmp_path / "key").stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir()] == ["key"]
