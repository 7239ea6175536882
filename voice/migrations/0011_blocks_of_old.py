"""A block for every recording and voice that was blocked before blocks had rows of their own."""

from collections.abc import Iterable
from typing import Any

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def make_blocks(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """What an old block reaches from now on: also what was made from it, and copies of the same file."""
    names = ("Block", "BlockedAudio", "VoiceSample", "VoiceModel", "Synthesis")
    block, audio, sample, voice_model, synthesis = (apps.get_model("voice", name) for name in names)
    for row in sample.objects.filter(is_blocked=True).iterator():
        made = block.objects.create(reason=row.blocked_reason or "Blocked by a moderator.", sample=row)
        audio.objects.create(block=made, sha256=row.sha256)
        samples = sample.objects.filter(sha256=row.sha256)
        voices = list(voice_model.objects.filter(samples__in=samples).distinct())
        _reach(made, {"voicesample": samples, "voicemodel": voices}, synthesis)
    for row in voice_model.objects.filter(is_blocked=True, blocks=None).iterator():
        made = block.objects.create(reason=row.blocked_reason or "Blocked by a moderator.", voice_model=row)
        _reach(made, {"voicemodel": [row]}, synthesis)


def _reach(block: Any, reached: dict[str, Iterable[Any]], synthesis: Any) -> None:
    spoken = synthesis.objects.filter(voice_model__in=reached["voicemodel"])
    for name, rows in {**reached, "synthesis": spoken}.items():
        ids = [row.pk for row in rows]
        getattr(block, f"{name}_set").add(*ids)
        for row in getattr(block, f"{name}_set").all():
            row.is_blocked, row.blocked_reason = True, block.reason
            row.save(update_fields=["is_blocked", "blocked_reason"])


class Migration(migrations.Migration):
    dependencies = [("voice", "0010_blocks")]
    operations = [migrations.RunPython(make_blocks, migrations.RunPython.noop)]
