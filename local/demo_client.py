"""The REST API as the demo uses it, over HTTP like any other client."""

import secrets
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

POLL_S = 0.15
JOB_TIMEOUT_S = 900.0
Resource = dict[str, Any]


class ApiRefused(Exception):
    """The server said no; the text is its own explanation."""


class DemoClient:
    """A user that exists for one demo. Use it as a context manager; not for several threads."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=60, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._http.close()

    def register(self) -> None:
        """Make an account with a random name, and act as it from here on."""
        account = {"username": f"demo-{secrets.token_hex(6)}", "password": secrets.token_urlsafe(18)}
        answer = self._call("POST", "/api/auth/register", json=account)
        self._http.headers["Authorization"] = f"Bearer {answer['access']}"

    def upload(self, path: Path) -> Resource:
        """Upload a recording."""
        with path.open("rb") as f:
            answer = self._call("POST", "/api/voice/upload", files={"audio": (path.name, f)})
        return dict(answer["sample"])

    def clone(self, *, sample_id: str, language: str) -> Resource:
        """Ask for a voice model of the recording."""
        wish = {"sample_id": sample_id, "name": "Demo", "language": language}
        return dict(self._call("POST", "/api/voice/clone", json=wish)["model"])

    def synthesize(self, *, model_id: str, text: str, language: str, output_format: str) -> Resource:
        """Ask for speech."""
        wish = {"model_id": model_id, "text": text, "language": language, "output_format": output_format}
        return dict(self._call("POST", "/api/voice/synthesize", json=wish)["synthesis"])

    def wait(self, path: str, *, done: str, progress: Callable[[float], None]) -> Resource:
        """Follow the resource at `path` until its status is `done`. Raises ApiRefused when it ends otherwise."""
        end = time.monotonic() + JOB_TIMEOUT_S
        while time.monotonic() < end:
            (resource,) = self._call("GET", path).values()
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
        with self._http.stream("GET", path) as response:
            if response.is_error:
                response.read()
                raise ApiRefused(_explanation(response))
            with target.open("wb") as f:
                for block in response.iter_bytes():
                    f.write(block)

    def _call(self, method: str, path: str, **arguments: Any) -> Any:
        response = self._http.request(method, path, **arguments)
        if response.is_error:
            raise ApiRefused(_explanation(response))
        return response.json()


def _explanation(response: httpx.Response) -> str:
    """What an RFC 9457 problem says to a person: its detail, and what is wrong with each field."""
    try:
        problem = response.json()
    except ValueError:
        return f"The server answered {response.status_code}."
    sentences = [str(problem.get("detail") or problem.get("title") or f"The server answered {response.status_code}.")]
    errors = problem.get("errors")
    if isinstance(errors, dict):
        sentences += [f"{field}: {error['message']}" for field, found in errors.items() for error in found]
    return " ".join(sentences)
