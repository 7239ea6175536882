"""Speech: asked for, cancelled, deleted."""

from collections.abc import Mapping

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from voice.audio.formats import FORMATS
from voice.engines.registry import engine_check_language, engine_get
from voice.engines.spec import OptionSpec
from voice.errors import Blocked, Conflict, InvalidRequest, InvalidText, JobCancelled
from voice.jobs.kind import Kind, register
from voice.jobs.line import job_limits_hold
from voice.jobs.transitions import job_cancel, job_create, jobs_lock
from voice.models import Job, JobKind, Synthesis, User, VoiceModel
from voice.models.lifecycle import SynthesisStatus, VoiceModelStatus, advance
from voice.services.idempotency import idempotency_forget
from voice.storage import output_storage, resource_folder
from voice.text.admission import check_script, check_speakable, spoken_length
from voice.text.markup import Markup
from voice.text.normalize import clean_text, length_nfc

CANCELLED = JobCancelled("cancelled", "This was cancelled.")


def synthesis_create(
    *,
    owner: User,
    voice_model: VoiceModel,
    text: str,
    language: str,
    output_format: str,
    markup: str = Markup.PLAIN,
    bitrate_kbps: int | None = None,
    speed: float = 1.0,
    seed: int = 0,
    options: Mapping[str, float] | None = None,
) -> Synthesis:
    """Have a text spoken in a voice that is ready or still being made. Runs in the caller's transaction.

    Raises Blocked, Conflict `model_unusable`, InvalidText, InvalidRequest, EngineUnavailable, and what
    `job_limits_check` raises.
    """
    _check_usable(voice_model)
    language = language or voice_model.language
    engine_check_language(voice_model.engine, language)
    synthesis = Synthesis(
        owner=owner,
        voice_model=voice_model,
        voice_model_label=voice_model.name,
        text=_checked_text(text, language),
        markup=markup,
        language=language,
        output_format=output_format,
        bitrate_kbps=_checked_bitrate(output_format, bitrate_kbps),
        speed=speed,
        seed=seed,
        options=_checked_options(engine_get(voice_model.engine).spec.options, options or {}),
    )
    with transaction.atomic():
        jobs = jobs_lock(Job.objects.filter(voice_model=voice_model))
        if not jobs:
            raise Conflict("voice_model_deleted", "The voice was deleted meanwhile.")
        voice_model.refresh_from_db(fields=["is_blocked", "blocked_reason"])  # whoever blocks it takes this lock first
        _check_allowed(voice_model)
        job_limits_hold(owner=owner)
        synthesis.save(force_insert=True)
        job_create(owner=owner, resource=synthesis, depends_on=jobs)
    return synthesis


def synthesis_cancel(*, synthesis: Synthesis) -> Synthesis:
    """Stop a synthesis that has not ended; one that has is left as it is."""
    with transaction.atomic():
        if job_cancel(job=synthesis.job, error=CANCELLED):
            advance(synthesis, SynthesisStatus.CANCELLED)
    return synthesis


def synthesis_delete(*, synthesis: Synthesis) -> None:
    """Delete an entry of the history and its audio; if it is still being made, stop that."""
    with transaction.atomic():
        job_cancel(job=synthesis.job, error=CANCELLED)
        idempotency_forget(resource=synthesis)
        folder = resource_folder(owner_id=synthesis.owner_id, resource_id=synthesis.pk)
        synthesis.delete()
        transaction.on_commit(lambda: output_storage().delete_folder(folder), robust=True)


def synthesis_audio_remove(*, synthesis: Synthesis) -> bool:
    """Remove the audio of a synthesis and keep its entry. False where it was removed, or deleted, before."""
    name = synthesis.audio_name
    with transaction.atomic():
        now = timezone.now()
        heard = Synthesis.objects.filter(pk=synthesis.pk, audio_name=name).exclude(audio_name="")
        if not heard.update(audio_name="", audio_removed_at=now, updated_at=now):
            return False
        transaction.on_commit(lambda: output_storage().delete(name), robust=True)
    return True


def _check_allowed(voice_model: VoiceModel) -> None:
    if voice_model.is_blocked:
        reason = voice_model.blocked_reason
        raise Blocked("model_blocked", f"A moderator has blocked the voice “{voice_model.name}”. {reason}".strip())


def _check_usable(voice_model: VoiceModel) -> None:
    _check_allowed(voice_model)
    if voice_model.status == VoiceModelStatus.FAILED:
        raise Conflict(
            "model_unusable",
            f"The voice “{voice_model.name}” could not be made: {voice_model.error_message} Clone it again.",
        )


def _checked_text(text: str, language: str) -> str:
    """The text as it is stored. Raises InvalidText for one that cannot be spoken, or is too long in any way."""
    typed, limit = length_nfc(text), settings.MAX_SYNTHESIS_TEXT_LENGTH
    if typed > limit:
        raise InvalidText(
            "text_too_long",
            f"The text has {typed} characters, {limit} are allowed. Send it in parts.",
            details={"length": typed, "limit": limit},
        )
    cleaned = clean_text(text)
    check_speakable(cleaned)
    check_script(cleaned, language)
    spoken = spoken_length(cleaned, language)
    if spoken > limit:
        raise InvalidText(
            "text_too_long",
            f"Read out, with its numbers and signs as words, the text has about {spoken} characters, {limit} are "
            "allowed. Send it in parts.",
            details={"length": typed, "spoken_length": spoken, "limit": limit},
        )
    return cleaned


def _checked_bitrate(output_format: str, bitrate_kbps: int | None) -> int | None:
    allowed = FORMATS[output_format].bitrates_kbps
    if bitrate_kbps is not None and bitrate_kbps not in allowed:
        advice = f"it has: {', '.join(map(str, allowed))}" if allowed else "leave bitrate_kbps out"
        raise InvalidRequest("bitrate_unavailable", f"{output_format} has no bitrate of {bitrate_kbps}: {advice}.")
    return bitrate_kbps


def _checked_options(specs: tuple[OptionSpec, ...], options: Mapping[str, float]) -> dict[str, float]:
    known = {spec.name: spec for spec in specs}
    for name, value in options.items():
        spec = known.get(name)
        if spec is None:
            allowed = ", ".join(known) or "none"
            raise InvalidRequest("option_unknown", f"This engine has no option {name!r}; it has: {allowed}.")
        if not spec.minimum <= value <= spec.maximum:
            raise InvalidRequest(
                "option_out_of_range", f"{name} must be between {spec.minimum} and {spec.maximum}, not {value}."
            )
    return dict(options)


register(
    Kind(
        name=JobKind.SYNTHESIS,
        waits_for=JobKind.CLONE,
        queue="synthesis",
        model=Synthesis,
        link="synthesis",
        noun="synthesis",
        plural="syntheses",
        working=SynthesisStatus.RUNNING,
        done=SynthesisStatus.COMPLETED,
        failed=SynthesisStatus.FAILED,
        storage=output_storage,
        file_fields=("audio_name",),
        main_file="audio_name",
        run="voice.jobs.synthesis.synthesis_run",
        needs_engine=True,
        delete=lambda row: synthesis_delete(synthesis=row),
        lose_file=lambda row: synthesis_audio_remove(synthesis=row),
        retention="RETENTION_HISTORY_DAYS",
        file_retention="RETENTION_AUDIO_DAYS",
    )
)
