"""The form of log lines, and what never stands in them."""

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import RequestFactory

from podstream.log_format import JsonFormatter, LineFormatter
from voice.models import Synthesis, User
from voice.request_id import RequestIdFilter

SECRET = "The launch code is\n\nDETAIL: twelve"
FORMATTERS: list[Callable[[], logging.Formatter]] = [LineFormatter, JsonFormatter]


def written(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    RequestIdFilter().filter(record)
    return formatter.format(record)


def record_of(message: str, *args: object, **extra: Any) -> logging.LogRecord:
    logger = logging.getLogger("voice.test")
    return logger.makeRecord("voice.test", logging.ERROR, __file__, 1, message, args, None, extra=extra)


def test_a_json_line_has_what_is_needed_to_find_things() -> None:
    line = written(JsonFormatter(), record_of("job %s: %d left", "7", 3))
    assert "\n" not in line
    told = json.loads(line)
    assert told.pop("time").endswith("+00:00")
    assert told == {"level": "ERROR", "logger": "voice.test", "message": "job 7: 3 left"}


def test_a_json_line_carries_no_request_and_no_arguments_along() -> None:
    request = RequestFactory().get("/api/voice/history?q=my-secret-words")
    told = json.loads(written(JsonFormatter(), record_of("x", request=request, data={"args": "my-secret-words"})))
    assert set(told) == {"time", "level", "logger", "message"}


def test_a_message_of_several_lines_is_one_line_of_json() -> None:
    line = written(JsonFormatter(), record_of("one\ntwo\u2028three"))
    assert len(line.splitlines()) == 1
    assert json.loads(line)["message"] == "one\ntwo\u2028three"


@pytest.mark.django_db
@pytest.mark.parametrize("formatter", FORMATTERS)
def test_a_row_that_the_database_refuses_is_not_quoted(user: User, formatter: Callable[[], logging.Formatter]) -> None:
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Synthesis.objects.create(
            owner=user, voice_model_label="x", text=SECRET, language="en", output_format="mp3", speed=9.0
        )
    record = record_of("job broke: %s", refused.value)
    record.exc_info = (type(refused.value), refused.value, refused.tb)
    text = written(formatter(), record)
    assert "launch code" not in text
    assert "twelve" not in text
    assert str(user.pk) not in text
    assert "synthesis_speed_in_range" in text, "what was wrong is told"
    assert "Traceback" in text
    assert text.count("IntegrityError") >= 1, "of both errors, the driver's and Django's"
