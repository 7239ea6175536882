"""A real HTTP server of files in memory that answers ranges, and misbehaves where a test asks for it."""

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class FileServer:
    """The files served at `url`, and how badly they are served.

    `breaks_after`: bytes of an answer after which the connection is closed, once for each entry. `statuses`: answers
    given before any file, one a request. `requests`: method, path and Range of what was asked so far.
    """

    files: dict[str, bytes]
    url: str = ""
    answers_ranges: bool = True
    tells_length: bool = True
    breaks_after: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)


@contextmanager
def serving(files: Mapping[str, bytes]) -> Iterator[FileServer]:
    """A server of `files` by name, on a free port of this machine, until the block ends."""
    served = FileServer(dict(files))
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(served))
    served.url = f"http://127.0.0.1:{server.server_address[1]}/files"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(served: FileServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.rsplit("/", 1)[-1]
            asked = self.headers.get("Range", "")
            served.requests.append((name, asked))
            if served.statuses:
                self._send(served.statuses.pop(0), b"")
            elif name not in served.files:
                self._send(404, b"nothing here")
            else:
                self._send_file(served.files[name], asked)

        def _send_file(self, content: bytes, asked: str) -> None:
            match = re.fullmatch(r"bytes=(\d+)-", asked) if served.answers_ranges else None
            start = int(match[1]) if match else 0
            headers = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if match else {}
            self._send(206 if match else 200, content[start:], headers)

        def _send(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            if served.tells_length:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: served.breaks_after.pop(0)] if body and served.breaks_after else body)
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Keep the test's output clean."""

    return Handler
