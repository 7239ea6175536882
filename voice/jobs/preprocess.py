"""The work of a preprocess job: a decoded upload becomes reference audio with a quality score."""

from pathlib import Path

from voice.audio.pcm import read_pcm, write_reference
from voice.audio.preprocess import preprocess
from voice.audio.quality import quality_score
from voice.jobs.kind import Outcome
from voice.jobs.lease import Lease
from voice.models.lifecycle import SampleStatus, advance
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
    lease.report(0.9, "storing")
    audio = folder / "reference.flac"
    write_reference(audio, cleaned)
    name = attempt_name(owner_id=sample.owner_id, resource_id=sample.pk, attempt=lease.job.attempt, suffix="flac")
    file = store(sample_storage(), name, audio)

    def write() -> bool:
        return advance(
            sample,
            SampleStatus.READY,
            audio_name=file.name,
            quality=report.as_json(),
            speech_duration_s=round(cleaned.duration_s, 3),
        )

    return Outcome(file, write)
