"""What a block reaches, and the end of the work that is under way there; and of a deactivated account's."""

import logging
from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from voice.errors import Blocked, Forbidden
from voice.jobs.kind import with_resources
from voice.jobs.transitions import job_fail, jobs_lock
from voice.models import (
    Block,
    BlockedAudio,
    BlockHit,
    Job,
    JobKind,
    Match,
    SampleSound,
    Synthesis,
    User,
    VoiceModel,
    VoiceSample,
)
from voice.models.lifecycle import JOB_TERMINAL, Moderated

logger = logging.getLogger(__name__)
REACHED: tuple[type[Moderated], ...] = (VoiceSample, VoiceModel, Synthesis)
USER_INACTIVE = Forbidden("user_inactive", "This account is deactivated.")


def block_reach(block: Block, *, sample_ids: Collection[UUID] = (), voice_model_ids: Collection[UUID] = ()) -> None:
    """Have a block reach recordings, exact copies of them, voices, and all that was made from these; end their jobs.

    Runs in the caller's transaction. What is made from them meanwhile waits for the lock of its source's job, and then
    finds it blocked.
    """
    samples = _with_copies(sample_ids)
    jobs_lock(Job.objects.filter(sample__in=samples))
    made = VoiceModel.objects.filter(Q(samples__in=samples) | Q(pk__in=voice_model_ids))
    voice_models = set(made.values_list("pk", flat=True))
    jobs_lock(Job.objects.filter(voice_model__in=voice_models))
    syntheses = Synthesis.objects.filter(voice_model__in=voice_models).values_list("pk", flat=True)
    for model, ids in zip(REACHED, (samples, voice_models, syntheses), strict=True):
        _add(block, model, ids)
    _keep_fingerprints(block, samples)
    block_show(block)
    unfinished = Job.objects.filter(
        Q(sample__in=samples) | Q(voice_model__in=voice_models) | Q(synthesis__voice_model__in=voice_models)
    )
    _end_jobs(unfinished, block, clone_code="sample_blocked" if samples else "model_blocked")


def block_show(block: Block, *, is_lifted: bool = False) -> None:
    """Write `is_blocked` and `blocked_reason` of what a block reaches; without this block if it `is_lifted`."""
    for model in REACHED:
        rows_show(model._default_manager.filter(blocks=block), without=block if is_lifted else None)


def rows_show(rows: QuerySet[Any], *, without: Block | None = None) -> None:
    """Write `is_blocked` and `blocked_reason` of rows as their blocks say, the newest one's reason."""
    standing = Block.objects.filter(**{str(rows.model._meta.model_name): OuterRef("pk")})
    if without is not None:
        standing = standing.exclude(pk=without.pk)
    newest = standing.order_by("-created_at", "-id").values("reason")[:1]
    rows.update(
        is_blocked=Exists(standing), blocked_reason=Coalesce(Subquery(newest), Value("")), updated_at=timezone.now()
    )


def _add(block: Block, model: type[Moderated], ids: Iterable[UUID]) -> None:
    link: Any = model.blocks.through
    rows = (link(block_id=block.pk, **{f"{model._meta.model_name}_id": id}) for id in ids)
    link.objects.bulk_create(rows, batch_size=1000, ignore_conflicts=True)


def _with_copies(sample_ids: Collection[UUID]) -> set[UUID]:
    """Recordings, and all whose file or samples are the same."""
    found = VoiceSample.objects.filter(pk__in=sample_ids).values_list("sha256", "pcm_sha256")
    files, pcm = {file for file, _ in found}, {pcm for _, pcm in found if pcm}
    copies = VoiceSample.objects.filter(Q(sha256__in=files) | Q(pcm_sha256__in=pcm))
    return set(copies.values_list("pk", flat=True))


def _keep_fingerprints(block: Block, samples: Collection[UUID]) -> None:
    rows = VoiceSample.objects.filter(pk__in=samples).annotate(
        bits=Subquery(SampleSound.objects.filter(sample=OuterRef("pk")).values("bits"))
    )
    kept = [
        BlockedAudio(block=block, sha256=file, pcm_sha256=pcm, sound=bits or b"")
        for file, pcm, bits in rows.values_list("sha256", "pcm_sha256", "bits")
    ]
    BlockedAudio.objects.bulk_create(kept, ignore_conflicts=True)


def _end_jobs(jobs: QuerySet[Job], block: Block, *, clone_code: str) -> None:
    """Speech first, then voices: each is told the reason itself, not that something which it needs has ended."""
    alive = list(with_resources(jobs.exclude(state__in=JOB_TERMINAL)))
    codes = {JobKind.SYNTHESIS: "model_blocked", JobKind.CLONE: clone_code, JobKind.PREPROCESS: "sample_blocked"}
    for kind, code in codes.items():
        for job in alive:
            if job.kind == kind:
                job_fail(job=job, error=Blocked(code, f"A moderator has blocked this: {block.reason}"))


def hit_note(*, block: Block, user: User, match: Match) -> None:
    """Note that somebody uploaded what is blocked, for moderators to see."""
    hit, is_first = BlockHit.objects.get_or_create(block=block, user=user, match=match)
    if not is_first:
        BlockHit.objects.filter(pk=hit.pk).update(times=F("times") + 1, last_at=timezone.now())
    logger.warning("block %s: uploaded again by user %s (%s)", block.pk, user.pk, match)


def inactive_end(*, owner_id: UUID | None = None) -> int:
    """End all jobs of deactivated accounts, or of one if it is deactivated. Returns how many."""
    inactive = User.objects.filter(is_active=False, **({"pk": owner_id} if owner_id else {}))
    jobs = Job.objects.filter(owner__in=inactive).exclude(state__in=JOB_TERMINAL)
    return sum(job_fail(job=job, error=USER_INACTIVE) for job in with_resources(jobs))
