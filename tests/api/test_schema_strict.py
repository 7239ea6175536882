"""The schema is as strict as the server: requests made from it, right ones and wrong ones.

What the schema refuses is refused with a 4xx, so a generated client fails before it asks; and what the schema allows
is never refused as malformed. Only meaning is judged beyond it: who has a name, in which language a text is.
"""

import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import schemathesis
from django.core.files.uploadedfile import SimpleUploadedFile
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema_rs import validator_for
from pytest_django import Settings
from rest_framework.test import APIClient
from schemathesis import Case, GenerationMode

from tests.api.rows import completed_synthesis, ready_model, ready_sample
from voice.engines.spec import LANGUAGES
from voice.models import User

pytestmark = pytest.mark.django_db
FORM = "multipart/form-data"
EXAMPLES = settings(
    max_examples=25, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
MEANT = {  # what a schema cannot say: the answer depends on other rows, on settings, or on what a text means
    *("username_taken", "mixed_scripts", "username_reserved", "wrong_password", "not_found", "overflow"),
    *("password_too_short", "password_too_common", "password_entirely_numeric", "password_too_similar"),
    *("text_unspeakable", "text_too_long", "text_empty", "language_mismatch", "language_unsupported", "duplicate"),
    *("bitrate_unavailable", "option_unknown", "option_out_of_range", "engine_unavailable", "token_not_valid"),
    *("bad_credentials", "not_authenticated", "too_many_tries", "account_has_powers", "idempotency_key_reused"),
}


@cache
def api_schema() -> Any:
    return schemathesis.openapi.from_dict(SchemaGenerator().get_schema(request=None, public=True))


def names() -> list[tuple[str, str]]:
    return [(path, method) for path, item in api_schema().raw_schema["paths"].items() for method in item]


@pytest.fixture(autouse=True)
def no_limits(settings: Settings) -> None:
    settings.WRITES_PER_HOUR = settings.LOGINS_PER_MINUTE = settings.JOBS_PER_USER_MAX = 100_000


def asked(client: APIClient, case: Case) -> Any:
    """The answer to a case. A query or a header that is no text goes as JSON writes it."""
    path = case.path
    for name, value in (case.path_parameters or {}).items():
        path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
    query = {name: text_of(value) for name, value in (case.query or {}).items()}
    headers = {name: text_of(value) for name, value in (case.headers or {}).items()}
    ask: Callable[..., Any] = getattr(client, case.method.lower())
    if case.method in {"GET", "DELETE"}:
        return ask(f"{path}?{urlencode(query)}", headers=headers)
    if case.media_type == FORM:
        fields = case.body if isinstance(case.body, dict) else {}
        return ask(path, form_of(fields), format="multipart", headers=headers)
    body = json.dumps(case.body) if isinstance(case.body, dict | list | str | int | float | None) else ""
    return ask(path, body, content_type="application/json", headers=headers)


def text_of(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def form_of(fields: dict[str, Any]) -> dict[str, Any]:
    audio = {"audio": SimpleUploadedFile("a.wav", b"RIFF")} if "audio" in fields else {}
    return {**{name: text_of(value) for name, value in fields.items()}, **audio}


def codes_of(answer: Any) -> set[str]:
    problem = answer.json()
    inner = {each["code"] for found in problem.get("errors", {}).values() for each in found}
    return inner or {problem["code"]}


@pytest.mark.parametrize(("path", "method"), names())
def test_what_the_schema_allows_is_not_refused_as_malformed(api: APIClient, path: str, method: str) -> None:
    operation = api_schema()[path][method.upper()]

    @EXAMPLES
    @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
    def check(case: Case) -> None:
        answer = asked(api, case)
        assert answer.status_code < 500 or answer.json()["code"] in {"not_ready", "engine_unavailable"}
        if answer.status_code in {400, 415, 422} and case.media_type != FORM:
            meant = MEANT | ({"invalid"} if has_odd_username(case.body) else set())
            assert codes_of(answer) <= meant, (case.body, case.query, case.headers, answer.json())

    check()


def has_odd_username(body: Any) -> bool:
    """One with signs from a block of letters: the schema names the blocks, and not each letter."""
    return isinstance(body, dict) and not str(body.get("username", "")).isascii()


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)
SPOILT: tuple[Callable[[str], str], ...] = (
    lambda word: word + "\0",
    lambda word: f" {word}",
    lambda word: f"{word}\n",
    lambda word: word.upper(),
    lambda word: word.replace("-", ""),
    lambda word: word[:-1],
    lambda word: 300 * word,
    lambda word: " " * len(word),
)


@st.composite
def spoilt(draw: st.DrawFn, good: dict[str, Any], known: list[str]) -> Any:
    """A body that was good: something is missing, too much, or another value."""
    kind = draw(st.sampled_from(("missing", "unknown", "value", "word", "all")))
    name = draw(st.sampled_from(sorted({*good, *known})))
    match kind:
        case "missing":
            return {each: value for each, value in good.items() if each != name}
        case "unknown":
            return {**good, draw(st.text(max_size=12)): draw(JSON)}
        case "value":
            return {**good, name: draw(JSON)}
        case "word":
            spoil = draw(st.sampled_from(SPOILT))
            return {each: spoil(value) if isinstance(value, str) else value for each, value in good.items()}
    return draw(JSON)


BODIES = [
    (path, method)
    for path, method in names()
    if "application/json" in api_schema().raw_schema["paths"][path][method].get("requestBody", {}).get("content", {})
]


@pytest.mark.parametrize(("path", "method"), BODIES)
def test_a_body_that_the_schema_refuses_is_refused(api: APIClient, user: User, path: str, method: str) -> None:
    raw = api_schema().raw_schema
    shape = raw["paths"][path][method]["requestBody"]["content"]["application/json"]
    own = raw["components"]["schemas"][shape["schema"]["$ref"].rpartition("/")[2]]
    fits = validator_for({**shape["schema"], "components": raw["components"]}, validate_formats=True).is_valid
    good = [example["value"] for example in shape["examples"].values()]
    refused = 0
    row = ready_sample(user) if "samples" in path else ready_model(user)

    @EXAMPLES
    @given(body=st.one_of(spoilt(each, list(own["properties"])) for each in good))
    def check(body: Any) -> None:
        nonlocal refused
        if fits(body) or (isinstance(body, dict) and is_language(body.get("language"))):
            return
        refused += 1
        ask = getattr(api, method)
        answer = ask(path.replace("{id}", str(row.pk)), json.dumps(body), content_type="application/json")
        assert answer.status_code in {400, 422}, (body, answer.status_code)

    check()
    assert refused > 5


def is_language(value: Any) -> bool:
    """Languages are understood in capitals too, though the schema names them in one way."""
    return isinstance(value, str) and value != value.lower() and value.lower() in LANGUAGES


PARAMETERS = [
    (path, method, each)
    for path, method in names()
    for each in api_schema().raw_schema["paths"][path][method].get("parameters", [])
    if each["in"] == "query" or each["name"] == "Idempotency-Key"
]


@pytest.mark.parametrize(("path", "method", "parameter"), PARAMETERS, ids=lambda each: str(each)[:60])
def test_a_parameter_that_the_schema_refuses_is_refused(
    api: APIClient, user: User, path: str, method: str, parameter: dict[str, Any]
) -> None:
    fits = validator_for(parameter["schema"], validate_formats=True).is_valid
    row = completed_synthesis(user) if "history" in path else ready_sample(user)
    row = ready_model(user) if "models" in path else row
    is_header, is_number = parameter["in"] == "header", parameter["schema"].get("type") == "integer"
    letters = (
        st.characters(min_codepoint=32, max_codepoint=255) if is_header else st.characters(exclude_categories=["Cs"])
    )
    words = st.text(letters, max_size=12) | st.sampled_from(NEAR_MISSES) | st.text("0123456789-+.", max_size=4)

    @EXAMPLES
    @given(word=words)
    def check(word: str) -> None:
        value: Any = int(word) if is_number and re.fullmatch("-?[0-9]+", word, re.ASCII) else word
        if fits(value):
            return
        at = path.replace("{id}", str(row.pk))
        if is_header:
            answer = getattr(api, method)(at, {}, headers={parameter["name"]: word})
            assert (answer.status_code, answer.json()["code"]) == (400, "invalid_idempotency_key"), word
        else:
            answer = getattr(api, method)(f"{at}?{urlencode({parameter['name']: word})}")
            assert (answer.status_code, list(answer.json()["errors"])) == (422, [parameter["name"]]), word

    check()


NEAR_MISSES = (
    *("", " ", "0", "-1", "1.0", "+1", "1_0", " 1", "\u0661", "1000000001", "101", "True", "yes", "on", "null", "t"),
    *("2026-11-22T12:00:00", "2026-11-22 12:00:00Z", "2026-W47-7", "20261122", "2026-11-22T12:00Z", "2026-13-01"),
    *("a\0b", "\0", 256 * "k", "0b9d6f3e5f0f4c9e9d0c0f6f6f1b7a11", "{0b9d6f3e-5f0f-4c9e-9d0c-0f6f6f1b7a11}"),
)
