"""The structure of the upload formats, read without decoding: where the sound lies, and how long it is.

A file's format is found by its bytes; its name and its declared type are never asked. What its header claims about
sizes and lengths is not believed either: the sound is found, and handed on in files whose headers are our own. So a
decoder never meets a header that an upload brought with it, but for the setup of a codec. Standard library only,
bytes in, bytes and figures out; used inside the sandboxed child.
"""

import re

from voice.audio.containers.aiff import read_aiff, read_au, read_caf
from voice.audio.containers.container import Container, Data, foreign_format, is_text, refuse_foreign, skip_id3v2
from voice.audio.containers.flac import read_flac
from voice.audio.containers.mp3 import find_mpeg, read_mpeg
from voice.audio.containers.names import name_of, name_of_rest
from voice.audio.containers.ogg import is_ogg, read_ogg
from voice.audio.containers.wav import is_wav, read_wav
from voice.audio.rejections import Rejected

_STARTS = re.compile(rb"RIFF....WAVEfmt |fLaC[\x00\x80]\x00\x00\x22|OggS\x00\x02", re.DOTALL)
_SEARCHED_BYTES = 1 << 16


def read_container(data: Data) -> Container:
    """Judge a whole file. Raises Rejected with the code that fits; what is returned still has to be decoded."""
    if not len(data):
        raise Rejected("empty_file")
    container = _read(data)
    foreign = foreign_format(data)
    if foreign:
        raise Rejected("polyglot_file", found=foreign)
    return container


def _read(data: Data) -> Container:
    """Read what starts the file, or follows its tags; else what is found behind a text, zeros, or half a frame."""
    start = skip_id3v2(data)
    container = _read_at(data, start) or (_read_at(data, 0) if start else None)
    if container is not None:
        return container
    name = name_of(data)
    if name is not None:
        raise Rejected("unsupported_audio", found=name)
    found = _first_sound(data, start)
    if found is not None:
        container = _read_at(data, found)
        return container if container is not None else read_mpeg(data, found)
    raise Rejected("unsupported_audio", found=name_of_rest(data))


def _read_at(data: Data, start: int) -> Container | None:
    """The container whose mark is at `start`; None where no mark is."""
    head = data[start : start + 12]
    if is_wav(data, start):
        return read_wav(data, start)
    if head[:4] == b"fLaC":
        return read_flac(data, start)
    if is_ogg(data, start):
        return read_ogg(data, start)
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return read_aiff(data, start)
    if head[:4] == b"caff":
        return read_caf(data, start)
    if head[:4] in (b".snd", b"dns."):
        return read_au(data, start)
    return None


def _first_sound(data: Data, start: int) -> int | None:
    """The first start of a file of ours in the first 64 KiB, or of MPEG frames that agree, where no mark begins it."""
    before = data[: min(start, len(data))] if start else b""
    match = _STARTS.search(data, 0, _SEARCHED_BYTES)
    if match and is_text(data[: match.start()].strip(b"\0")) and not before:
        refuse_foreign(data, 0, match.start(), may_be_text=True)
        return match.start()
    if start < len(data):
        found = find_mpeg(data, start)
        if found is not None:
            return found
    return find_mpeg(data, 0) if start else None
