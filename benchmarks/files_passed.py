"""The distinct files of the project that one upload, one clone and one synthesis pass through: the way of a reader.

    python -m benchmarks.files_passed [--json PATH]

Each is a request (with an Idempotency-Key, and a text with a number in it) and its job, in one process, on SQLite and
an embedded Redis. They are warm: whatever is imported or made at the first call is not counted. `sys.setprofile` sees
every function of voice/, podstream/ and local/ that is called. Not counted are the child that decodes uploads, and the
formatter of logs, because nothing below ERROR is logged.
"""

import argparse
import json
import os
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from tests.rig.processes import ROOT
from tests.rig.stacks import stack_environment

PARTS = ("voice", "podstream", "local")
TEXT = "Hello, world. This is sentence 2."


class Journey:
    """A user of the API, whose jobs are done in this process."""

    def __init__(self, recording: Path) -> None:
        from django.test import Client

        self._client, self._recording, self._keys = Client(), recording, 0
        account = {"username": "ada", "password": "a sentence nobody guesses"}
        answer = self._client.post("/api/auth/register", account, content_type="application/json")
        self._headers = {"Authorization": f"Bearer {answer.json()['access']}"}
        self._sample = self._model = ""

    def upload(self) -> None:
        with self._recording.open("rb") as f:
            self._sample = self._do("preprocess", "/api/voice/upload", {"audio": f})

    def clone(self) -> None:
        wish = {"sample_id": self._sample, "name": "Ada", "language": "en"}
        self._model = self._do("clone", "/api/voice/clone", wish, content_type="application/json")

    def synthesize(self) -> None:
        wish = {"model_id": self._model, "text": TEXT}
        self._do("synthesis", "/api/voice/synthesize", wish, content_type="application/json")

    def _do(self, kind: str, path: str, wish: dict[str, Any], **arguments: str) -> str:
        from voice.jobs.run import job_run_next

        self._keys += 1
        headers = {**self._headers, "Idempotency-Key": f"key-{self._keys}"}
        answer = self._client.post(path, wish, headers=headers, **arguments)
        assert answer.status_code in (201, 202), answer.content
        job_run_next(kind=kind)
        (resource,) = answer.json().values()
        return str(resource["id"])

    def assert_all_is_done(self) -> None:
        """Every job has ended well: nothing was counted that stopped half-way."""
        from voice.models import Job

        assert set(Job.objects.values_list("state", flat=True)) == {"completed"}


def files_of(call: Callable[[], None]) -> list[str]:
    """The files of the project of which a function was called meanwhile, in this thread and those that it started."""
    names: set[str] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            names.add(frame.f_code.co_filename)

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    folders = tuple(f"{ROOT / part}{os.sep}" for part in PARTS)
    return sorted(str(Path(name).relative_to(ROOT)) for name in names if name.startswith(folders))


def measure(folder: Path) -> dict[str, list[str]]:
    """The files of each, by its name. Gives this process the environment of a fresh installation in `folder`."""
    os.environ.clear()
    os.environ.update(stack_environment(folder / "var", ALLOWED_HOSTS="testserver", LOG_LEVEL="ERROR"))
    os.environ["DJANGO_SETTINGS_MODULE"] = "podstream.settings"
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from local.demo_voice import demo_recording
    from local.local_redis import ensure_redis

    ensure_redis(settings.VAR_DIR)
    call_command("migrate", verbosity=0)
    demo_recording(folder / "recording.wav")
    journey = Journey(folder / "recording.wav")
    steps = (journey.upload, journey.clone, journey.synthesize)
    for step in steps:
        step()
    found = {step.__name__: files_of(step) for step in steps}
    journey.assert_all_is_done()
    return found


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", type=Path, help="write the files here as well")
    target = parser.parse_args().json
    with tempfile.TemporaryDirectory(prefix="podstream-files-", ignore_cleanup_errors=True) as folder:
        found = measure(Path(folder))
        for name, files in found.items():
            print(f"{name}: {len(files)} files\n  " + "\n  ".join(files))
        if target:
            target.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
