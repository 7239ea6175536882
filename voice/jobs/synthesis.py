"""The work of a synthesis job: text becomes speech in a voice, sentence by sentence, in bounded memory."""

import time
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from voice.audio.encode import EncodedAudio, SpeechTags, encode
from voice.audio.pcm import PcmWriter
from voice.audio.speech_check import check_output, plausible_duration_s
from voice.engines.base import SpeechChunk, SynthesisParams, VoiceProfile
from voice.engines.registry import engine_get
from voice.errors import Blocked, Conflict, OutputRejected
from voice.jobs.kind import Outcome
from voice.jobs.lease import Lease
from voice.models import Synthesis
from voice.models.lifecycle import SynthesisStatus, advance
from voice.storage import attempt_name, fetch, output_storage, store, voice_model_storage
from voice.text.normalize import normalize_text

STARTED = 0.01
SPEAKING_SHARE, ENCODING_SHARE, CHECKING_SHARE = 0.75, 0.2, 0.05
"""Of the progress bar, by the time that the embedded engine takes for a long text; others speak more slowly."""


def synthesis_run(lease: Lease, folder: Path) -> Outcome:
    """Speak, encode and check one text. Raises OutputRejected if the speech fails its checks."""
    started = time.monotonic()
    synthesis = lease.job.synthesis
    assert synthesis is not None
    text = normalize_text(synthesis.text, synthesis.language, synthesis.markup)
    with closing(_chunks(synthesis, text, lease, folder)) as chunks:  # at once: its sentences hold places in a batch
        pcm = _speak_to(folder / "speech.wav", chunks, lease)
    speech = folder / f"encoded.{synthesis.output_format}"
    encoded = _encoded(pcm, speech, synthesis, lease)
    _check(speech, synthesis, text, lease, rate_hz=encoded.rate_hz)
    name = attempt_name(
        owner_id=synthesis.owner_id,
        resource_id=synthesis.pk,
        attempt=lease.job.attempt,
        suffix=synthesis.output_format,
    )
    file = store(output_storage(), name, speech)

    def write() -> bool:
        return advance(
            synthesis,
            SynthesisStatus.COMPLETED,
            audio_name=file.name,
            size_bytes=encoded.size_bytes,
            rate_hz=encoded.rate_hz,
            duration_s=round(encoded.duration_s, 3),
            processing_s=round(time.monotonic() - started - lease.lent_s, 3),
            completed_at=timezone.now(),
        )

    return Outcome(file, write)


def _chunks(synthesis: Synthesis, text: str, lease: Lease, folder: Path) -> Generator[SpeechChunk, None, None]:
    voice_model = synthesis.voice_model
    if voice_model is None:
        raise Conflict("voice_model_deleted", "The voice model was deleted.")
    if voice_model.is_blocked:
        raise Blocked("model_blocked", f"A moderator has blocked the voice “{voice_model.name}”.")
    profile = VoiceProfile.load(fetch(voice_model_storage(), voice_model.profile_name, folder))
    params = SynthesisParams(
        speed=synthesis.speed,
        seed=synthesis.seed,
        options=synthesis.options,
        heartbeat=lease.heartbeat,
        deadline_s=lease.started_s + settings.CELERY_TASK_TIME_LIMIT,  # the lease's own may move: its reports tell
    )
    return engine_get(voice_model.engine).synthesize(profile, text, synthesis.language, params)


def _speak_to(path: Path, chunks: Generator[SpeechChunk, None, None], lease: Lease) -> Path:
    lease.report(STARTED, "speaking")
    first = next(chunks, None)
    if first is None:
        raise OutputRejected("output_silent", "The engine spoke nothing. Change the text, or tell the operator.")
    with PcmWriter(path, first.waveform.rate_hz) as pcm:
        pcm.append(first.waveform)
        for chunk in chunks:
            pcm.append(chunk.waveform)
            lease.report(STARTED + (SPEAKING_SHARE - STARTED) * chunk.progress, "speaking")
            lease.give_way()
    return path


def _encoded(pcm: Path, target: Path, synthesis: Synthesis, lease: Lease) -> EncodedAudio:
    lease.report(SPEAKING_SHARE, "encoding")
    return encode(
        pcm,
        target,
        output_format=synthesis.output_format,
        tags=_tags(synthesis),
        bitrate_kbps=synthesis.bitrate_kbps,
        on_progress=lambda share: lease.report(SPEAKING_SHARE + ENCODING_SHARE * share, "encoding"),
    )


def _check(speech: Path, synthesis: Synthesis, text: str, lease: Lease, *, rate_hz: int) -> None:
    begun = SPEAKING_SHARE + ENCODING_SHARE
    lease.report(begun, "checking")
    check_output(
        speech,
        output_format=synthesis.output_format,
        expected_duration_s=plausible_duration_s(text, synthesis.language, speed=synthesis.speed),
        rate_hz=rate_hz,
        on_progress=lambda share: lease.report(begun + CHECKING_SHARE * share, "checking"),
    )


def _tags(synthesis: Synthesis) -> SpeechTags:
    return SpeechTags(title=f"{synthesis.voice_model_label}, {synthesis.created_at:%Y-%m-%d %H:%M}")
