"""The names of what people upload by mistake, so that a refusal can say what was found."""

import re
from collections.abc import Mapping

from voice.audio.containers.container import Data, is_text, skip_id3v2

QUICKTIME_ATOMS = frozenset((b"ftyp", b"styp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"))
"""What an MP4 or QuickTime file may begin with, behind four bytes of size."""

_BY_START = (
    (rb"#!AMR", "an AMR file"),
    (rb"#!SILK|\x02#!SILK", "a SILK voice message"),
    (rb"MThd", "a MIDI file, which holds notes and no sound"),
    (rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "a Windows Media file (WMA or WMV)"),
    (rb"\.RMF|\.ra\xfd", "a RealAudio file"),
    (rb"MAC ", "a Monkey's Audio file"),
    (rb"wvpk", "a WavPack file"),
    (rb"TTA[12]", "a True Audio file"),
    (rb"MPCK|MP\+", "a Musepack file"),
    (rb"DSD |FRM8", "a DSD file"),
    (rb"ajkg", "a Shorten file"),
    (rb"OFR ", "an OptimFROG file"),
    (rb"Creative Voice File", "a VOC file"),
    (rb"NIST_1A", "a NIST Sphere file"),
    (rb"FORM....(?:8SVX|16SV)", "an Amiga 8SVX file"),
    (rb"FORM", "an IFF file without sound"),
    (rb"\x0b\x77", "a Dolby AC-3 file"),
    (rb"\x7f\xfe\x80\x01|\xfe\x7f\x01\x80", "a DTS file"),
    (rb"FLV\x01", "a Flash video"),
    (rb"\0\0\x01[\xba\xb3]", "an MPEG video"),
    (rb"G.{187}G.{187}G", "an MPEG transport stream"),
    (rb"RIFF....AVI ", "an AVI video"),
    (rb"RIFF....WEBP", "a picture"),
    (rb"RIFF....sfbk", "a SoundFont"),
    (rb"RIFF....RMID", "a MIDI file, which holds notes and no sound"),
    (rb"RIFF|RIFX|RF64|BW64", "a RIFF file without sound"),
    (rb"\0\x05\x16[\0\x07]", "a Mac's side file (its name starts with ._) without the recording"),
    (rb"\x89PNG\r\n|\xff\xd8\xff|GIF8[79]a|BM.{4}\0{4}|II\*\0|MM\0\*", "a picture"),
    (rb"PK\x03\x04|PK\x05\x06", "a ZIP archive, or a document that is one"),
    (rb"%PDF", "a PDF document"),
    (rb"\xd0\xcf\x11\xe0", "an old Office document"),
    (rb"\{\\rtf", "an RTF document"),
    (rb"Rar!\x1a\x07|7z\xbc\xaf\x27\x1c|\x1f\x8b\x08|BZh[1-9]1AY|\xfd7zXZ\0|\x28\xb5\x2f\xfd", "an archive"),
    (rb".{257}ustar", "an archive"),
    (rb"\x7fELF|MZ.{60}\0\0|\xca\xfe\xba\xbe|[\xcf\xce]\xfa\xed\xfe|\0asm|#!/", "a program"),
    (rb"SQLite format 3\0", "a database"),
    (rb"#EXTM3U|\[playlist\]", "a playlist, which only names recordings"),
    (rb"\s*(?i:<!doctype html|<html|<script)", "a web page"),
    (rb"(?:\xef\xbb\xbf)?\s*<\?xml", "an XML file"),
    (rb"(?:\xef\xbb\xbf)?\s*[\[{]\s*[\"\[{\]}]", "a JSON file"),
)
_PATTERNS = tuple((re.compile(pattern, re.DOTALL), name) for pattern, name in _BY_START)
_AAC = re.compile(rb"\xff[\xf0\xf1\xf8\xf9]")
_SEARCHED_BYTES = 1 << 17
_AGREEING_FRAMES = 4
_BRANDS: Mapping[bytes, str] = {
    b"M4A ": "an M4A file (AAC or ALAC)",
    b"M4B ": "an M4B audio book",
    b"qt  ": "a QuickTime file",
    b"heic": "a picture",
    b"mif1": "a picture",
    b"avif": "a picture",
    b"crx ": "a picture",
    b"3gp4": "a 3GP file",
    b"3gp5": "a 3GP file",
    b"3gp6": "a 3GP file",
    b"3g2a": "a 3GP file",
}


def name_of(data: Data) -> str | None:
    """The format whose mark these bytes begin with, as words for a sentence; None where no mark is known."""
    head = data[:1024]
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "an MP4 file (AAC or a video)")
    if head[4:8] in QUICKTIME_ATOMS:
        return "a QuickTime file"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "a WebM file" if b"webm" in head[:128] else "a Matroska file"
    return next((name for pattern, name in _PATTERNS if pattern.match(head)), None)


def name_of_rest(data: Data) -> str:
    """What else may be said of bytes that have no mark, and in which no sound was found."""
    head = data[:4096]
    if is_aac(data):
        return "an AAC file"
    if not data[: 1 << 20].strip(b"\0"):
        return "a file of zero bytes"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or is_text(head) or _is_utf8(head):
        return "a text file"
    return "a file of an unknown format"


def is_aac(data: Data) -> bool:
    """True where frames of AAC that agree (ADTS, ISO/IEC 13818-7) start the file, or what is left of one does.

    Four of one kind in a row count behind tags, and behind what else stands in front of a stream: half a frame, the
    answer of a server, a tag of wrong size. One is enough at the very start, where no other format has this mark.
    """
    if _AAC.match(data[:2]):
        return True
    start = skip_id3v2(data)
    window = data[start : start + _SEARCHED_BYTES]
    return any(_agrees(data, start + match.start()) for match in _AAC.finditer(window))


def _agrees(data: Data, offset: int) -> bool:
    fixed = None
    for _ in range(_AGREEING_FRAMES):
        head = data[offset : offset + 6]
        if len(head) < 6 or not _AAC.match(head) or (fixed is not None and fixed != head[1:3]):
            return False
        fixed = head[1:3]
        offset += max((head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5, 7)
    return True


def _is_utf8(head: bytes) -> bool:
    """True for text in UTF-8; the last letter may be cut."""
    try:
        text = head[:4092].decode()
    except UnicodeDecodeError as error:
        if error.start < len(head[:4092]) - 3:
            return False
        text = head[: error.start].decode()
    return bool(text) and all(letter.isprintable() or letter.isspace() for letter in text)
