"""The web process of the small size: `python -m local.web FD` serves on a socket that the supervisor opened.

Uvicorn's own `--fd` takes every socket for a Unix one, so that asyncio leaves Nagle's algorithm on and small answers
wait 40 ms for the client's delayed acknowledgement.
"""

import os
import socket
import sys

import uvicorn
from django.conf import settings


def main(fd: int) -> None:
    """Serve until SIGTERM; requests that wait for a job are given a moment, then cut off."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "podstream.settings")
    config = uvicorn.Config(
        "podstream.asgi:application",
        access_log=False,  # it would log query strings; voice/api/middleware.py logs routes
        log_config=None,
        http="podstream.connections:Connection",
        timeout_graceful_shutdown=3,
        lifespan="off",
        server_header=False,
        forwarded_allow_ips=settings.FORWARDED_ALLOW_IPS,
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=fd)])


if __name__ == "__main__":
    main(int(sys.argv[1]))
