"""Keys and values of the sequences that are being decoded: one cache for CPUs, one for GPUs.

Both take memory as sequences grow, up to what `GptDecoder.cells` allows, and leave every sequence as it was where
memory runs out. A row of the batch attends to its own sequence only, and other rows' numbers never enter its own.
One thread at a time.
"""

import math
import mmap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F  # noqa: N812 (its name everywhere)
from torch import Tensor

from voice.engines.xtts.failures import DeviceMemoryFull

COLUMN_STEP = 64  # also keeps every head's keys on a boundary of 64 bytes, whatever the precision
DENSE_COLUMN_STEP = 128
KEPT_COLUMNS = 3 * DENSE_COLUMN_STEP  # of an idle cache: what a sentence of some ten seconds comes to hold

Attention = Callable[[int, Tensor], Tensor]
"""Layer and projected queries, keys and values, (rows, 3 x channels), to what was attended to, (rows, channels)."""


@dataclass(frozen=True, slots=True)
class CacheShape:
    """The room of a cache: `slots` sequences at most, and `cells` positions, sequences times the longest's columns."""

    layers: int
    heads: int
    head_size: int
    slots: int
    cells: int
    device: torch.device
    dtype: torch.dtype


class Cache(Protocol):
    """A cache as the decoder needs it. Memory that runs out comes as torch's own errors."""

    column_step: int
    """Columns are taken in multiples of it."""

    version: int
    """Changes when tensors move, and with them what a CUDA graph has captured."""

    def take(self, slot: int, length: int, columns: int) -> None:
        """Give `slot` room for `length` positions at once and for `columns` in the end, of arbitrary content.

        Whoever takes sees to it that no more than `cells` are promised: the sequences there are then times the largest
        `columns` among them, each rounded up to `column_step`. Positions behind a sequence's `columns` may get lost.
        """

    def release(self, slot: int) -> None:
        """Free `slot`, if it is taken."""

    def reserve(self, columns: int) -> None:
        """Make sure that every sequence has room for `columns` positions, if it was taken with as many.

        Nothing to do for a cache that takes all of it at once.
        """
        return

    def trim(self) -> None:
        """Give back what no sequence needs, but for what the next ones are likely to. Takes no memory for it."""
        return

    def keys_values(self, slot: int) -> Sequence[Tensor]:
        """Views for reading and writing, one for each layer, (2, heads, columns, head size)."""

    def batch(self, slots: Sequence[int]) -> list[int | None]:
        """The slot of each row of a batch that decodes `slots`; others' rows are among them, and None for no slot."""

    def attention(self, batch: Sequence[int | None], lengths: Sequence[int], on_device: Tensor) -> Attention:
        """Attention of a decode step. Row i has `lengths[i]` positions before it; `on_device` holds the same."""


class SlotCache(Cache):
    """One tensor per slot, taken at its final size: for CPUs.

    Pages that were never written take no memory there, so a sequence costs what it has reached, and nothing is copied
    as it grows. Each attends to exactly its own positions, in calls of its own.
    """

    column_step = COLUMN_STEP

    def __init__(self, shape: CacheShape) -> None:
        self.version = 0
        self._shape = shape
        self._taken: dict[int, Tensor] = {}

    def take(self, slot: int, length: int, columns: int) -> None:
        shape = self._shape
        size = (shape.layers, 2, shape.heads, rounded_up(columns, COLUMN_STEP), shape.head_size)
        self._taken[slot] = _untouched(size, shape.dtype)

    def release(self, slot: int) -> None:
        self._taken.pop(slot, None)

    def keys_values(self, slot: int) -> Sequence[Tensor]:
        return self._taken[slot].unbind(0)

    def batch(self, slots: Sequence[int]) -> list[int | None]:
        return list(slots)

    def attention(self, batch: Sequence[int | None], lengths: Sequence[int], on_device: Tensor) -> Attention:
        return _SlotAttention([self._taken[slot] for slot in batch if slot is not None], lengths)


