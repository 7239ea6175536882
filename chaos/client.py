"""A user of the product who insists: sends again, with the same key, until the server has said yes."""

import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from chaos.ledger import Exchange, Expected, Ledger, Promise
from local.client import ApiClient, ApiRefused, Resource

PATIENCE_S = 180.0
RETRY_S = 0.25
MOST_RETRY_AFTER_S = 2.0  # a patient client waits as long as the server asks for; the rig has less time
SYNTHESIZE = "/api/voice/synthesize"


class Podcaster(ApiClient):
    """One account, and a voice. Safe to use from several threads."""

    def __init__(self, url: str, ledger: Ledger) -> None:
        super().__init__(url)
        self.ledger = ledger
        self.model_id = ""

    def clone_voice(self, recording: Path) -> None:
        """Upload and clone, waiting for nothing. Later texts are spoken in this voice."""
        self.model_id = self.clone(sample_id=self.upload(recording)["id"])["id"]

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
        try:
            return str(self.create(SYNTHESIZE, expected=expected, patience_s=patience_s, json=wish)["id"])
        except ApiRefused:
            return None

    def create(
        self, path: str, *, expected: Expected = Expected.COMPLETED, patience_s: float = PATIENCE_S, **body: Any
    ) -> Resource:
        """POST until it is acknowledged, always with one Idempotency-Key; once where `patience_s` is 0."""
        key, end, is_uncertain = str(uuid4()), time.monotonic() + patience_s, False
        while True:
            answer = self._attempt(path, headers={"Idempotency-Key": key}, **body)
            if answer is not None and answer.is_success:
                ((name, resource),) = answer.json().items()
                self.ledger.promised(Promise(name, resource["id"], key, expected))
                return dict(resource)
            is_uncertain |= answer is None
            if time.monotonic() > end:
                break
            time.sleep(_retry_after_s(answer))
        if is_uncertain:
            self.ledger.given_up(key)
        raise ApiRefused(f"POST {path} was not accepted")

    def _attempt(self, path: str, **arguments: Any) -> httpx.Response | None:
        try:
            return self.ask("POST", path, **arguments)
        except httpx.TransportError:
            return None

    def ask(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """One request, noted in the ledger, also where no answer came."""
        what, started = f"{method} {path}", time.perf_counter()
        try:
            answer = super().ask(method, path, **arguments)
        except httpx.TransportError:
            self.ledger.answered(Exchange(what, 0, (time.perf_counter() - started) * 1000))
            raise
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
