"""A real S3 endpoint on loopback: moto's server, as a process of its own."""

import atexit
import os
import subprocess
import sys
import time
from pathlib import Path
from socket import create_server

import httpx

PAGE = 20  # names that it lists at once; Amazon's 1,000 would take a test long to fill


class S3Server:
    """Answers on `url` from the end of its constructor to `stop`."""

    def __init__(self, log: Path) -> None:
        with create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        env = {**os.environ, "MOTO_S3_DEFAULT_MAX_KEYS": str(PAGE)}
        with log.open("wb") as f:
            self.process = subprocess.Popen(command, env=env, stdout=f, stderr=f, stdin=subprocess.DEVNULL)
        atexit.register(self.stop)  # also where a test run ends before it comes to stopping
        self._wait(log)

    def make_bucket(self, name: str) -> None:
        """A private bucket in us-east-1."""
        httpx.put(f"{self.url}/{name}", timeout=20).raise_for_status()

    def environment(self, *, bucket: str) -> dict[str, str]:
        """A new bucket, and the settings that make the product use it."""
        self.make_bucket(bucket)
        key = {"AWS_ACCESS_KEY_ID": "test-key", "AWS_SECRET_ACCESS_KEY": "test-secret"}
        return {"STORAGE": "s3", "S3_BUCKET": bucket, "S3_ENDPOINT_URL": self.url, "S3_REGION": "us-east-1", **key}

    def stop(self) -> None:
        """End the process; all buckets are gone."""
        self.process.kill()  # it holds nothing that could be lost
        self.process.wait()

    def _wait(self, log: Path) -> None:
        end = time.monotonic() + 60
        while True:
            try:
                httpx.get(f"{self.url}/moto-api/", timeout=5)
            except httpx.HTTPError as error:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise AssertionError(log.read_text()) from error
                time.sleep(0.1)
            else:
                return
