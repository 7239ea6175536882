"""The formats of the log: a line for people, or a JSON object for programs. Neither holds what people said.

PostgreSQL quotes a row that it refuses, texts included, in the DETAIL of its message; the rest of the message says
what was wrong. So both formats leave the DETAIL out, wherever a message or a traceback has one.
"""

import logging
import re
from typing import Any

from pythonjsonlogger.json import JsonFormatter as LibraryJsonFormatter

LINE = "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"
FIELDS = (
    "time",
    "level",
    "logger",
    "message",
    "request_id",
    "method",
    "route",
    "status",
    "duration_ms",
    "user_id",
    "exc_info",
)
_DETAIL = re.compile(r"\nDETAIL: .*?(?=\n\n(?:During handling of|The above exception was)|\Z)", re.DOTALL)


def without_detail(text: str) -> str:
    """A message or a traceback without what PostgreSQL quotes in it."""
    return _DETAIL.sub("", text)


class LineFormatter(logging.Formatter):
    """One line for an event, and its traceback below."""

    def __init__(self) -> None:
        super().__init__(LINE)

    def format(self, record: logging.LogRecord) -> str:
        return without_detail(super().format(record))


class JsonFormatter(LibraryJsonFormatter):
    """One object on a line. Of all that a record may carry along (a request, a task's arguments), only FIELDS."""

    def __init__(self) -> None:
        super().__init__(
            "%(levelname)s %(name)s %(message)s %(request_id)s",
            rename_fields={"levelname": "level", "name": "logger"},
            timestamp="time",
        )

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        kept = {name: log_data[name] for name in FIELDS if log_data.get(name) not in (None, "", "-")}
        return {name: without_detail(value) if isinstance(value, str) else value for name, value in kept.items()}
