"""Recordings that every player plays, written as real programs write them: nearly all are odd in some way.

Everything is made from a seed by the encoders of libsndfile and FFmpeg and by the writers beside this file, which know
what recorders, browsers, messengers, radio streams and editors do to their headers. `python -m tests.audio.odd FOLDER`
writes them.
"""

from functools import cache

from tests.audio.odd.aiff_caf_au import aiff_recordings, caf_and_au_recordings
from tests.audio.odd.flac import flac_recordings
from tests.audio.odd.making import Odd
from tests.audio.odd.media import media_recordings
from tests.audio.odd.mp3 import mp3_recordings
from tests.audio.odd.ogg import ogg_recordings
from tests.audio.odd.wav import wav_recordings

MAKERS = (
    *(mp3_recordings, wav_recordings, aiff_recordings, caf_and_au_recordings),
    *(flac_recordings, ogg_recordings, media_recordings),
)


@cache
def odd_recordings() -> list[tuple[str, Odd]]:
    """All, each with a name of its own."""
    return [named for maker in MAKERS for named in maker()]
