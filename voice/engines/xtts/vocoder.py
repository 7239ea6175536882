"""From GPT latents to samples: interpolates them to frames and runs the generator on tiles, batched on a GPU.

Tiles have one of two lengths: oneDNN and cuDNN prepare every shape of every layer anew, some 10 ms each on a CPU.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from voice.engines.xtts.device import compute_float32_exactly, device_memory
from voice.engines.xtts.generator import Generator
from voice.engines.xtts.windows import (
    SAMPLES_PER_FRAME,
    WINDOW_FRAMES,
    Piece,
    Span,
    context_frames,
    plan_tile,
    stretch_spans,
    stretched_sizes,
    stretches,
)

LONG_TILE = 4 * WINDOW_FRAMES
TILES_AT_ONCE = {"cpu": 1, "cuda": 32}
"""Of one tile the layers stay in a CPU's caches; of 32 the largest is 67 MB in bfloat16."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A run of a piece's frames, with context: shape (frames, channels), zero outside of the sentence.

    `length`: frames to be spoken. `sentence`: where the sentence begins and ends, counted from the first of these.
    """

    piece: int
    frames: Tensor
    speaker: Tensor
    length: int
    sentence: Span


class Vocoder:
    """The vocoder of XTTS v2, equal to Coqui's `HifiDecoder` on whole sentences and on any windows of them.

    Thread-safe: it keeps nothing between calls.
    """

    def __init__(self, weights: Mapping[str, Tensor], *, device: torch.device, dtype: torch.dtype) -> None:
        compute_float32_exactly()
        self._device = device
        self._precise = torch.float64 if dtype == torch.float64 else torch.float32
        self._generator = Generator(weights, device=device, dtype=dtype)

    def speak(self, pieces: Sequence[Piece]) -> list[NDArray[np.float32]]:
        """The samples of each piece's window: 1-D float32 within -1 to 1, `sample_stop - sample_start` long.

        A piece sounds the same whatever else is in the call. Raises DeviceMemoryFull.
        """
        with torch.inference_mode(), device_memory():
            spoken = self._spoken(pieces)
        return [
            np.concatenate(parts)[: piece.window.sample_stop - piece.window.sample_start]
            for piece, parts in zip(pieces, spoken, strict=True)
        ]

    def _spoken(self, pieces: Sequence[Piece]) -> list[list[NDArray[np.float32]]]:
        """The samples of each piece's tiles, which are in order: all long ones come before the short ones."""
        tiles = [tile for number, piece in enumerate(pieces) for tile in self._tiles(number, piece)]
        spoken: list[list[NDArray[np.float32]]] = [[] for _ in pieces]
        for length in (LONG_TILE, WINDOW_FRAMES):
            alike = [tile for tile in tiles if tile.length == length]
            for start in range(0, len(alike), TILES_AT_ONCE[self._device.type]):
                batch = alike[start : start + TILES_AT_ONCE[self._device.type]]
                samples = self._generator(
                    torch.stack([tile.frames for tile in batch]),
                    torch.stack([tile.speaker for tile in batch]),
                    plan=plan_tile(length),
                    sentences=[tile.sentence for tile in batch],
                )
                for tile, row in zip(batch, samples.float().cpu().numpy(), strict=True):
                    spoken[tile.piece].append(row)
        return spoken

    def _tiles(self, number: int, piece: Piece) -> Iterator[Tile]:
        """Cut a piece's frames into tiles."""
        before, after = context_frames()
        latents = piece.window.latent_stop if piece.reaches_end else None
        first, stop = piece.window.sample_start // SAMPLES_PER_FRAME, piece.window.sample_stop // SAMPLES_PER_FRAME
        end = stop + after if latents is None else stretched_sizes(latents, speed=piece.speed)[-1]
        known = Span(max(0, first - before), min(stop + after, end))
        lengths = tile_lengths(stop - first)
        speaker = torch.from_numpy(piece.speaker).to(self._device, self._precise)
        frames = self._frames(piece, known, latents)
        frames = torch.nn.functional.pad(
            frames, (0, 0, known.start - (first - before), first + sum(lengths) + after - known.stop)
        )
        start = 0
        for length in lengths:
            yield Tile(
                number,
                frames[start : start + before + length + after],
                speaker,
                length,
                Span(-first - start, end - first - start),
            )
            start += length

    def _frames(self, piece: Piece, frames: Span, latents: int | None) -> Tensor:
        """Interpolate latents to `frames`, in the sentence's own coordinates. Shape (frames, channels)."""
        spans = stretch_spans(frames, speed=piece.speed, latents=latents)
        offset = spans[0].start - piece.window.latent_start
        x = piece.latents[offset : offset + spans[0].length].to(self._device, self._precise)
        scales = stretches(piece.speed, latents=latents)
        for scale, source, span in zip(scales, spans[:-1], spans[1:], strict=True):
            x = _stretched(x, source, span, scale=scale)
        return x


def tile_lengths(frames: int) -> list[int]:
    """Lengths of tiles, long ones first, that together hold `frames`. Three short ones cost less than a long one."""
    long, rest = divmod(frames, LONG_TILE)
    short = -(-rest // WINDOW_FRAMES)
    if short == LONG_TILE // WINDOW_FRAMES:
        return [LONG_TILE] * (long + 1)
    return [LONG_TILE] * long + [WINDOW_FRAMES] * short


def _stretched(x: Tensor, source: Span, span: Span, *, scale: float) -> Tensor:
    """Interpolate rows linearly, from positions `source` of the sentence to `span`, `scale` times as many.

    Coordinates are rounded as torch's `interpolate` does it: to the precision of `x` and in one step (FMA). A product
    of two float32 values is exact in float64.
    """
    step = torch.tensor(1 / scale, dtype=x.dtype, device=x.device).double()
    position = torch.arange(span.start, span.stop, dtype=torch.float64, device=x.device) + 0.5
    position = (position * step - 0.5).clamp(min=0).to(x.dtype)
    lower = position.long().clamp(source.start, source.stop - 1)
    weight = (position - lower).clamp(0, 1).unsqueeze(1)
    upper = (lower + 1).clamp(max=source.stop - 1)
    return x[lower - source.start] * (1 - weight) + x[upper - source.start] * weight
