"""RIFF/WAVE (Microsoft, Multimedia Programming Interface 1.0, and WAVEFORMATEXTENSIBLE)."""

import struct
from collections.abc import Iterator

from voice.audio.containers.container import STRAY_BYTES, Container, Data, possible_ends
from voice.audio.rejections import Rejected

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")
_BITS = {_PCM: {8, 16, 24, 32}, _FLOAT: {32, 64}}
_CODECS = {
    2: "Microsoft ADPCM",
    6: "A-law",
    7: "mu-law",
    0x11: "IMA ADPCM",
    0x31: "GSM 6.10",
    0x50: "MPEG",
    0x55: "MP3",
}
_MOST_CHUNKS = 1000
_STREAMED_FROM = 0x7FFF_0000
"""Programs that write to a pipe leave sizes from 2^31 minus something up to 2^32-1: ffmpeg, sox, arecord."""


def read_wav(data: Data) -> Container:
    """Judge a file that starts with RIFF....WAVE. Raises Rejected."""
    chunks = {identifier: (offset, size) for identifier, offset, size in _chunks(data)}
    if b"fmt " not in chunks or b"data" not in chunks:
        raise Rejected("corrupt_audio")
    block_bytes = _read_format(data, *chunks[b"fmt "])
    offset, size = chunks[b"data"]
    if _is_streamed(data, offset=offset, size=size):
        return Container("wav", (len(data) - offset) // block_bytes, streamed_from=offset)
    if offset + size > len(data):
        raise Rejected("truncated_audio", promised_bytes=size, present_bytes=len(data) - offset)
    end = max(offset + size for offset, size in chunks.values())
    if min(possible_ends(data, end)) - end > STRAY_BYTES:
        raise Rejected("polyglot_file", found="foreign bytes after its end")
    return Container("wav", size // block_bytes)


def _chunks(data: Data) -> Iterator[tuple[bytes, int, int]]:
    """Every chunk's id, offset of its content and declared size; only `data` may reach beyond the file.

    Walks to the end of the file whatever RIFF's own size says, as careless writers append chunks without raising it.
    The first chunk of a name counts.
    """
    offset, seen = 12, set()
    for _ in range(_MOST_CHUNKS):
        if offset + 8 > len(data):
            return
        identifier, size = data[offset : offset + 4], int.from_bytes(data[offset + 4 : offset + 8], "little")
        fits = offset + 8 + size <= len(data)
        is_name = all(32 <= byte < 127 for byte in identifier)
        if not (fits or (identifier == b"data" and b"data" not in seen)) or not is_name:
            return
        if identifier not in seen or identifier not in (b"fmt ", b"data"):
            yield identifier, offset + 8, size
        seen.add(identifier)
        offset += 8 + size + size % 2


def _is_streamed(data: Data, *, offset: int, size: int) -> bool:
    """Sizes that were never filled in: huge, or zero in a file whose RIFF size is not its size either."""
    if size >= _STREAMED_FROM:
        return True
    riff_size = int.from_bytes(data[4:8], "little")
    return size == 0 and len(data) > offset and 8 + riff_size != len(data)


def _read_format(data: Data, offset: int, size: int) -> int:
    """Bytes per sample frame. Raises Rejected for codecs other than plain PCM and float."""
    if size < 16:
        raise Rejected("corrupt_audio")
    tag, channels, _rate, _bytes_per_s, block_bytes, bits = struct.unpack("<HHIIHH", data[offset : offset + 16])
    if tag == _EXTENSIBLE:
        if size < 40:
            raise Rejected("corrupt_audio")
        tag = int.from_bytes(data[offset + 24 : offset + 26], "little")
        if data[offset + 26 : offset + 40] != _GUID_TAIL:
            tag = _EXTENSIBLE
    if bits not in _BITS.get(tag, ()):
        raise Rejected("unsupported_audio", found=f"a WAV file with {_CODECS.get(tag, 'another codec')} inside")
    if channels == 0 or block_bytes != channels * bits // 8:
        raise Rejected("corrupt_audio")
    return int(block_bytes)
