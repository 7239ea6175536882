"""The whole way over the REST API with XTTS: web client, PostgreSQL, Redis, and real workers of threads.

The model is tiny and random, and it stops by itself: what it says means nothing, and whose it is can be told exactly.
"""

import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
from django.core.files.uploadedfile import SimpleUploadedFile
from numpy.typing import NDArray
from rest_framework.test import APIClient

from tests.conftest import PASSWORD, wait_until
from tests.engines.speaking import speech_of
from tests.engines.xtts.random_checkpoint import make_checkpoint
from tests.waveforms import flac_bytes, speech_like
from voice.engines.base import VoiceProfile
from voice.engines.registry import engine_configure
from voice.engines.xtts.configuration import XttsConfiguration
from voice.engines.xtts.engine import XttsEngine
from voice.models import Job, Synthesis, User, VoiceModel
from voice.models.lifecycle import JobState, SynthesisStatus
from voice.storage import output_storage, voice_model_storage
from voice.text.normalize import normalize_text

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True), pytest.mark.timeout(1500)]
Server = Callable[..., subprocess.Popen[bytes]]
SENTENCE = "One more sentence is said here. "
LONG_TEXT = SENTENCE * 100
USERS, TEXTS = 20, 5
SAME = 0.9  # the same speech is like itself by more than this, and like other speech by less than 0.5
FAST = 2.0  # halves what the vocoder has to do for many jobs on few cores
MOST_FLIPPED = 2
"""Outputs that may differ from the same speech alone: another batch rounds differently, which once in some ten
thousand draws picks another token; the rest of that sentence is then another take."""


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that says about a second for every sentence."""
    return make_checkpoint(tmp_path_factory.mktemp("xtts-flow"), stops_near=20)


@pytest.fixture(scope="module")
def brief_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that says little more than the third of a second by which a new voice is compared with its speaker."""
    return make_checkpoint(tmp_path_factory.mktemp("xtts-brief"), stops_near=7)


@pytest.fixture
def web(checkpoint: Path) -> Iterator[None]:
    """This process answers as a web process of a server with XTTS does."""
    engine_configure("xtts", XTTS_CHECKPOINT=checkpoint, XTTS_LICENCE_ACCEPTED=True)
    yield
    engine_configure("xtts", XTTS_CHECKPOINT=checkpoint)


@pytest.fixture
def start_xtts(start_worker: Server, checkpoint: Path, web: None) -> Server:
    """Starts workers of threads that prepare, clone and speak; a test needs no second process for the recordings."""
    usual = {
        "VOICE_ENGINE": "xtts",
        "XTTS_CHECKPOINT": str(checkpoint),
        "XTTS_LICENCE_ACCEPTED": "1",
        "XTTS_DEVICE": "cpu",
    }
    return lambda **env: start_worker(16, pool="threads", ready_s=300, **{**usual, **env})


def upload(api: APIClient, *, f0_hz: float = 120.0) -> str:
    content = flac_bytes(speech_like(11.0, 16_000, f0_hz=f0_hz, formant_scale=0.8 + f0_hz / 600, seed=round(f0_hz)))
    form = {"audio": SimpleUploadedFile("me.flac", content)}
    response = api.post("/api/voice/upload", form, format="multipart")
    assert response.status_code == 201, response.content
    return str(response.json()["sample"]["id"])


def clone(api: APIClient, sample_id: str, engine: str = "xtts") -> str:
    body = {"sample_id": sample_id, "name": "Me", "language": "en", "engine": engine}
    response = api.post("/api/voice/clone", body)
    assert response.status_code == 202, response.content
    return str(response.json()["model"]["id"])


def synthesize(api: APIClient, model_id: str, text: str = "Hello there, dear world!", **more: object) -> str:
    response = api.post("/api/voice/synthesize", {"model_id": model_id, "text": text, "output_format": "wav", **more})
    assert response.status_code == 202, response.content
    return str(response.json()["synthesis"]["id"])


