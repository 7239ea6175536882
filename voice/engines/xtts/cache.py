"""Keys and values of the sequences that are being decoded."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812 (its name everywhere)
from torch import Tensor

COLUMN_STEP = 64  # also keeps every head's keys on a boundary of 64 bytes, whatever the precision


class SlotCache:
    """One tensor per slot, shape (layers, 2, heads, columns, head size), taken at its final size.

    Made for the CPU: pages that were never written take no memory there, so a sequence costs what it has reached,
    nothing is copied as it grows, and each attends to exactly its own positions, in calls of its own: no neighbour
    can move its result by a bit. One thread at a time.
    """

    def __init__(self, *, layers: int, heads: int, head_size: int, device: torch.device, dtype: torch.dtype) -> None:
        self._geometry = (layers, heads, head_size)
        self._device = device
        self._dtype = dtype
        self._taken: dict[int, Tensor] = {}

    def take(self, slot: int, columns: int) -> None:
        """Hold `columns` positions for `slot`, with arbitrary content. Raises torch's errors of a full memory."""
        layers, heads, head_size = self._geometry
        columns = -(-columns // COLUMN_STEP) * COLUMN_STEP
        shape = (layers, 2, heads, columns, head_size)
        self._taken[slot] = torch.empty(shape, device=self._device, dtype=self._dtype)

    def release(self, slot: int) -> None:
        """Give the memory of `slot` back, if it holds any."""
        self._taken.pop(slot, None)

    def keys_values(self, slot: int) -> Tensor:
        """All positions of one slot, shape (layers, 2, heads, columns, head size): a view, for reading and writing."""
        return self._taken[slot]

    def step(self, slots: Sequence[int], lengths: Sequence[int], width: int) -> "SlotStep":
        """The attention of one decode step: row i is `slots[i]`, which has `lengths[i]` positions before it."""
        return SlotStep([self._taken[slot] for slot in slots], lengths, width)


class SlotStep:
    """Writes one position per sequence and attends to all of its own, layer by layer."""

    def __init__(self, caches: Sequence[Tensor], lengths: Sequence[int], width: int) -> None:
        pairs = list(zip(caches, lengths, strict=True))
        self._new = [cache[:, :, :, length].unbind(0) for cache, length in pairs]
        self._keys = [cache[:, :1, :, : length + 1].unbind(0) for cache, length in pairs]
        self._values = [cache[:, 1:, :, : length + 1].unbind(0) for cache, length in pairs]
        self._width = width

    def __call__(self, layer: int, projected: Tensor) -> Tensor:
        """(width, 3 x channels) to (width, channels). Rows beyond the sequences come back as zeros."""
        heads, head_size = self._new[0][layer].shape[1:]
        rows = projected.view(self._width, 3, heads, 1, head_size)
        attended = projected.new_zeros(self._width, heads, 1, head_size)
        for row, (new, keys, values) in enumerate(zip(self._new, self._keys, self._values, strict=True)):
            new[layer].copy_(rows[row, 1:, :, 0])
            attended[row] = F.scaled_dot_product_attention(rows[row, :1], keys[layer], values[layer])[0]
        return attended.view(self._width, heads * head_size)
