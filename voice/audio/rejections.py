"""Every reason for which an upload is refused, with its sentence.

The sandboxed child sends only a code and figures; the sentences live here, on the parent's side, so that nothing an
upload contains can reach a user through an error message.
"""

from collections.abc import Mapping

from voice.errors import InvalidAudio, TooLarge, UnsupportedAudio, VoiceError

Figure = float | int | str

_EXPORT = "Export it again as WAV, MP3 or FLAC from your audio editor."

REJECTIONS: Mapping[str, str] = {
    "empty_file": "The file is empty. Choose the recording again.",
    "file_too_large": (
        "The file has {size_bytes} bytes, more than the {limit_bytes} allowed. Export it as MP3 or FLAC."
    ),
    "unsupported_audio": f"This is not a WAV, MP3 or FLAC file but {{found}}. {_EXPORT}",
    "polyglot_file": f"The file holds something else besides the recording ({{found}}). {_EXPORT}",
    "corrupt_audio": f"The recording is damaged and cannot be decoded. {_EXPORT}",
    "truncated_audio": "The file breaks off before the length that it declares. Copy or upload it again, as a whole.",
    "length_forged": f"The length that the file declares is not the length of the sound in it. {_EXPORT}",
    "length_unknown": "The FLAC file does not say how long it is. Save it to a file again instead of a stream.",
    "too_short": "The recording is {duration_s} s long; at least {limit_s} s are needed. Record some more.",
    "too_long": "The recording is longer than {limit_s} s. Upload the cleanest part of it.",
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
    "file_too_large": TooLarge,
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


def rejection_error(code: str, details: Mapping[str, Figure]) -> VoiceError:
    """The error for a code of `REJECTIONS`. Raises KeyError for any other code, or where a figure is missing."""
    sentence = REJECTIONS[code].format_map(details)
    return _KINDS.get(code, InvalidAudio)(code, sentence, details=details)
