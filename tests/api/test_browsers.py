"""What browsers and caches are told: policies, other origins, entity tags, and errors of the pages."""

import re
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.api.rows import completed_synthesis, ready_model, ready_sample
from tests.api.test_problems import assert_problem
from tests.rig.processes import ROOT
from voice.models import Synthesis, User

SCRIPT_OF_DOCS = "/api/docs?script="
STUDIO = "https://studio.example.org"
INLINE = re.compile(r"<style| style=| on[a-z]+=|<script>|javascript:")


@pytest.fixture
def synthesis(user: User) -> Synthesis:
    found: Synthesis = completed_synthesis(user, ready_model(user))
    return found


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/voice/samples", "/api/voice/clone", "/api/auth/me", "/metrics"])
@pytest.mark.parametrize("accept", ["text/html", "application/xml", "nonsense"])
def test_a_stranger_learns_first_that_a_token_is_needed(path: str, accept: str) -> None:
    ask = APIClient().post if path.endswith("clone") else APIClient().get
    response = ask(path, headers={"Accept": accept})
    status, code = (404, "not_found") if path == "/metrics" else (401, "not_authenticated")
    assert_problem(response, status, code)


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/docs", "/api/schema"])
@pytest.mark.parametrize("accept", ["application/yaml", "text/html", "application/json", "image/png"])
def test_errors_of_the_pages_are_problems_whatever_is_accepted(path: str, accept: str) -> None:
    assert_problem(APIClient().post(path, headers={"Accept": accept}), 405, "method_not_allowed")


@pytest.mark.django_db
def test_a_schema_in_another_form_is_not_acceptable() -> None:
    assert_problem(APIClient().get("/api/schema", headers={"Accept": "image/png"}), 406, "not_acceptable")


@pytest.mark.django_db
def test_what_has_not_changed_has_neither_type_nor_length(api: APIClient, synthesis: Synthesis) -> None:
    path = f"/api/voice/history/{synthesis.pk}/audio"
    tag = api.head(path).headers["ETag"]
    answer = api.get(path, headers={"If-None-Match": tag})
    assert (answer.status_code, answer.content) == (304, b"")
    assert not {"Content-Type", "Content-Length"} & set(answer.headers)
    assert answer.headers["ETag"] == tag


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sent", "status"),
    [("{tag}", 200), ("*", 200), ('"a", {tag}', 200), ('"a"', 412), ("W/{tag}", 412), ('"a", "b"', 412), ("", 412)],
)
def test_if_match_is_kept_to(api: APIClient, synthesis: Synthesis, sent: str, status: int) -> None:
    path = f"/api/voice/history/{synthesis.pk}/audio"
    tag = api.head(path).headers["ETag"]
    other = tag if status == 412 else '"x"'  # If-Match is looked at first (RFC 9110, 13.2.2)
    headers = {"If-Match": sent.format(tag=tag), "If-None-Match": other}
    answer = api.head(path, headers=headers)
    assert (answer.status_code, answer.headers["ETag"]) == (status, tag)
    if status == 412:
        assert_problem(api.get(path, headers=headers), 412, "precondition_failed")


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/api/docs", "/admin/login/"])
def test_pages_run_scripts_and_styles_of_their_own_files_only(path: str) -> None:
    answer = APIClient().get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "microphone=()" in answer.headers["Permissions-Policy"]
    body = answer.content.decode()
    assert not INLINE.search(body)


def test_the_admin_works_without_inline_scripts_and_styles(admin_client: Client, user: User) -> None:
    sample = ready_sample(user)
    model = ready_model(user, sample)
    found = completed_synthesis(user, model)
    pages = [f"/admin/voice/{name}/" for name in ("user", "voicesample", "voicemodel", "synthesis", "job")]
    pages += [f"/admin/voice/user/{user.pk}/change/", f"/admin/voice/synthesis/{found.pk}/change/"]
    pages += [
        f"/admin/voice/{name}/{row.pk}/change/" for name, row in (("voicesample", sample), ("voicemodel", model))
    ]
    for path in ("/admin/", *pages, f"/admin/voice/voicesample/{sample.pk}/block/"):
        answer = admin_client.get(path)
        assert answer.status_code == 200, path
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert not INLINE.search(answer.content.decode()), path


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/voice/samples", "/api/schema", "/health/live", "/nope"])
def test_answers_that_are_no_pages_may_do_nothing_in_a_browser(api: APIClient, path: str) -> None:
    answer = api.get(path)
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; base-uri 'none'")
    assert "Permissions-Policy" in answer.headers


