"""What phones and browsers record, made by PyAV's encoders."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile

import av
import numpy as np

from voice.audio.waveform import Waveform


def media_bytes(
    waveform: Waveform,
    container: str,
    codec: str,
    *,
    rate_hz: int | None = None,
    channels: int = 1,
    video: bool = False,
    options: Mapping[str, str] | None = None,
) -> bytes:
    """`waveform` in one of FFmpeg's containers; with `video`, a moving picture goes beside it.

    `options` are the container's.
    """
    layout = {1: "mono", 2: "stereo"}[channels]
    with (
        NamedTemporaryFile() as target,  # faststart reads what it has written
        av.open(target.name, "w", format=container, container_options=dict(options or {})) as output,
    ):
        stream = output.add_stream(codec, rate=rate_hz or waveform.rate_hz, layout=layout)
        if video:
            picture_stream = output.add_stream("mpeg4", rate=10)
            picture_stream.width, picture_stream.height, picture_stream.pix_fmt = 64, 64, "yuv420p"
            for shade in range(20):
                picture = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 10 * shade, np.uint8), format="rgb24")
                output.mux(picture_stream.encode(picture))
            output.mux(picture_stream.encode(None))
        samples = np.ascontiguousarray(np.tile(waveform.samples.astype(np.float32), (channels, 1)))
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=layout)
        frame.sample_rate = waveform.rate_hz
        size = stream.codec_context.frame_size or 1024
        resampler = av.AudioResampler(stream.format.name, layout, rate_hz or waveform.rate_hz, frame_size=size)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
        output.close()
        return Path(target.name).read_bytes()


def mutated(data: bytes, seed: int) -> bytes:
    """`data` with bytes changed, cut out, repeated, or cut off, mostly near its start, where the structure is."""
    rng = np.random.default_rng(seed)
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 30))):
        reach = len(changed) if rng.random() < 0.5 else min(len(changed), 2048)
        at = int(rng.integers(reach)) if reach else 0
        match int(rng.integers(6)):
            case 0 | 1 | 2:
                changed[at : at + 1] = bytes([int(rng.integers(256))])
            case 3:
                changed[at : at + 4] = int(rng.choice([0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 0x80000000])).to_bytes(4, "big")
            case 4:
                del changed[at : at + int(rng.integers(1, 64))]
            case 5:
                changed[at:at] = changed[at : at + int(rng.integers(1, 256))]
    return bytes(changed[: int(rng.integers(1, len(changed)))] if rng.random() < 0.1 else changed)
