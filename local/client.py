"""The REST API over HTTP, as the demo uses it, and with it tests, benchmarks and chaos rows."""

import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

POLL_S = 0.15
JOB_TIMEOUT_S = 900.0
Resource = dict[str, Any]


class ApiRefused(Exception):
    """The server said no; the text is its own explanation."""


class ApiClient:
    """One user on one server. A context manager. As safe in threads as httpx's client, once it has registered."""

    def __init__(self, url: str, *, headers: Mapping[str, str] | None = None) -> None:
        self.http = httpx.Client(base_url=url, headers=headers, timeout=90, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.http.close()

    def register(self) -> dict[str, str]:
        """Make an account with a random name, and act as it from here on. Returns its name and password."""
        account = {"username": f"demo-{secrets.token_hex(6)}", "password": secrets.token_urlsafe(18)}
        answer = self.call("POST", "/api/auth/register", json=account)
        self.http.headers["Authorization"] = f"Bearer {answer['access']}"
        return account

    def upload(self, recording: Path) -> Resource:
        """Upload a recording."""
        return self.create("/api/voice/upload", files={"audio": (recording.name, recording.read_bytes())})

    def clone(self, *, sample_id: str, language: str = "en") -> Resource:
        """Ask for a voice model of the recording."""
        return self.create("/api/voice/clone", json={"sample_id": sample_id, "name": "Demo", "language": language})

    def synthesize(self, *, model_id: str, text: str, language: str = "en", output_format: str = "mp3") -> Resource:
        """Ask for speech."""
        wish = {"model_id": model_id, "text": text, "language": language, "output_format": output_format}
        return self.create("/api/voice/synthesize", json=wish)

    def wait(self, path: str, *, done: str, progress: Callable[[float], None] = lambda share: None) -> Resource:
        """Follow the resource at `path` until its status is `done`. Raises ApiRefused when it ends otherwise."""
        end = time.monotonic() + JOB_TIMEOUT_S
        while time.monotonic() < end:
            (resource,) = self.call("GET", path).values()
            if resource["status"] == done:
                return dict(resource)
            if resource["status"] in {"rejected", "failed", "cancelled"}:
                error = resource.get("error") or {}
                raise ApiRefused(error.get("message") or f"It ended as {resource['status']}.")
            progress(float(resource["progress"]))
            time.sleep(POLL_S)
        raise ApiRefused(f"It was not done after {JOB_TIMEOUT_S:.0f} s.")

    def download(self, path: str, target: Path) -> None:
        """Save an audio file."""
        with self.http.stream("GET", path) as response:
            if response.is_error:
                response.read()
                raise ApiRefused(_explanation(response))
            with target.open("wb") as f:
                for block in response.iter_bytes():
                    f.write(block)

    def create(self, path: str, **body: Any) -> Resource:
        """POST something. Returns what was made of it."""
        (resource,) = self.call("POST", path, **body).values()
        return dict(resource)

    def call(self, method: str, path: str, **arguments: Any) -> Any:
        """The JSON of the answer. Raises ApiRefused where the server says no."""
        response = self.ask(method, path, **arguments)
        if response.is_error:
            raise ApiRefused(_explanation(response))
        return response.json()

    def ask(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """One request, whatever the answer. Raises httpx.HTTPError where there is none."""
        return self.http.request(method, path, **arguments)


def _explanation(response: httpx.Response) -> str:
    """The words of an RFC 9457 problem for a person: its detail, and what is wrong with each field."""
    try:
        problem = response.json()
    except ValueError:
        return f"The server answered {response.status_code}."
    sentences = [str(problem.get("detail") or problem.get("title") or f"The server answered {response.status_code}.")]
    errors = problem.get("errors")
    if isinstance(errors, dict):
        sentences += [f"{field}: {error['message']}" for field, found in errors.items() for error in found]
    return " ".join(sentences)
