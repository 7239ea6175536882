"""Windows tile a sentence, and need only what later latents cannot change."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voice.engines.xtts.windows import (
    SAMPLES_PER_FRAME,
    WINDOW_FRAMES,
    Span,
    Window,
    context_frames,
    plan_tile,
    sample_count,
    stretch_source,
    stretch_spans,
    stretched_sizes,
    window_next,
)

speeds = st.one_of(st.sampled_from([0.5, 0.95, 0.99, 1.0, 1.01, 2.0]), st.floats(0.5, 2.0))
arrivals = st.lists(st.integers(1, 60), min_size=1, max_size=12)


def windows_of(steps: list[int], speed: float) -> list[Window]:
    """The windows of a sentence whose latents arrive in such steps."""
    windows: list[Window] = []
    latents = spoken = 0
    for number, step in enumerate(steps, start=1):
        latents += step
        window = window_next(spoken=spoken, latents=latents, is_last=number == len(steps), speed=speed)
        if window is not None:
            windows.append(window)
            spoken = window.sample_stop
    return windows


@pytest.mark.parametrize(
    ("latents", "speed", "frames"),
    [
        (0, 1.0, 0),
        (1, 1.0, 4),
        (2, 1.0, 8),
        (3, 1.0, 13),
        (100, 1.0, 435),
        (100, 2.0, 217),
        (99, 0.5, 862),
        (1, 2.0, 0),
    ],
)
def test_a_sentence_is_as_long_as_rounding_down_at_each_step_makes_it(latents: int, speed: float, frames: int) -> None:
    assert sample_count(latents, speed=speed) == frames * 256


@given(arrivals, speeds)
def test_windows_tile_the_whole_sentence(steps: list[int], speed: float) -> None:
    windows = windows_of(steps, speed)
    edges = [0, *(window.sample_stop for window in windows)]
    assert [window.sample_start for window in windows] == edges[:-1]
    assert edges == sorted(set(edges))
    assert edges[-1] == sample_count(sum(steps), speed=speed)


@given(arrivals, speeds)
def test_a_window_asks_for_latents_that_are_there(steps: list[int], speed: float) -> None:
    latents = spoken = 0
    for step in steps:
        latents += step
        window = window_next(spoken=spoken, latents=latents, is_last=False, speed=speed)
        if window is None:
            continue
        assert 0 <= window.latent_start < window.latent_stop <= latents
        assert (window.sample_stop - window.sample_start) % (WINDOW_FRAMES * SAMPLES_PER_FRAME) == 0
        assert window.sample_stop < sample_count(window.latent_stop, speed=speed), "not to be taken for the last one"
        spoken = window.sample_stop


@given(st.integers(1, 300), st.integers(0, 100), speeds)
@example(latents=101, more=0, speed=1.84375)
def test_a_window_needs_the_same_latents_however_long_the_sentence_becomes(
    latents: int, more: int, speed: float
) -> None:
    window = window_next(spoken=0, latents=latents, is_last=False, speed=speed)
    if window is None:
        return
    before, after = context_frames()
    frames = Span(max(0, -before), window.sample_stop // SAMPLES_PER_FRAME + after)
    assert stretch_spans(frames, speed=speed, latents=None) == stretch_spans(
        frames, speed=speed, latents=latents + more
    )
    assert frames.stop <= stretched_sizes(latents, speed=speed)[-1]


@given(st.integers(1, 300), speeds)
def test_the_last_window_takes_all_latents(latents: int, speed: float) -> None:
    window = window_next(spoken=0, latents=latents, is_last=True, speed=speed)
    length = sample_count(latents, speed=speed)
    assert window == (Window(0, latents, 0, length) if length else None)


def test_nothing_follows_the_end() -> None:
    assert window_next(spoken=sample_count(50, speed=1), latents=50, is_last=True, speed=1) is None


@given(st.integers(0, 2000), st.integers(1, 200), st.floats(0.5, 4))
def test_interpolation_reads_both_neighbours_of_every_coordinate(start: int, length: int, scale: float) -> None:
    span = Span(start, start + length)
    source = stretch_source(span, scale=scale, size=None)
    coordinates = [max(0.0, (position + 0.5) / scale - 0.5) for position in range(span.start, span.stop)]
    assert source.start <= math.floor(coordinates[0])
    assert source.stop >= math.floor(coordinates[-1]) + 2


@pytest.mark.parametrize("frames", [1, WINDOW_FRAMES, 4 * WINDOW_FRAMES])
def test_context_is_the_same_for_tiles_of_any_length(frames: int) -> None:
    before, after = context_frames()
    assert plan_tile(frames).frames == Span(-before, frames + after)


def test_the_first_window_of_a_stream_comes_after_half_a_second_of_latents() -> None:
    first = next(n for n in range(100) if window_next(spoken=0, latents=n, is_last=False, speed=1) is not None)
    assert first == 11
