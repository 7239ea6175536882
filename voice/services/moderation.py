"""Blocking voices: the owner still sees what a block reaches, and why; nobody can use it, nor upload it again."""

import logging
from typing import Any

from django.db import transaction
from django.utils import timezone

from voice.jobs.blocks import block_reach, block_show, inactive_end, rows_show
from voice.models import Block, BlockedAudio, SampleSound, User, VoiceModel, VoiceSample

logger = logging.getLogger(__name__)


def voice_block(
    *,
    row: VoiceSample | VoiceModel,
    reason: str,
    note: str = "",
    made_by: User | None = None,
    with_recordings: bool = False,
) -> Block:
    """Keep a recording from being cloned, or a voice from speaking, and what was made from it; end their jobs at once.

    Copies of a blocked recording are reached as well, and known again when they are uploaded. `with_recordings`: also
    block those that a voice was made from, with all other voices that were.
    """
    with transaction.atomic():
        block = Block(reason=reason, note=note, made_by=made_by)
        if isinstance(row, VoiceSample):
            block.sample = row
            recordings = [row.pk]
        else:
            block.voice_model = row
            recordings = list(row.samples.values_list("pk", flat=True)) if with_recordings else []
        block.save(force_insert=True)
        voices = [] if isinstance(row, VoiceSample) else [row.pk]
        block_reach(block, sample_ids=recordings, voice_model_ids=voices)
    logger.info("block %s: made of %s", block.pk, row)
    return block


def voice_allow(*, row: VoiceSample | VoiceModel) -> None:
    """Lift the blocks that were made of a recording or voice, and except it from those that reached it otherwise."""
    own = {"sample": row} if isinstance(row, VoiceSample) else {"voice_model": row}
    with transaction.atomic():
        for block in Block.objects.filter(**own):
            block_lift(block=block)
        for block in row.blocks.all():
            _except(block, row)


def block_lift(*, block: Block) -> None:
    """Delete a block: what it reached can be used again unless another one stands, and its audio be uploaded."""
    with transaction.atomic():
        block_show(block, is_lifted=True)
        logger.info("block %s: lifted", block.pk)
        block.delete()


def _except(block: Block, row: VoiceSample | VoiceModel) -> None:
    """Take a row, and what was made from it, out of the reach of a block."""
    reached: list[Any] = [row]
    if isinstance(row, VoiceSample):
        BlockedAudio.objects.filter(block=block, sha256=row.sha256).delete()
        SampleSound.objects.filter(sample=row).update(compared_until=timezone.now())  # no sweep takes it back
        reached += row.voice_models.filter(blocks=block)
    for voice_model in [each for each in reached if isinstance(each, VoiceModel)]:
        reached += voice_model.syntheses.filter(blocks=block)
    for each in reached:
        each.blocks.remove(block)
        rows_show(type(each)._default_manager.filter(pk=each.pk))


def user_deactivate(*, user: User) -> None:
    """Let nobody log in to an account, and end its jobs at once. Whoever gets it back sends them again."""
    User.objects.filter(pk=user.pk).update(is_active=False)
    user.is_active = False
    ended = inactive_end(owner_id=user.pk)
    logger.info("user %s: deactivated, %d jobs ended", user.pk, ended)
