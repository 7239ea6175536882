"""The work of a clone job: reference audio becomes a voice profile."""

from pathlib import Path

import numpy as np

from voice.audio.pcm import read_reference
from voice.audio.waveform import Waveform
from voice.engines.base import SpeechEngine, SynthesisParams, VoiceProfile
from voice.engines.registry import engine_get
from voice.engines.spec import EXAMPLE_TEXTS
from voice.errors import Blocked, Conflict, EngineError
from voice.jobs.kind import Outcome
from voice.jobs.lease import Lease
from voice.models import VoiceModel, VoiceSample
from voice.models.lifecycle import VoiceModelStatus, advance
from voice.storage import StoredFile, attempt_name, fetch, sample_storage, store, voice_model_storage
from voice.text.split import split_sentences


class VoiceSilent(EngineError):
    """A new voice said nothing at first. An engine that draws at random may say something with another seed."""

    retryable = True

    def __init__(self) -> None:
        super().__init__("voice_silent", "The new voice said nothing that could be heard. Try again, or record anew.")


def clone_run(lease: Lease, folder: Path) -> Outcome:
    """Clone a voice from the samples of its model. Raises EngineError where they do not suffice."""
    voice_model = lease.job.voice_model
    assert voice_model is not None
    lease.report(0.05, "reading")
    samples = _usable_samples(voice_model)
    references = [read_reference(fetch(sample_storage(), sample.audio_name, folder)) for sample in samples]
    lease.report(0.2, "cloning")
    engine = engine_get(voice_model.engine)
    profile = engine.clone(references, voice_model.language)
    lease.report(0.7, "comparing")
    similarity = _similarity(engine, profile, voice_model.language, lease)
    lease.report(0.9, "storing")
    file = _stored(profile, voice_model, attempt=lease.job.attempt, folder=folder)
    quality = {
        "similarity": round(similarity, 3),
        "reference_duration_s": round(sum(reference.duration_s for reference in references), 3),
        "sample_score": min((sample.quality or {}).get("score", 0) for sample in samples),
    }

    def write() -> bool:
        return advance(
            voice_model,
            VoiceModelStatus.READY,
            profile_name=file.name,
            engine_version=profile.engine_version,
            quality=quality,
        )

    return Outcome(file, write)


def _usable_samples(voice_model: VoiceModel) -> list[VoiceSample]:
    samples = list(voice_model.samples.order_by("created_at", "id"))
    if not samples:
        raise Conflict("sample_deleted", "The recordings of this voice were deleted before it was made.")
    if any(sample.is_blocked for sample in samples):
        raise Blocked("sample_blocked", "A moderator has blocked a recording of this voice.")
    return samples


def _stored(profile: VoiceProfile, voice_model: VoiceModel, *, attempt: int, folder: Path) -> StoredFile:
    path = folder / "profile.safetensors"
    profile.save(path)
    name = attempt_name(
        owner_id=voice_model.owner_id, resource_id=voice_model.pk, attempt=attempt, suffix="safetensors"
    )
    return store(voice_model_storage(), name, path)


def _similarity(engine: SpeechEngine, profile: VoiceProfile, language: str, lease: Lease) -> float:
    """The likeness of the new voice to its speaker, 0 to 1. Raises VoiceSilent if it said too little to judge."""
    try:
        return engine.similarity(profile, _first_words(engine, profile, language, lease))
    except EngineError as error:
        if error.code not in ("reference_unusable", "output_silent"):
            raise
        raise VoiceSilent from error  # of what was generated: the recording is not to blame


def _first_words(engine: SpeechEngine, profile: VoiceProfile, language: str, lease: Lease) -> Waveform:
    """The first sentence of the new voice, to be compared with the speaker."""
    sentence = split_sentences(EXAMPLE_TEXTS[language], language, limit_chars=250)[0]
    params = SynthesisParams(seed=lease.job.attempt, heartbeat=lease.heartbeat, deadline_s=lease.deadline_s)
    chunks = [chunk.waveform for chunk in engine.synthesize(profile, sentence, language, params)]
    return Waveform(np.concatenate([chunk.samples for chunk in chunks]), chunks[0].rate_hz)
