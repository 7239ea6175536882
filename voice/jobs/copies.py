"""Copies of blocked recordings that were here before the block, encoded anew, cut or louder: known by their sound.

What is the same file or the same samples is reached when the block is made (voice/jobs/blocks.py), and what is
uploaded later when it is prepared (voice/jobs/preprocess.py).
"""

import logging
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import uuid4

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from voice.audio.fingerprint import is_same_sound
from voice.jobs.blocks import block_reach
from voice.models import Block, BlockedAudio, SampleSound
from voice.selectors import row_walk

logger = logging.getLogger(__name__)
SETTLED = timedelta(minutes=1)
"""Whoever reads the blocks sees all that are older: longer than a transaction, and than two hosts' clocks differ."""
BUDGET_S = 2.0


def copies_block(*, budget_s: float = BUDGET_S) -> int:
    """Compare recordings with the blocks that they have not been compared with, and block copies. Returns how many.

    Ends after `budget_s`, and the next call goes on. Several processes may do it at once: each begins elsewhere.
    """
    settled = _heard().filter(block__created_at__lt=timezone.now() - SETTLED)
    until = settled.aggregate(at=Max("block__created_at"))["at"]
    if until is None:
        return 0
    blocked, end = 0, time.monotonic() + budget_s
    for sound in _not_compared(until):
        blocked += sum(_reach(block, sound) for block in _blocks_of(sound, until))
        SampleSound.objects.filter(pk=sound.pk).update(compared_until=until)
        if time.monotonic() > end:
            break
    return blocked


def _heard() -> QuerySet[BlockedAudio]:
    return BlockedAudio.objects.exclude(sound=b"")


def _not_compared(until: datetime) -> Iterator[SampleSound]:
    left, start = SampleSound.objects.filter(compared_until__lt=until), uuid4()
    yield from row_walk(left.filter(pk__gte=start))
    yield from row_walk(left.filter(pk__lt=start))


def _blocks_of(sound: SampleSound, until: datetime) -> set[Block]:
    """The blocks made since the last comparison, whose audio this is; without those that reach it already."""
    new = _heard().filter(block__created_at__gt=sound.compared_until, block__created_at__lte=until)
    others = new.exclude(block__in=Block.objects.filter(voicesample=sound.pk)).select_related("block")
    return {audio.block for audio in row_walk(others) if is_same_sound(bytes(sound.bits), bytes(audio.sound))}


def _reach(block: Block, sound: SampleSound) -> bool:
    with transaction.atomic():
        if not Block.objects.filter(pk=block.pk).exists():
            return False  # lifted meanwhile
        block_reach(block, sample_ids=[sound.pk])
    logger.warning("block %s: recording %s was here before it, and is a copy", block.pk, sound.pk)
    return True
