"""The formats in which speech can be had: the one table that the API, the jobs, the demo and the documentation follow.

Standard library only, so that a web process reads it without loading a codec. A new format is one entry here, as long
as libsndfile writes its container and one of the ways in `Tags` marks it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Tags = Literal["id3", "vorbis", "opus", "libsndfile"]
"""The form of a title, a software and a comment in a file: ID3v2.4, Vorbis comments, those of Opus (which calls the
software its encoder), or whatever libsndfile makes of them by itself, as in the LIST chunk of a WAV."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One form of speech, always mono. Its name in `FORMATS` is the suffix of its files, and at most 8 letters long.

    `content_type`: may hold `{rate_hz}`. `container` and `subtype`: what libsndfile calls them; RAW is written in
    little endian. `options`: of the encoder, where no bitrate is asked for. `rates_hz`: those that the codec has,
    ascending; empty for any. `ceiling_dbtp`: the highest true peak before encoding; AES TD1008 allows -1, and lossy
    codecs overshoot what they are given. `tags`: None where a file cannot say that it is synthetic.
    `bitrates_kbps`: the constant bitrates that can be asked for, ascending. `bitrate_ends_kbps`: for each rate that
    has constant bitrates, the lowest and the highest, which libsndfile spreads over its compression levels 1 to 0.
    """

    content_type: str
    container: str
    subtype: str
    options: Mapping[str, Any] = field(default_factory=dict)
    rates_hz: tuple[int, ...] = ()
    ceiling_dbtp: float = -1.0
    tags: Tags | None = "vorbis"
    bitrates_kbps: tuple[int, ...] = ()
    bitrate_ends_kbps: Mapping[int, tuple[int, int]] = field(default_factory=dict)

    def content_type_at(self, rate_hz: int | None) -> str:
        """The media type of a file; `rate_hz` matters only where the file itself does not hold it."""
        return self.content_type.format(rate_hz=rate_hz)

    def rate_for(self, rate_hz: int, bitrate_kbps: int | None = None) -> int:
        """The rate itself, or the next higher one that the codec has (at this bitrate), or else its highest."""
        rates: tuple[int, ...] = self.rates_hz
        if bitrate_kbps is not None:
            ends = self.bitrate_ends_kbps.items()
            rates = tuple(rate for rate, (lowest, highest) in ends if lowest <= bitrate_kbps <= highest)
        if not rates or rate_hz in rates:
            return rate_hz
        return min((rate for rate in rates if rate > rate_hz), default=max(rates))

    def writing(self, rate_hz: int, bitrate_kbps: int | None = None) -> dict[str, Any]:
        """The arguments with which soundfile opens a file to write. Raises KeyError for a rate without bitrates."""
        options = self.options
        if bitrate_kbps is not None:
            lowest, highest = self.bitrate_ends_kbps[rate_hz]
            level = min((highest - bitrate_kbps) / (highest - lowest), 0.99)  # libsndfile's LAME fails at 1
            options = {"bitrate_mode": "CONSTANT", "compression_level": level}
        layout = {"samplerate": rate_hz, "channels": 1, "endian": "LITTLE" if self.container == "RAW" else None}
        return {**layout, "format": self.container, "subtype": self.subtype, **options}

    def reading(self, rate_hz: int) -> dict[str, Any]:
        """The arguments with which soundfile opens a file to read: none where the file describes itself."""
        return self.writing(rate_hz) if self.container == "RAW" else {}


_MPEG_1, _MPEG_2 = (32, 320), (8, 160)

FORMATS: dict[str, Format] = {
    "mp3": Format(
        content_type="audio/mpeg",
        container="MP3",
        subtype="MPEG_LAYER_III",
        options={"bitrate_mode": "VARIABLE", "compression_level": 0.2},
        rates_hz=(8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000),
        ceiling_dbtp=-2.0,
        tags="id3",
        # Below 64 the header with the length does not fit into a frame, so that players would guess it.
        bitrates_kbps=(64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
        bitrate_ends_kbps={16000: _MPEG_2, 22050: _MPEG_2, 24000: _MPEG_2, 44100: _MPEG_1, 48000: _MPEG_1},
    ),
    "wav": Format(content_type="audio/wav", container="WAV", subtype="PCM_16", tags="libsndfile"),
    "flac": Format(content_type="audio/flac", container="FLAC", subtype="PCM_16", options={"compression_level": 0.6}),
    "ogg": Format(
        content_type="audio/ogg",
        container="OGG",
        subtype="VORBIS",
        options={"compression_level": 0.4},
        ceiling_dbtp=-2.0,
    ),
    "opus": Format(
        content_type="audio/ogg; codecs=opus",
        container="OGG",
        subtype="OPUS",
        options={"compression_level": 0.8},  # about 57 kbit/s of speech
        rates_hz=(8000, 12000, 16000, 24000, 48000),
        ceiling_dbtp=-2.0,
        tags="opus",
    ),
    "pcm": Format(
        # No registered type says little endian: audio/L16 (RFC 2586) is in network byte order.
        content_type="audio/pcm; rate={rate_hz}; channels=1; encoding=s16le",
        container="RAW",
        subtype="PCM_16",
        tags=None,
    ),
}
DEFAULT_FORMAT = "mp3"


def bitrates_kbps() -> dict[str, list[int]]:
    """The formats that have bitrates, and which."""
    return {name: list(form.bitrates_kbps) for name, form in FORMATS.items() if form.bitrates_kbps}