def ended(api: APIClient, synthesis_id: str, *, timeout_s: float = 120.0) -> Mapping[str, Any]:
    """The synthesis, once its job has ended."""

    def get() -> Mapping[str, Any]:
        shown: Mapping[str, Any] = api.get(f"/api/voice/history/{synthesis_id}").json()["synthesis"]
        return shown

    wait_until(lambda: get()["status"] in {"completed", "failed", "cancelled"}, timeout_s=timeout_s)
    return get()


def test_from_a_recording_to_speech_in_every_format(api: APIClient, start_xtts: Server, tmp_path: Path) -> None:
    sample_id = upload(api)
    model_id = clone(api, sample_id)
    spoken = {name: synthesize(api, model_id, output_format=name) for name in ("wav", "mp3", "flac", "ogg")}
    embedded = synthesize(api, clone(api, sample_id, engine="embedded"))
    worker = start_xtts()

    for name, synthesis_id in spoken.items():
        synthesis = ended(api, synthesis_id)
        assert synthesis["status"] == "completed", synthesis["error"]
        path = tmp_path / f"speech.{name}"
        path.write_bytes(b"".join(api.get(synthesis["links"]["audio"]).streaming_content))  # type: ignore[attr-defined]
        assert sf.info(path).duration == pytest.approx(synthesis["duration_s"], abs=0.1)
    assert ended(api, embedded)["status"] == "completed", "one worker speaks with both engines"
    model = api.get(f"/api/voice/models/{model_id}").json()["model"]
    assert (model["engine"], model["status"]) == ("xtts", "ready")
    assert 0 <= model["quality"]["similarity"] <= 1

    worker.terminate()
    assert worker.wait(60) == 0
    log = (tmp_path / "worker-0.log").read_text()
    assert log.index("engine xtts 2") < log.index(" ready."), "loaded before the first job"
    assert "engine xtts: " in log.split(" ready.")[1], "what it did and holds is told at the end"
    assert "dear world" not in log


def test_a_cancel_stops_a_text_in_the_middle_of_its_batch(
    api: APIClient, user: User, start_xtts: Server, tmp_path: Path
) -> None:
    model_id = clone(api, upload(api))
    long = synthesize(api, model_id, LONG_TEXT)
    start_xtts()
    wait_until(lambda: Job.objects.get(synthesis=long).phase == "speaking", timeout_s=120)
    assert api.post(f"/api/voice/history/{long}/cancel").json()["synthesis"]["status"] == "cancelled"
    log = tmp_path / "worker-0.log"
    wait_until(lambda: f"job {Job.objects.get(synthesis=long).pk}: stopped" in log.read_text(), timeout_s=10)
    assert ended(api, synthesize(api, model_id))["status"] == "completed"
    assert not output_storage().exists(f"{user.pk}/{long}/1.wav")


def test_a_text_that_takes_too_long_is_given_up_while_its_batch_decodes(
    api: APIClient, start_worker: Server, start_xtts: Server
) -> None:
    model_id = clone(api, upload(api))
    first = start_xtts()
    wait_until(lambda: VoiceModel.objects.get(pk=model_id).status == "ready", timeout_s=120)
    first.kill()
    long = synthesize(api, model_id, LONG_TEXT)
    start_xtts(JOB_TIMEOUT_S="1", JOB_LEASE_S="1")
    synthesis = ended(api, long)
    assert (synthesis["status"], synthesis["error"]["code"]) == ("failed", "timed_out")


def test_another_worker_takes_over_from_one_that_was_killed(api: APIClient, user: User, start_xtts: Server) -> None:
    model_id = clone(api, upload(api))
    long = synthesize(api, model_id, SENTENCE * 10)
    first = start_xtts(JOB_LEASE_S="3")
    wait_until(lambda: Job.objects.get(synthesis=long).phase == "speaking", timeout_s=120)
    first.kill()
    first.wait()
    start_xtts(JOB_LEASE_S="3")
    assert ended(api, long, timeout_s=300)["status"] == "completed"
    assert Job.objects.get(synthesis=long).attempt == 2
    assert output_storage().listdir(f"{user.pk}/{long}")[1] == ["2.wav"]


