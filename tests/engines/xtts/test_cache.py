"""Keys and values stay with their sequence while the cache grows, is packed together or runs out of memory."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeVar

import pytest
import torch

from voice.engines.xtts.cache import (
    COLUMN_STEP,
    DENSE_COLUMN_STEP,
    KEPT_COLUMNS,
    CacheShape,
    DenseCache,
    SlotCache,
)

C = TypeVar("C", DenseCache, SlotCache)
SHAPE = CacheShape(
    layers=3, heads=2, head_size=8, slots=4, cells=10_000, device=torch.device("cpu"), dtype=torch.float32
)


def test_a_growing_dense_cache_keeps_what_every_sequence_has() -> None:
    cache = _filled(DenseCache(SHAPE), slots=(0, 1, 3), length=40)
    version = cache.version
    cache.reserve(DENSE_COLUMN_STEP + 1)
    assert cache.version > version
    for slot in (0, 1, 3):
        assert _holds(cache, slot, length=40)
        assert cache.keys_values(slot)[0].shape == (2, 2, 2 * DENSE_COLUMN_STEP, 8)


def test_a_dense_cache_that_is_long_enough_does_not_move() -> None:
    cache = _filled(DenseCache(SHAPE), slots=(0,), length=40)
    version = cache.version
    cache.take(1, 100, 200)
    cache.reserve(DENSE_COLUMN_STEP)
    assert cache.version == version


def test_where_cells_are_scarce_a_dense_cache_packs_its_sequences_into_fewer_rows() -> None:
    cells = 2 * 3 * DENSE_COLUMN_STEP
    cache = _filled(DenseCache(replace(SHAPE, cells=cells)), slots=(0, 1, 2, 3), length=40)
    assert _cells(cache) <= cells
    for slot in (0, 1, 2):
        cache.release(slot)
    cache.take(2, 10, 3 * DENSE_COLUMN_STEP)
    cache.reserve(2 * DENSE_COLUMN_STEP + 1)
    assert sorted(slot for slot in cache.batch([2, 3]) if slot is not None) == [2, 3]
    assert len(cache.batch([2, 3])) == 2
    assert _cells(cache) <= cells
    assert _holds(cache, 3, length=40)


def test_the_columns_of_a_long_sequence_make_place_for_the_rows_of_many_short_ones() -> None:
    """One that takes all cells, then as many short ones as there are slots: the scheduler counts that both fit."""
    slots, cells = 32, 8 * 7 * DENSE_COLUMN_STEP
    cache = DenseCache(replace(SHAPE, slots=slots, cells=cells))
    cache.take(0, 100, 7 * DENSE_COLUMN_STEP)
    cache.reserve(7 * DENSE_COLUMN_STEP)
    assert cache.keys_values(0)[0].shape[2] == 7 * DENSE_COLUMN_STEP
    _filled(cache, slots=range(1, 8), length=100)
    cache.release(0)
    for slot in range(8, slots):
        _filled(cache, slots=[slot], length=DENSE_COLUMN_STEP)
        assert _cells(cache) <= cells
        assert all(_holds(cache, before, length=100) for before in range(1, slot + 1))


def test_columns_that_somebody_was_promised_stay() -> None:
    cells = 5 * 2 * DENSE_COLUMN_STEP
    cache = DenseCache(replace(SHAPE, slots=8, cells=cells))
    cache.take(0, 100, 4 * DENSE_COLUMN_STEP)
    cache.reserve(4 * DENSE_COLUMN_STEP)
    _filled(cache, slots=[1], length=2 * DENSE_COLUMN_STEP)
    cache.release(0)
    _filled(cache, slots=[2, 3, 4], length=40)
    assert _cells(cache) == cells
    assert cache.keys_values(1)[0].shape[2] == 2 * DENSE_COLUMN_STEP
    assert _holds(cache, 1, length=2 * DENSE_COLUMN_STEP)


@pytest.mark.parametrize("allocations", [0, 1, 2])
def test_a_dense_cache_that_cannot_grow_is_as_it_was(allocations: int, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = _filled(DenseCache(SHAPE), slots=(0, 2), length=40)
    with monkeypatch.context() as full_device:
        full_device.setattr(torch, "zeros", _failing_after(allocations, torch.zeros))
        with pytest.raises(torch.OutOfMemoryError):
            cache.reserve(DENSE_COLUMN_STEP + 1)
    assert _holds(cache, 0, length=40)
    assert cache.keys_values(0)[0].shape == cache.keys_values(0)[2].shape
    cache.reserve(DENSE_COLUMN_STEP + 1)
    assert _holds(cache, 0, length=40)
    assert _holds(cache, 2, length=40)


def test_a_dense_cache_that_cannot_give_columns_for_rows_is_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = 4 * 3 * DENSE_COLUMN_STEP
    cache = DenseCache(replace(SHAPE, slots=8, cells=cells))
    cache.take(0, 10, 3 * DENSE_COLUMN_STEP)
    cache.reserve(3 * DENSE_COLUMN_STEP)
    _filled(cache, slots=[1, 2, 3], length=40)
    cache.release(0)
    _filled(cache, slots=[4], length=40)
    with monkeypatch.context() as full_device:
        full_device.setattr(torch, "zeros", _failing_after(1, torch.zeros))
        with pytest.raises(torch.OutOfMemoryError):
            cache.take(5, 10, 40)
    assert len({layer.shape for layer in cache.keys_values(1)}) == 1
    assert all(_holds(cache, slot, length=40) for slot in (1, 2, 3, 4))
    _filled(cache, slots=[5], length=40)
    assert _cells(cache) <= cells
    assert all(_holds(cache, slot, length=40) for slot in (1, 2, 3, 4, 5))


def test_trim_gives_back_long_columns_of_a_dense_cache_once_nobody_uses_it() -> None:
    cache = _filled(DenseCache(SHAPE), slots=(0, 1), length=40)
    cache.reserve(KEPT_COLUMNS + 1)
    cache.release(1)
    cache.trim()
    assert _holds(cache, 0, length=40)
    assert cache.keys_values(0)[0].shape[2] > KEPT_COLUMNS
    cache.release(0)
    cache.trim()
    cache.take(2, 5, 10)
    assert cache.keys_values(2)[0].shape[2] == KEPT_COLUMNS


def test_trim_leaves_a_dense_cache_where_it_is_if_it_is_of_common_length() -> None:
    cache = DenseCache(SHAPE)
    cache.take(0, KEPT_COLUMNS, KEPT_COLUMNS)
    version = cache.version
    cache.release(0)
    cache.trim()
    cache.take(0, KEPT_COLUMNS, KEPT_COLUMNS)
    assert cache.version == version


def test_trim_keeps_no_more_than_there_are_cells_for() -> None:
    cells = SHAPE.slots * (KEPT_COLUMNS - 1)
    cache = DenseCache(replace(SHAPE, cells=cells))
    cache.take(0, KEPT_COLUMNS, KEPT_COLUMNS)
    cache.release(0)
    cache.trim()
    cache.take(0, 5, 10)
    assert len(cache.batch([0])) == SHAPE.slots
    assert _cells(cache) <= cells


def test_a_slot_cache_has_the_final_size_from_the_start() -> None:
    cache = _filled(SlotCache(SHAPE), slots=(1,), length=40)
    assert cache.keys_values(1)[0].shape == (2, 2, COLUMN_STEP, 8)
    cache.take(0, 5, COLUMN_STEP + 1)
    assert cache.keys_values(0)[0].shape == (2, 2, 2 * COLUMN_STEP, 8)
    assert _holds(cache, 1, length=40)


def test_a_slot_cache_decodes_those_that_were_asked_for_and_no_others() -> None:
    cache = _filled(SlotCache(SHAPE), slots=(0, 1, 2), length=4)
    assert cache.batch([2, 0]) == [2, 0]


def _filled(cache: C, *, slots: Iterable[int], length: int) -> C:
    for slot in slots:
        cache.take(slot, length, length)
        for number, layer in enumerate(cache.keys_values(slot)):
            layer[:, :, :length] = 10 * slot + number
    return cache


def _holds(cache: DenseCache | SlotCache, slot: int, *, length: int) -> bool:
    layers = cache.keys_values(slot)
    return all(bool((layer[:, :, :length] == 10 * slot + number).all()) for number, layer in enumerate(layers))


def _cells(cache: DenseCache) -> int:
    """Positions that every layer has memory for: rows times columns."""
    (slot, *_) = (slot for slot in cache.batch(()) if slot is not None)
    (size,) = {layer.untyped_storage().nbytes() for layer in cache.keys_values(slot)}
    return size // (2 * SHAPE.heads * SHAPE.head_size * SHAPE.dtype.itemsize)


def _failing_after(allocations: int, allocate: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    """The memory of a GPU that holds so many tensors and no more."""
    left = [allocations]

    def zeros(*args: object, **kwargs: object) -> torch.Tensor:
        if left[0] == 0:
            raise torch.OutOfMemoryError("CUDA out of memory")
        left[0] -= 1
        return allocate(*args, **kwargs)

    return zeros
