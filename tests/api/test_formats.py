"""The table of formats is all that there is to touch: the product and its documentation follow it."""

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import soundfile as sf
from django.core.management import call_command
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from local.demo import BadWish, wish_from
from tests.conftest import ROOT
from voice.audio.formats import DEFAULT_FORMAT, FORMATS, Format
from voice.jobs.run import job_run_next
from voice.models import Synthesis

AIFF = Format(content_type="audio/aiff", container="AIFF", subtype="PCM_16", tags="libsndfile")


def demo_to(path: Path) -> str:
    return wish_from(sample="", text="", language="en", output=str(path)).output_format


@pytest.mark.django_db(transaction=True)
def test_a_new_format_is_one_entry_of_the_table(
    api: APIClient, upload: Callable[..., Any], recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadWish):
        demo_to(tmp_path / "me.aiff")
    monkeypatch.setitem(FORMATS, "aiff", AIFF)

    sample_id = upload(recording.read_bytes()).json()["sample"]["id"]
    model_id = api.post("/api/voice/clone", {"sample_id": sample_id, "name": "Me", "language": "en"}).json()["model"][
        "id"
    ]
    wish = {"model_id": model_id, "text": "Hello, world!", "output_format": "aiff"}
    url = api.post("/api/voice/synthesize", wish).headers["Location"]
    for kind in ("preprocess", "clone", "synthesis"):
        job_run_next(kind=kind)

    synthesis = api.get(url).json()["synthesis"]
    assert (synthesis["status"], synthesis["output_format"]) == ("completed", "aiff")
    audio = api.get(f"{url}/audio")
    assert audio.headers["Content-Type"] == "audio/aiff"
    with sf.SoundFile(io.BytesIO(b"".join(audio.streaming_content))) as sound:
        assert (sound.format, sound.comment) == ("AIFF", "synthetic speech")
        assert sound.samplerate == synthesis["rate_hz"]
        assert sound.frames / sound.samplerate == pytest.approx(synthesis["duration_s"], abs=0.01)
    assert "aiff" in api.get("/api/voice/limits").json()["limits"]["output_formats"]
    assert "aiff" in str(SchemaGenerator().get_schema(public=True)["components"])
    assert demo_to(tmp_path / "me.aiff") == "aiff"
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_every_format_has_a_name_that_the_database_holds() -> None:
    longest = Synthesis._meta.get_field("output_format").max_length
    assert all(0 < len(name) <= longest for name in FORMATS)
    assert DEFAULT_FORMAT in FORMATS


def test_the_documentation_says_what_the_table_says() -> None:
    def row(name: str, form: Format) -> str:
        bitrates = f" {', '.join(map(str, form.bitrates_kbps))}" if form.bitrates_kbps else ""
        return f"| `{name}` | `{form.content_type}` |{bitrates} | {'yes' if form.tags else 'no'} |"

    rows = "\n".join(row(name, form) for name, form in FORMATS.items())
    assert rows in (ROOT / "docs" / "API.md").read_text()
    for page in (ROOT / "README.md", ROOT / "docs" / "VOICE_CLONING.md"):
        named = [set(re.findall(r"[a-z0-9]+", line)) for line in page.read_text().splitlines() if " · " in line]
        assert any(FORMATS.keys() <= names for names in named), page.name
