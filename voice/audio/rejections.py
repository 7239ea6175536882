"""Every reason for which an upload is refused, with its sentence.

The sandboxed child sends only a code and figures; the sentences live here, on the parent's side, so that nothing an
upload contains can reach a user through an error message.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from voice.errors import InvalidAudio, TooLarge, UnsupportedAudio, VoiceError

Kind = type[UnsupportedAudio] | type[InvalidAudio] | type[TooLarge]
Figure = float | int | str


@dataclass(frozen=True, slots=True)
class Rejection:
    """The kind of error that a code becomes, and its sentence; `{names}` in it are the figures of the details."""

    kind: Kind
    sentence: str


_EXPORT = "Export it again as WAV, MP3 or FLAC from your audio editor."

REJECTIONS: Mapping[str, Rejection] = {
    "empty_file": Rejection(InvalidAudio, "The file is empty. Choose the recording again."),
    "file_too_large": Rejection(
        TooLarge, "The file has {size_bytes} bytes, more than the {limit_bytes} allowed. Export it as MP3 or FLAC."
    ),
    "unsupported_audio": Rejection(UnsupportedAudio, f"This is not a WAV, MP3 or FLAC file but {{found}}. {_EXPORT}"),
    "polyglot_file": Rejection(
        UnsupportedAudio, f"The file holds something else besides the recording ({{found}}). {_EXPORT}"
    ),
    "corrupt_audio": Rejection(InvalidAudio, f"The recording is damaged and cannot be decoded. {_EXPORT}"),
    "truncated_audio": Rejection(
        InvalidAudio, "The file breaks off before the length that it declares. Copy or upload it again, as a whole."
    ),
    "length_forged": Rejection(
        InvalidAudio, f"The length that the file declares is not the length of the sound in it. {_EXPORT}"
    ),
    "length_unknown": Rejection(
        InvalidAudio, "The FLAC file does not say how long it is. Save it to a file again instead of a stream."
    ),
    "too_short": Rejection(
        InvalidAudio, "The recording is {duration_s} s long; at least {limit_s} s are needed. Record some more."
    ),
    "too_long": Rejection(InvalidAudio, "The recording is longer than {limit_s} s. Upload the cleanest part of it."),
    "too_many_channels": Rejection(
        InvalidAudio, "The file has {channels} channels, more than {limit}. Mix it down to mono or stereo."
    ),
    "bad_sample_rate": Rejection(
        InvalidAudio, "The sample rate is {rate_hz} Hz; {min_hz} to {max_hz} Hz are read. Export it at 44100 Hz."
    ),
    "not_finite": Rejection(InvalidAudio, f"The file holds samples that are not numbers (NaN or infinity). {_EXPORT}"),
    "level_out_of_range": Rejection(
        InvalidAudio, "The samples go far beyond full scale. Export the recording as 16 or 24 bit."
    ),
    "silent_audio": Rejection(
        InvalidAudio, "The recording is silent. Check the microphone and its channel, and record again."
    ),
    "channels_cancel": Rejection(
        InvalidAudio, "The channels cancel each other when mixed. Invert one of them, or export a single channel."
    ),
    "decode_limit": Rejection(
        InvalidAudio, f"Decoding the file took more memory or time than any honest recording needs. {_EXPORT}"
    ),
}


class Rejected(Exception):
    """Raised inside the child where a file is refused; `details` are figures or words from our own tables."""

    def __init__(self, code: str, **details: Figure) -> None:
        super().__init__(code)
        self.code = code
        self.details = details


def rejection_error(code: str, details: Mapping[str, Figure]) -> VoiceError:
    """The error for a code of `REJECTIONS`. Raises KeyError for any other code, or where a figure is missing."""
    rejection = REJECTIONS[code]
    return rejection.kind(code, rejection.sentence.format_map(details), details=details)