@pytest.mark.django_db
def test_the_pages_have_a_language_and_an_icon() -> None:
    for path in ("/", "/api/docs"):
        body = APIClient().get(path).content.decode()
        assert '<html lang="en">' in body
        assert "/static/voice/favicon.svg" in body
    assert APIClient().get("/favicon.ico").headers["Content-Type"] == "image/svg+xml"


@pytest.mark.django_db
def test_the_docs_page_has_one_main_part_and_no_link_in_a_button() -> None:
    answer = APIClient().get("/api/docs")
    assert "<main" not in answer.content.decode()  # Swagger UI brings its own
    assert '"deepLinking": false' in APIClient().get(SCRIPT_OF_DOCS).content.decode()


@pytest.mark.django_db
def test_the_docs_page_prefills_nothing_that_somebody_would_have_to_delete() -> None:
    schema = APIClient().get("/api/schema").json()
    fields = schema["components"]["schemas"]["UploadRequest"]["properties"]
    assert fields["name"]["example"] == ""  # a form without an example is filled with "string", or letters at random
    for path, ways in schema["paths"].items():
        for method, operation in ways.items():
            for asked in operation.get("parameters", []):
                assert "example" not in {**asked, **asked["schema"]}, f"{method} {path} {asked['name']}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_colours_of_the_pages_can_be_read(scheme: str) -> None:
    """The contrast of texts and links on their ground is 4.5:1 or more (WCAG 2.2, 1.4.3)."""
    styles = (ROOT / "voice/static/voice/pages.css").read_text()
    light, dark = styles.split("@media (prefers-color-scheme: dark)")
    chosen = dark if scheme == "dark" else light
    ground = re.findall(r"background: (#\w+)", chosen)[0]
    for colour in re.findall(r"[ {;]color: (#\w+)", chosen):
        assert _contrast(colour, ground) >= 4.5, colour


def test_the_colours_of_the_docs_page_can_be_read() -> None:
    rules = (ROOT / "voice/static/voice/docs.css").read_text()
    methods = re.findall(r"opblock-(\w+) .opblock-summary-method { background: (#\w+)", rules)
    assert {name for name, _ in methods} == {"get", "post", "patch", "delete"}
    for _, ground in methods:
        assert _contrast("#ffffff", ground) >= 4.5, ground


def _contrast(one: str, other: str) -> float:
    bright, dim = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.django_db
def test_no_other_origin_is_let_in_by_default(api: APIClient) -> None:
    answer = api.get("/api/voice/limits", headers={"Origin": STUDIO})
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.django_db
def test_an_origin_that_is_set_may_use_the_api_and_read_its_headers(api: APIClient, settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = [STUDIO]
    answer = api.get("/api/voice/limits", headers={"Origin": STUDIO})
    assert answer.headers["Access-Control-Allow-Origin"] == STUDIO
    assert "Access-Control-Allow-Credentials" not in answer.headers
    exposed = {name.strip() for name in answer.headers["Access-Control-Expose-Headers"].split(",")}
    assert {
        "Location",
        "Retry-After",
        "RateLimit-Remaining",
        "ETag",
        "Idempotency-Replayed",
        "X-Request-ID",
    } <= exposed
    other = api.get("/api/voice/limits", headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in other.headers
    page = api.get("/admin/login/", headers={"Origin": STUDIO})
    assert "Access-Control-Allow-Origin" not in page.headers


@pytest.mark.django_db
def test_a_preflight_names_the_methods_and_headers_that_there_are(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = [STUDIO]
    asked = {
        "Origin": STUDIO,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,idempotency-key,prefer",
    }
    answer: Any = APIClient().options("/api/voice/synthesize", headers=asked)
    assert answer.status_code == 200
    assert {"authorization", "idempotency-key", "prefer"} <= set(
        answer.headers["Access-Control-Allow-Headers"].replace(" ", "").split(",")
    )
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]


@pytest.mark.django_db
def test_an_origin_that_is_set_reads_refusals_too(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = [STUDIO]
    for answer in (
        APIClient().get("/api/voice/limits", headers={"Origin": STUDIO}),
        APIClient().get("/api/nothing", headers={"Origin": STUDIO}),
    ):
        assert answer.status_code in {401, 404}
        assert answer.headers["Access-Control-Allow-Origin"] == STUDIO