def test_what_a_hundred_jobs_at_once_say_is_each_its_own(
    api_for: Callable[[User], APIClient], start_xtts: Server, brief_checkpoint: Path
) -> None:
    asked: list[str] = []
    for number in range(USERS):
        api = api_for(User.objects.create_user(f"user{number}", password=PASSWORD))
        model_id = clone(api, upload(api, f0_hz=90.0 + 8 * number))
        asked += [synthesize(api, model_id, text_of(number, each), seed=each, speed=FAST) for each in range(TEXTS)]
    start_xtts(XTTS_CHECKPOINT=str(brief_checkpoint))

    unfinished = Synthesis.objects.exclude(status__in=[SynthesisStatus.COMPLETED, SynthesisStatus.FAILED])
    wait_until(lambda: not unfinished.exists(), timeout_s=900)
    rows = [Synthesis.objects.get(pk=id) for id in asked]
    assert {row.status for row in rows} == {SynthesisStatus.COMPLETED}, {row.error_code for row in rows}
    assert set(Job.objects.values_list("state", "attempt")) == {(JobState.COMPLETED, 1)}

    heard = [read(row) for row in rows]
    assert len({one.tobytes() for one in heard}) == USERS * TEXTS
    alone = list(spoken_alone(rows, brief_checkpoint))
    likeness = likeness_of(heard, alone)
    own = likeness.diagonal()
    of_others = likeness[~np.eye(len(rows), dtype=bool)]
    assert of_others.max() < SAME, "somebody heard what another one asked for"
    assert (own > SAME).sum() >= len(rows) - MOST_FLIPPED, np.sort(own)[:10]


def text_of(user: int, number: int) -> str:
    """A short word of its own for each job."""
    return "BCDFGHJKLMNPQRSTVWXZ"[user] + "aeiou"[number] + "n."


def read(row: Synthesis) -> NDArray[np.float32]:
    with output_storage().open(row.audio_name) as f:
        samples: NDArray[np.float32] = sf.read(f, dtype="float32")[0]
    return samples


def spoken_alone(rows: list[Synthesis], checkpoint: Path) -> Iterator[NDArray[np.float32]]:
    """The same voices, texts and seeds, one after the other in an engine that nobody else uses."""
    engine = XttsEngine(XttsConfiguration(checkpoint, is_licence_accepted=True, device="cpu"))
    for row in rows:
        assert row.voice_model is not None
        with voice_model_storage().open(row.voice_model.profile_name) as f:
            profile = VoiceProfile.load(Path(f.name))
        yield speech_of(engine, profile, normalize_text(row.text, "en"), seed=row.seed, speed=FAST).samples
    engine.close()


def likeness_of(heard: list[NDArray[np.float32]], expected: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """How alike each of `heard` and each of `expected` are, at whatever level; 0 where the lengths differ.

    The cosine of what is left without the mean of all: a vocoder with random weights hums, and by its hum any two
    waveforms are alike to 0.999.
    """
    shortest = min(len(one) for one in (*heard, *expected))
    hum = np.mean([unit(one[:shortest]) for one in expected], axis=0)
    rests = [np.stack([unit(unit(one[:shortest]) - hum) for one in group]) for group in (heard, expected)]
    lengths = [np.array([len(one) for one in group]) for group in (heard, expected)]
    alike: NDArray[np.float32] = (rests[0] @ rests[1].T) * (lengths[0][:, None] == lengths[1])
    return alike


def unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    scaled: NDArray[np.float32] = vector / np.linalg.norm(vector)
    return scaled
