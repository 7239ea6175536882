"""Every reason for which an upload is refused, with its sentence.

The sandboxed child sends only a code and figures; the sentences live here, on the parent's side, so that nothing an
upload contains can reach a user through an error message.
"""

import math
from collections.abc import Mapping

from voice.errors import InvalidAudio, TooLarge, UnsupportedAudio, VoiceError

Figure = float | int | str

_EXPORT = "Export it again as WAV, MP3 or FLAC from your audio editor."

REJECTIONS: Mapping[str, str] = {
    "empty_file": "The file is empty. Choose the recording again.",
    "file_too_large": (
        "The recording has {size}; at most {limit_mb} MB are allowed. Send it as FLAC, which loses nothing and has "
        "about half the size, or as MP3 at 128 kbit/s or more; or send a shorter part."
    ),
    "unsupported_audio": (
        "This is {found}, which is not read here. Send a WAV, MP3 or FLAC file; AIFF, Ogg (Vorbis or Opus), Wave64, "
        "CAF and AU are read as well."
    ),
    "polyglot_file": f"The file holds something else besides the recording ({{found}}). {_EXPORT}",
    "corrupt_audio": f"The recording is damaged and cannot be decoded. {_EXPORT}",
    "truncated_audio": (
        "The file breaks off after {duration_s} s of the {promised_s} s that it declares. Copy or upload it again, as "
        "a whole."
    ),
    "index_missing": (
        "The file lacks its index: the recorder was stopped before it had finished, or the copy broke off. Copy it "
        "again, as a whole; if it is the same at its source, a repair tool for MP4 can restore it."
    ),
    "too_short": "The recording is {duration_s} s long; at least {limit_s} s are needed. Record some more.",
    "too_long": "The recording is {length} long; at most {limit_s} s are allowed. Upload the cleanest part of it.",
    "too_many_channels": "The file has {channels} channels, more than {limit}. Mix it down to mono or stereo.",
    "bad_sample_rate": "The sample rate is {rate_hz} Hz; {min_hz} to {max_hz} Hz are read. Export it at 44100 Hz.",
    "not_finite": f"The file holds samples that are not numbers (NaN or infinity). {_EXPORT}",
    "level_out_of_range": "The samples go far beyond full scale. Export the recording as 16 or 24 bit.",
    "silent_audio": "The recording is silent. Check the microphone and its channel, and record again.",
    "channels_cancel": "The channels cancel each other when mixed. Invert one of them, or export a single channel.",
    "decode_limit": f"Decoding the file took more memory or time than any honest recording needs. {_EXPORT}",
}
"""By code; `{names}` are the figures of the details."""

_KINDS: Mapping[str, type[VoiceError]] = {
    "unsupported_audio": UnsupportedAudio,
    "polyglot_file": UnsupportedAudio,
}
"""The error that a code becomes; all others become InvalidAudio."""


class Rejected(Exception):
    """Raised inside the child where a file is refused; `details` are figures or words from our own tables."""

    def __init__(self, code: str, **details: Figure) -> None:
        super().__init__(code)
        self.code = code
        self.details = details


def file_too_large(*, limit_bytes: int, size_bytes: int | None = None) -> VoiceError:
    """The error for an upload of more bytes than allowed; people read it in megabytes.

    `size_bytes` is None where the upload was not read to its end.
    """
    figures: dict[str, Figure] = {"limit_bytes": limit_bytes}
    size = f"more than {megabytes(limit_bytes):g} MB"
    if size_bytes is not None:
        figures["size_bytes"] = size_bytes
        size = f"{math.ceil(size_bytes / 2**20 * 10) / 10:g} MB"
    sentence = REJECTIONS["file_too_large"].format(size=size, limit_mb=f"{megabytes(limit_bytes):g}")
    return TooLarge("file_too_large", sentence, details=figures)


def megabytes(limit_bytes: int) -> float:
    """A limit in megabytes of 2^20 bytes, as systems and people say it: to a tenth, never more than it is."""
    return math.floor(limit_bytes / 2**20 * 10) / 10


def rejection_error(code: str, details: Mapping[str, Figure]) -> VoiceError:
    """The error for a code of `REJECTIONS`. Raises KeyError for any other code, or where a figure is missing."""
    sentence = REJECTIONS[code].format_map(details)
    return _KINDS.get(code, InvalidAudio)(code, sentence, details=details)
