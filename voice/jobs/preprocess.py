"""The work of a preprocess job: a decoded upload becomes reference audio with a quality score.

It is also compared with all that moderators have blocked, whichever way it is encoded now.
"""

from pathlib import Path

from django.utils import timezone

from voice.audio.fingerprint import fingerprint, is_same_sound
from voice.audio.pcm import read_pcm, write_reference
from voice.audio.preprocess import preprocess
from voice.audio.quality import quality_score
from voice.jobs.blocks import block_reach, hit_note
from voice.jobs.copies import SETTLED
from voice.jobs.kind import Outcome
from voice.jobs.lease import Lease
from voice.models import Block, BlockedAudio, Match, SampleSound, VoiceSample
from voice.models.lifecycle import SampleStatus, advance
from voice.selectors import row_walk
from voice.storage import attempt_name, fetch, sample_storage, store


def preprocess_run(lease: Lease, folder: Path) -> Outcome:
    """Clean a recording up and judge it. Raises InvalidAudio where there is nothing to clone from."""
    sample = lease.job.sample
    assert sample is not None
    lease.report(0.05, "reading")
    decoded = read_pcm(fetch(sample_storage(), sample.pcm_name, folder))
    lease.report(0.2, "judging quality")
    report = quality_score(decoded)
    lease.report(0.5, "cleaning up")
    cleaned = preprocess(decoded).waveform
    lease.report(0.7, "comparing")
    sound, compared_until = fingerprint(decoded), timezone.now() - SETTLED
    found = _found_blocked(sample, sound, lease)
    lease.report(0.9, "storing")
    audio = folder / "reference.flac"
    write_reference(audio, cleaned)
    name = attempt_name(owner_id=sample.owner_id, resource_id=sample.pk, attempt=lease.job.attempt, suffix="flac")
    file = store(sample_storage(), name, audio)

    def write() -> bool:
        figures = {"quality": report.as_json(), "speech_duration_s": round(cleaned.duration_s, 3)}
        if not advance(sample, SampleStatus.READY, audio_name=file.name, **figures):
            return False
        SampleSound.objects.update_or_create(sample=sample, defaults={"bits": sound, "compared_until": compared_until})
        for block, match in found:
            hit_note(block=block, user=sample.owner, match=match)
            block_reach(block, sample_ids=[sample.pk])
        return True

    return Outcome(file, write)


def _found_blocked(sample: VoiceSample, sound: bytes, lease: Lease) -> list[tuple[Block, Match]]:
    """The blocks whose audio this is, each once. One of a file that was blocked since its upload was checked, too."""
    found: dict[Block, Match] = {}
    for audio in row_walk(BlockedAudio.objects.select_related("block")):  # no cursor: a report ends the connection
        lease.heartbeat()
        if audio.block not in found and (match := _match(audio, sample, sound)):
            found[audio.block] = match
    return list(found.items())


def _match(audio: BlockedAudio, sample: VoiceSample, sound: bytes) -> Match | None:
    if audio.sha256 == sample.sha256:
        return Match.FILE
    if audio.pcm_sha256 and audio.pcm_sha256 == sample.pcm_sha256:
        return Match.PCM
    return Match.SOUND if audio.sound and is_same_sound(sound, bytes(audio.sound)) else None