class _SlotAttention:
    """Writes one position of each sequence and attends to all of its own, layer by layer."""

    def __init__(self, caches: Sequence[Tensor], lengths: Sequence[int]) -> None:
        pairs = list(zip(caches, lengths, strict=True))
        self._new = _by_layer([cache[:, :, :, length] for cache, length in pairs])
        self._keys = _by_layer([cache[:, :1, :, : length + 1] for cache, length in pairs])
        self._values = _by_layer([cache[:, 1:, :, : length + 1] for cache, length in pairs])

    def __call__(self, layer: int, projected: Tensor) -> Tensor:
        keys, values = self._keys[layer], self._values[layer]
        heads, head_size = keys[0].shape[1], keys[0].shape[3]
        rows = projected.view(len(keys), 3, heads, 1, head_size)
        torch._foreach_copy_(self._new[layer], rows[:, 1:, :, 0].unbind(0))
        queries = rows[:, :1].unbind(0)
        attended = [F.scaled_dot_product_attention(*row) for row in zip(queries, keys, values, strict=True)]
        return torch.cat(attended).view(len(keys), heads * head_size)


def _untouched(size: Sequence[int], dtype: torch.dtype) -> Tensor:
    """Memory of its own from the system, which takes it back: a heap would keep pages that were once written.

    Raises DeviceMemoryFull.
    """
    try:
        pages = mmap.mmap(-1, math.prod(size) * dtype.itemsize, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except OSError as error:
        raise DeviceMemoryFull(f"no memory for keys and values: {error.strerror}") from error
    tensor: Tensor = torch.frombuffer(pages, dtype=dtype).view(*size)  # it holds the pages until nobody has a view
    return tensor


def _by_layer(views: Sequence[Tensor]) -> list[tuple[Tensor, ...]]:
    """Views of every sequence, layer by layer, all made at once: one by one they take milliseconds."""
    return list(zip(*(view.unbind(0) for view in views), strict=True))


class DenseCache(Cache):
    """One tensor per layer, (2, rows, heads, columns, head size), all sequences side by side: for GPUs.

    One kernel attends for the whole batch, masked beyond each sequence, and shapes stay the same for many steps, as a
    CUDA graph wants it. Columns grow for all rows at once, layer by layer, so that the old and the new tensor exist
    together for one layer only; where memory runs out in between, the layers that have grown already serve as well.
    There is a row for every slot, unless `cells` has not enough for that many of such length: then fewer. Columns that
    nobody was promised stay until rows need their memory, so rows times columns are never more than `cells`.
    """

    column_step = DENSE_COLUMN_STEP

    def __init__(self, shape: CacheShape) -> None:
        self._shape = shape
        self._rows: list[int | None] = [None] * shape.slots
        self._promised: dict[int, int] = {}  # columns of every slot that is taken
        self._columns = 0
        self._layers = self._empty_layers()
        self.version = 0

    def take(self, slot: int, length: int, columns: int) -> None:
        promised = rounded_up(columns, DENSE_COLUMN_STEP)
        self._make_room(len(self._promised) + 1, length, longest=max(promised, *self._promised.values(), 0))
        row = self._rows.index(None)
        for layer in self._layers:
            layer[:, row] = 0  # what is masked must be finite, and the last sequence here may have overflowed
        self._rows[row] = slot
        self._promised[slot] = promised

    def release(self, slot: int) -> None:
        if self._promised.pop(slot, None) is not None:
            self._rows[self._rows.index(slot)] = None

    def reserve(self, columns: int) -> None:
        self._make_room(len(self._promised), columns, longest=max(self._promised.values(), default=0))

    def trim(self) -> None:
        """See `Cache`: columns above `KEPT_COLUMNS`, or as many as all rows can have, once no sequence is left."""
        shape = self._shape
        kept = min(KEPT_COLUMNS, shape.cells // shape.slots // DENSE_COLUMN_STEP * DENSE_COLUMN_STEP)
        if not self._promised and max(layer.shape[3] for layer in self._layers) > kept:
            self._columns = 0
            self._layers = self._empty_layers()  # first all that there is, so that what follows fits into it
            self._fit(shape.slots, kept)

    def keys_values(self, slot: int) -> Sequence[Tensor]:
        row = self._rows.index(slot)
        return [layer[:, row, :, : self._columns] for layer in self._layers]

    def batch(self, slots: Sequence[int]) -> list[int | None]:
        return list(self._rows)

    def attention(self, batch: Sequence[int | None], lengths: Sequence[int], on_device: Tensor) -> Attention:
        """See `Cache`. Every row's `length` is written to, also of rows that nobody asked for."""
        layers = [layer[:, : len(self._rows), :, : self._columns] for layer in self._layers]
        return _DenseAttention(layers, on_device)

    def _empty_layers(self) -> list[Tensor]:
        shape = self._shape
        size = (2, shape.slots, shape.heads, 0, shape.head_size)
        return [torch.empty(size, device=shape.device, dtype=shape.dtype) for _ in range(shape.layers)]

    def _make_room(self, count: int, columns: int, *, longest: int) -> None:
        """See that `count` sequences have rows, and all of them `columns`; they were promised at most `longest`."""
        needed = rounded_up(columns, DENSE_COLUMN_STEP)
        if count <= len(self._rows) and needed <= self._columns:
            return
        fitting = max(needed, self._columns)
        if count * fitting > self._shape.cells:
            fitting = max(needed, min(fitting, longest))
        self._fit(max(count, min(self._shape.slots, self._shape.cells // fitting)), fitting)

    def _fit(self, rows: int, columns: int) -> None:
        """Change the number of rows, at least those taken, and of columns, at least those that are written to."""
        if rows < len(self._rows):
            self._compact(rows)
        shape = self._shape
        self.version += 1
        self._columns = min(self._columns, columns)  # as many as every layer has, also where memory runs out
        for index, old in enumerate(self._layers):
            size = (2, rows, shape.heads, columns, shape.head_size)
            new = torch.zeros(size, device=shape.device, dtype=shape.dtype)  # finite: see `take`
            kept = old[:, :rows, :, : self._columns]
            new[:, : kept.shape[1], :, : kept.shape[3]] = kept
            self._layers[index] = new
            del old, kept
        self._rows += [None] * (rows - len(self._rows))
        self._columns = columns

    def _compact(self, rows: int) -> None:
        """Move what lies behind the first `rows` into free ones before it."""
        for row in range(rows, len(self._rows)):
            slot = self._rows[row]
            if slot is not None:
                free = self._rows.index(None)
                for layer in self._layers:
                    layer[:, free].copy_(layer[:, row])
                self._rows[free], self._rows[row] = slot, None
        del self._rows[rows:]


class _DenseAttention:
    """Writes one position of every row and attends to it and those before it, layer by layer; shapes are static."""

    def __init__(self, layers: Sequence[Tensor], lengths: Tensor) -> None:
        self._layers = layers
        self._lengths = lengths
        self._places = torch.arange(len(lengths), device=lengths.device)
        columns = torch.arange(layers[0].shape[3], device=lengths.device)
        self._mask = (columns <= lengths[:, None])[:, None, None]

    def __call__(self, layer: int, projected: Tensor) -> Tensor:
        kept = self._layers[layer]
        _, rows, heads, _, head_size = kept.shape
        new = projected.view(rows, 3, heads, head_size)
        kept[:, self._places, :, self._lengths] = new[:, 1:]
        attended = F.scaled_dot_product_attention(new[:, 0, :, None], kept[0], kept[1], attn_mask=self._mask)
        return attended.reshape(rows, heads * head_size)


def cache_for(shape: CacheShape) -> Cache:
    """The cache that fits the device."""
    return DenseCache(shape) if shape.device.type == "cuda" else SlotCache(shape)


def rounded_up(number: int, step: int) -> int:
    """The next multiple of `step`."""
    return -(-number // step) * step
