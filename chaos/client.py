"""A user of the product who insists: sends again, with the same key, until the server has said yes."""

import secrets
import time
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import httpx

from chaos.ledger import Exchange, Expected, Kind, Ledger, Promise

PATIENCE_S = 180.0
RETRY_S = 0.25
MOST_RETRY_AFTER_S = 2.0  # a patient client waits as long as it is told; the rig has less time


class Refused(Exception):
    """The server did not accept what the rig cannot go on without."""


class Podcaster:
    """One account. Safe to use from several threads."""

    def __init__(self, url: str, ledger: Ledger) -> None:
        self.ledger = ledger
        self.model_id = ""
        limits = httpx.Limits(max_connections=64, max_keepalive_connections=16)
        self.http = httpx.Client(base_url=url, timeout=60, trust_env=False, limits=limits)

    def close(self) -> None:
        self.http.close()

    def register(self) -> None:
        """Make an account, and act as it from here on."""
        account = {"username": f"chaos-{secrets.token_hex(6)}", "password": secrets.token_urlsafe(18)}
        answer = self.ask("register", "POST", "/api/auth/register", json=account)
        if answer is None or not answer.is_success:
            raise Refused(f"no account: {answer and answer.text}")
        self.http.headers["Authorization"] = f"Bearer {answer.json()['access']}"

    def clone_voice(self, recording: bytes) -> None:
        """Upload and clone, waiting for nothing. Later texts are spoken in this voice."""
        sample = self.create(Kind.SAMPLE, "/api/voice/upload", files={"audio": ("voice.wav", recording)})
        if sample is None:
            raise Refused("the recording was not accepted")
        wish = {"sample_id": sample["id"], "name": "Chaos", "language": "en"}
        model = self.create(Kind.MODEL, "/api/voice/clone", json=wish)
        if model is None:
            raise Refused("the voice was not accepted")
        self.model_id = model["id"]

    def speak(
        self,
        text: str,
        *,
        output_format: str = "mp3",
        expected: Expected = Expected.COMPLETED,
        patience_s: float = PATIENCE_S,
    ) -> str | None:
        """Ask for speech; its id, or None where the server did not say yes in time."""
        wish = {"model_id": self.model_id, "text": text, "output_format": output_format}
        path = "/api/voice/synthesize"
        synthesis = self.create(Kind.SYNTHESIS, path, expected=expected, patience_s=patience_s, json=wish)
        return None if synthesis is None else str(synthesis["id"])

    def create(
        self,
        kind: Kind,
        path: str,
        *,
        expected: Expected = Expected.COMPLETED,
        patience_s: float = PATIENCE_S,
        **body: Any,
    ) -> Mapping[str, Any] | None:
        """POST until it is acknowledged, always with one Idempotency-Key; once where `patience_s` is 0."""
        key, end, is_uncertain = str(uuid4()), time.monotonic() + patience_s, False
        while True:
            answer = self.ask(kind, "POST", path, headers={"Idempotency-Key": key}, **body)
            if answer is not None and answer.is_success:
                (resource,) = answer.json().values()
                self.ledger.promised(Promise(kind, resource["id"], key, expected))
                return dict(resource)
            is_uncertain |= answer is None
            if time.monotonic() > end:
                break
            time.sleep(_retry_after_s(answer))
        if is_uncertain:
            self.ledger.given_up(key)
        return None

    def ask(self, what: str, method: str, path: str, **arguments: Any) -> httpx.Response | None:
        """One request, noted in the ledger; None where no answer came."""
        started = time.perf_counter()
        try:
            answer = self.http.request(method, path, **arguments)
        except httpx.TransportError:
            self.ledger.answered(Exchange(what, 0, (time.perf_counter() - started) * 1000))
            return None
        ms = (time.perf_counter() - started) * 1000
        code = "" if answer.is_success else _problem_code(answer)
        self.ledger.answered(Exchange(what, answer.status_code, ms, code, "retry-after" in answer.headers))
        return answer


def _retry_after_s(answer: httpx.Response | None) -> float:
    if answer is None or "retry-after" not in answer.headers:
        return RETRY_S
    return min(float(answer.headers["retry-after"]), MOST_RETRY_AFTER_S)


def _problem_code(answer: httpx.Response) -> str:
    try:
        return str(answer.json().get("code", ""))
    except ValueError:
        return answer.text[:80]
