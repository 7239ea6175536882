"""A real S3 endpoint on loopback: moto's server, as a process of its own."""

import atexit
import os
import sys
from pathlib import Path

import httpx

from tests.rig.processes import HOST, Server, answers, free_port

PAGE = 20  # names that it lists at once; Amazon's 1,000 would take a test long to fill


class S3Server:
    """Answers on `url` from the end of its constructor to `stop`."""

    def __init__(self, log: Path) -> None:
        port = free_port()
        self.url = f"http://{HOST}:{port}"
        command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", HOST, "-p", str(port)]
        env = {**os.environ, "MOTO_S3_DEFAULT_MAX_KEYS": str(PAGE)}
        self._server = Server("S3", command, environment=env, log_path=log)
        self._server.start()
        atexit.register(self.stop)  # also where a test run ends before it comes to stopping
        self._server.wait_until_ready(lambda: answers(f"{self.url}/moto-api/"))

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
        self._server.stop(grace_s=0)  # it holds nothing that could be lost
