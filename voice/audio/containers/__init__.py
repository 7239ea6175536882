"""The structure of the three upload formats, read without decoding: where the sound lies and how long it must be.

A file's format is found by its bytes; its name and its declared type are never asked. Standard library only, bytes
in, figures out; used inside the sandboxed child.
"""

from voice.audio.containers.container import Container, Data, foreign_format, skip_id3v2
from voice.audio.containers.flac import read_flac
from voice.audio.containers.mp3 import is_mp3_frame, read_mp3
from voice.audio.containers.wav import read_wav
from voice.audio.rejections import Rejected

_KNOWN_BY_START = (
    (b"OggS", "an Ogg file"),
    (b"FORM", "an AIFF file"),
    (b"RF64", "a WAV file of the RF64 kind"),
    (b"caff", "a Core Audio file"),
    (b"\x30\x26\xb2\x75", "a Windows Media file"),
    (b"\x1a\x45\xdf\xa3", "a WebM or Matroska file"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"%PDF", "a PDF document"),
    (b"RIFF", "a RIFF file without sound"),
)


def read_container(data: Data) -> Container:
    """Judge a whole file. Raises Rejected with the code that fits; what is returned still has to be decoded."""
    if not len(data):
        raise Rejected("empty_file")
    container = _read_by_start(data)
    foreign = foreign_format(data)
    if foreign:
        raise Rejected("polyglot_file", found=foreign)
    return container


def _read_by_start(data: Data) -> Container:
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return read_wav(data)
    start = skip_id3v2(data)
    if data[start : start + 4] == b"fLaC":
        return read_flac(data, start)
    while start < len(data) and data[start] == 0 and start < 4096:
        start += 1
    if is_mp3_frame(data, start):
        return read_mp3(data, start)
    raise Rejected("unsupported_audio", found=_name_of(data))


def _name_of(data: Data) -> str:
    for mark, name in _KNOWN_BY_START:
        if data[: len(mark)] == mark:
            return name
    if data[4:8] == b"ftyp":
        return "an MP4 or M4A file"
    head = data[:512]
    if head.isascii() and all(byte >= 32 or byte in b"\t\r\n" for byte in head):
        return "a text file"
    return "a file of another format"
