"""The one family of expected failures.

A `VoiceError` is something that a person can act on: it carries a stable machine-readable `code`, a sentence for
humans and whether trying the same thing again can help. Everything else that is raised is a bug.
`voice/api/exceptions.py` has the one table from kind to status of HTTP; nothing here knows HTTP.
"""

from collections.abc import Mapping
from typing import Any


class VoiceError(Exception):
    """An expected failure.

    `code` is part of the API and never changes its meaning; `message` may be reworded;
    `details` holds JSON-able figures that belong to the message, such as a measured duration.
    """

    retryable = False

    def __init__(self, code: str, message: str, *, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details: dict[str, Any] = dict(details or {})

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class Malformed(VoiceError):
    """A request that cannot be read (400)."""


class NotFound(VoiceError):
    """There is nothing of that name for this user (404)."""


class UnsupportedAudio(VoiceError):
    """The bytes are not an audio file that we read (415)."""


class InvalidAudio(VoiceError):
    """Audio of a known format that cannot be used: broken, hostile, too short, too long (422)."""


class TooLarge(VoiceError):
    """More bytes than the limit (413)."""


class InvalidText(VoiceError):
    """Text that cannot be spoken (422)."""


class InvalidRequest(VoiceError):
    """A request that contradicts itself or the state of the server (422)."""


class WrongPassword(InvalidRequest):
    """The password with which a user confirms something is not the account's (422)."""


class Conflict(VoiceError):
    """The resource is in a state that forbids this (409)."""


class Gone(VoiceError):
    """The resource was deleted (410)."""


class Blocked(VoiceError):
    """A moderator has blocked this voice (403)."""


class NotAuthenticated(VoiceError):
    """Credentials or a token that say nothing for their sender (401)."""


class Forbidden(VoiceError):
    """The operator does not allow this here (403)."""


class EngineError(VoiceError):
    """The speech engine could not do its work."""


class EngineUnavailable(EngineError):
    """The engine is not installed, not licensed or not loaded here (503)."""

    retryable = True


class OutputRejected(EngineError):
    """The engine's output failed its checks: silent, clipped, or of an implausible length.

    Not retryable: the same voice, text and seed would give the same again. An engine that draws at random tries its
    other seeds itself, before it yields.
    """


class ServiceUnavailable(VoiceError):
    """A part that we depend on is away for now (503)."""

    retryable = True


class StorageFull(VoiceError):
    """There is no room for a file or a row (507)."""

    retryable = True


class TooManyJobs(VoiceError):
    """The user has as much unfinished work here as one user may have (429)."""

    retryable = True


class TooManyTries(VoiceError):
    """Too many tries to log in (429); `details["retry_after_s"]` says when the next one counts."""

    retryable = True


class JobCancelled(VoiceError):
    """The user, or a deletion, asked the running job to stop."""


class WorkerStopping(VoiceError):
    """The worker is being stopped: give the job back, and stop."""


class LeaseLost(VoiceError):
    """Another worker owns the job by now: drop what was made and stop."""
