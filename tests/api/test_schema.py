"""The OpenAPI schema is valid and says what the server does."""

from typing import Any

import jsonschema
import pytest
import yaml
from django.core.management import call_command
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema
from rest_framework.test import APIClient

from tests.api.test_isolation import ROUTES


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    found: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return found


def operations(schema: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, each) for path, item in schema["paths"].items() for method, each in item.items()]


def resolvable(schema: dict[str, Any], shape: dict[str, Any]) -> dict[str, Any]:
    return {**shape, "components": schema["components"]}


def test_it_is_valid_and_without_warnings(schema: dict[str, Any], tmp_path: Any) -> None:
    assert schema["openapi"].startswith("3.1.")
    validate_schema(schema)
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yaml"))


def test_it_has_every_route(schema: dict[str, Any]) -> None:
    pages = {"/", "/api/docs", "/api/schema", "/favicon.ico"}
    routes = {(path.replace("<uuid:id>", "{id}"), method) for method, path, _ in ROUTES} - {
        (page, "get") for page in pages
    }
    assert {(path, method) for path, method, _ in operations(schema)} == routes


def test_every_operation_has_a_name_a_summary_and_examples(schema: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(schema)]
    assert len(set(ids)) == len(ids)
    for path, method, operation in operations(schema):
        assert operation["summary"], path
        contents = [operation.get("requestBody", {}).get("content", {})]
        contents += [response.get("content", {}) for response in operation["responses"].values()]
        for content in contents:
            for media_type, described in content.items():
                assert media_type.startswith("audio/") or described.get("examples"), (path, method, media_type)


def test_every_example_fits_its_schema(schema: dict[str, Any]) -> None:
    checked = 0
    for path, method, operation in operations(schema):
        contents = [operation.get("requestBody", {}).get("content", {})]
        contents += [response.get("content", {}) for response in operation["responses"].values()]
        for content in contents:
            for described in content.values():
                for example in described.get("examples", {}).values():
                    try:
                        jsonschema.validate(example["value"], resolvable(schema, described["schema"]))
                    except jsonschema.ValidationError as error:
                        pytest.fail(f"{method} {path}: {error.message}")
                    checked += 1
    assert checked > 100


def test_errors_are_problem_details_and_audio_is_binary(schema: dict[str, Any]) -> None:
    for path, _, operation in operations(schema):
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                assert list(response["content"]) == ["application/problem+json"], (path, status)
    audio = schema["paths"]["/api/voice/history/{id}/audio"]["get"]["responses"]
    assert set(audio["200"]["content"]) == {"audio/mpeg", "audio/wav", "audio/flac", "audio/ogg", "audio/pcm"}
    assert audio["200"]["content"]["audio/mpeg"]["schema"] == {"type": "string", "format": "binary"}


def test_all_but_accounts_and_probes_need_a_token(schema: dict[str, Any]) -> None:
    public = {path for path, _, operation in operations(schema) if {} in operation.get("security", [{}])}
    assert public == {
        "/api/auth/register",
        "/api/auth/token",
        "/api/auth/token/refresh",
        "/api/auth/logout",
        "/health/live",
        "/health/ready",
    }


@pytest.mark.django_db
def test_real_answers_fit_the_schema(schema: dict[str, Any], api: APIClient, user: Any, upload: Any) -> None:
    from tests.api.rows import completed_synthesis, ready_model, ready_sample
    from tests.waveforms import speech_like
    from voice.audio.quality import quality_score

    sample = ready_sample(user, quality=quality_score(speech_like(12.0)).as_json())
    voice_model = ready_model(user, sample)
    synthesis = completed_synthesis(user, voice_model)
    answers = {
        ("/api/voice/upload", "post"): upload(),
        ("/api/voice/samples", "get"): api.get("/api/voice/samples"),
        ("/api/voice/samples/{id}", "get"): api.get(f"/api/voice/samples/{sample.pk}"),
        ("/api/voice/models", "get"): api.get("/api/voice/models"),
        ("/api/voice/models/{id}", "get"): api.get(f"/api/voice/models/{voice_model.pk}"),
        ("/api/voice/history", "get"): api.get("/api/voice/history"),
        ("/api/voice/history/{id}", "get"): api.get(f"/api/voice/history/{synthesis.pk}"),
        ("/api/voice/synthesize", "post"): api.post(
            "/api/voice/synthesize", {"model_id": str(voice_model.pk), "text": "Hello!"}
        ),
        ("/api/voice/clone", "post"): api.post("/api/voice/clone", {}),
        ("/api/voice/limits", "get"): api.get("/api/voice/limits"),
        ("/api/voice/engines", "get"): api.get("/api/voice/engines"),
        ("/api/auth/me", "get"): api.get("/api/auth/me"),
    }
    for (path, method), answer in answers.items():
        described = schema["paths"][path][method]["responses"][str(answer.status_code)]["content"]
        shape = described[answer.headers["Content-Type"]]["schema"]
        jsonschema.validate(answer.json(), resolvable(schema, shape))


def test_it_is_served_as_json_and_as_yaml() -> None:
    client = APIClient()
    as_json = client.get("/api/schema")
    assert as_json.headers["Content-Type"].startswith("application/json")
    as_yaml = client.get("/api/schema", headers={"Accept": "application/yaml"})
    assert yaml.safe_load(as_yaml.content) == as_json.json()
