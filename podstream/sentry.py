"""Reports bugs to a Sentry server if SENTRY_DSN names one: what broke, where, and the request's id.

Everything that breaks is logged, so the log is all that Sentry listens to. Its integrations for Django and Celery
would send requests and arguments along, and what people have their voices say must not leave this house. Messages of
exceptions quote values as well: they stay in our own log, where the request's id finds them.
"""

import logging
import re
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings

from voice.errors import ServiceUnavailable

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

KEPT = frozenset(
    {
        "event_id",
        "timestamp",
        "level",
        "logger",
        "platform",
        "environment",
        "release",
        "server_name",
        "contexts",
        "sdk",
    }
)
FILTERED = "[Filtered]"
OURS = ("voice.", "podstream.")
_CODE = re.compile(r"([a-z0-9_]+): ")  # how a VoiceError's text starts
_HARMLESS = re.compile(r"(?:UUID\(')?(-?\d+(?:\.\d+)?|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:'\))?")


def report_to_sentry() -> None:
    """Tell Sentry about every error that this process logs from now on. Without SENTRY_DSN nothing is imported."""
    if not settings.SENTRY_DSN:
        return
    import sentry_sdk
    from sentry_sdk.integrations.atexit import AtexitIntegration
    from sentry_sdk.integrations.dedupe import DedupeIntegration
    from sentry_sdk.integrations.excepthook import ExcepthookIntegration
    from sentry_sdk.integrations.logging import LoggingIntegration
    from sentry_sdk.integrations.threading import ThreadingIntegration

    sentry_sdk.init(
        settings.SENTRY_DSN,
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[
            LoggingIntegration(level=None, event_level=logging.ERROR),
            ExcepthookIntegration(),
            ThreadingIntegration(),
            DedupeIntegration(),  # a failed request is logged by us and by Django
            AtexitIntegration(callback=lambda pending, timeout: None),  # sends what waits, and says nothing
        ],
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        before_send=event_scrubbed,
    )


def event_scrubbed(event: "Event", hint: "Hint") -> "Event | None":
    """The event with what is known to be harmless, and nothing else; None for what is no bug."""
    found = cast(dict[str, Any], event)
    if _is_expected(found, hint):
        return None
    kept = {name: value for name, value in found.items() if name in KEPT}
    if "exception" in found:
        kept["exception"] = {"values": [_exception(each) for each in found["exception"]["values"]]}
    if "logentry" in found:
        kept["logentry"] = _logentry(found)
    request_id = getattr(hint.get("log_record"), "request_id", "-")
    kept["tags"] = {"request_id": request_id} if request_id != "-" else {}
    return cast("Event", kept)


def _is_expected(event: dict[str, Any], hint: "Hint") -> bool:
    """A part that is away, and what Django writes below an answer that says so."""
    exc_info = hint.get("exc_info")
    if exc_info is None:
        return event.get("logger") == "django.request"
    return isinstance(exc_info[1], ServiceUnavailable)


def _exception(value: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value.get(name) for name in ("type", "module", "mechanism")}
    frames = (value.get("stacktrace") or {}).get("frames", [])
    kept["stacktrace"] = {
        "frames": [{name: part for name, part in frame.items() if name != "vars"} for frame in frames]
    }
    code = _CODE.match(value.get("value") or "")
    is_ours = (value.get("module") or "").startswith(OURS)
    return {**kept, "value": code[1] if code and is_ours else FILTERED}


def _logentry(event: dict[str, Any]) -> dict[str, Any]:
    entry = event["logentry"]
    params = entry.get("params") or []
    has_values_apart = bool(params) or event.get("logger", "").startswith(OURS)
    return {
        "message": entry.get("message", "") if has_values_apart else FILTERED,
        "params": [_param(each) for each in params] if isinstance(params, list | tuple) else [],
    }


def _param(value: object) -> str:
    """A number or an id as it is."""
    found = _HARMLESS.fullmatch(str(value))
    return found[1] if found else FILTERED
