"""Every odd but whole recording of the corpus is accepted, with the length that it really has."""

from contextlib import suppress
from pathlib import Path

import pytest

from tests.audio.odd import odd_recordings
from tests.audio.test_upload_sandbox import decode
from tests.media import mutated
from voice.audio.containers import read_container
from voice.audio.rejections import Rejected

CORPUS = dict(odd_recordings())


def test_the_corpus_is_large() -> None:
    assert len(CORPUS) == len(odd_recordings()) >= 120, "and no name is given twice"


@pytest.mark.parametrize("name", CORPUS)
def test_an_odd_recording_is_accepted_with_its_length(name: str, tmp_path: Path) -> None:
    odd = CORPUS[name]
    decoded, pcm = decode(odd.make(), tmp_path)
    assert decoded.format == odd.format
    assert decoded.duration_s == pytest.approx(odd.duration_s, abs=0.1)
    assert pcm.duration_s == pytest.approx(decoded.duration_s, abs=0.001)


@pytest.mark.parametrize("name", CORPUS)
def test_damage_to_its_header_is_judged_by_the_parsers(name: str) -> None:
    """Without the child, so that many can be tried; benchmarks/mutated_uploads.py tries whole uploads."""
    head = CORPUS[name].make()[:20_000]
    for seed in range(10):
        with suppress(Rejected):
            assert read_container(mutated(head, seed)).streams
