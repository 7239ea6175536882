"""What a recording is known by when it comes again encoded anew, cut, louder or softer.

After Haitsma and Kalker, "A Highly Robust Audio Fingerprinting System" (ISMIR 2002): a bit says whether the difference
of the levels of two neighbouring bands grows from one frame to the next. It knows one recording, not a speaker: other
words of the same person are as far from it as anybody's. It is not made to know a recording again whose pitch or tempo
was changed.
"""

import numpy as np
from numpy.typing import NDArray

from voice.audio.waveform import Waveform, resample_at_most

RATE_HZ = 8_000
HOP_S, FRAME_S = 0.05, 0.4
BANDS_HZ = (250.0, 3_400.0)
BITS = 16
_WINDOW, _STRIDE = 200, 100  # frames: 10 s, every 5 s
_MOST_ERRORS = 0.35  # of the bits of a window; measured: copies at most 0.29, other recordings at least 0.44
_LEAST_SHARE = 0.5
_FLOOR = 1e-9
Signs = NDArray[np.float32]


def fingerprint(waveform: Waveform) -> bytes:
    """`BITS` bits for each 50 ms of a recording, as little-endian 16-bit words. Deterministic, and safe from threads.

    Empty where the recording is shorter than two frames. 300 s make 12 kB.
    """
    levels = _band_levels(resample_at_most(waveform, RATE_HZ))
    slopes = np.diff(levels, axis=1)
    bits = np.diff(slopes, axis=0) > 0
    return (bits @ (1 << np.arange(BITS))).astype("<u2").tobytes()


def _band_levels(waveform: Waveform) -> NDArray[np.float64]:
    """Log levels of `BITS` + 1 bands, spaced evenly on a logarithmic scale, shape (frames, BITS + 1)."""
    size, hop = round(FRAME_S * waveform.rate_hz), round(HOP_S * waveform.rate_hz)
    if len(waveform.samples) < size:
        return np.zeros((0, BITS + 1))
    frames = np.lib.stride_tricks.sliding_window_view(waveform.samples, size)[::hop]
    edges = np.geomspace(*BANDS_HZ, BITS + 2) * size / waveform.rate_hz
    bounds = np.round(edges).astype(int)
    window = np.hanning(size).astype(np.float32)
    levels = np.empty((len(frames), BITS + 1))
    for start in range(0, len(frames), 256):  # not all spectra at once: they overlap eightfold
        power = np.abs(np.fft.rfft(frames[start : start + 256] * window, axis=1)) ** 2
        levels[start : start + 256] = np.add.reduceat(power[:, : bounds[-1]], bounds[:-1], axis=1)
    return np.log(levels + _FLOOR)


def is_same_sound(one: bytes, other: bytes) -> bool:
    """Whether half of one recording, in pieces of 10 s, is in the other, by their fingerprints. Symmetric.

    So a jingle that two recordings share does not make them one. Two of 300 s take some 0.1 s.
    """
    first, second = _signs(one), _signs(other)
    if not len(first) or not len(second):
        return False
    return _share_found(first, within=second) >= _LEAST_SHARE or _share_found(second, within=first) >= _LEAST_SHARE


def _signs(fingerprint: bytes) -> Signs:
    words = np.frombuffer(fingerprint, "<u2")[:, None]
    signs: Signs = np.where(words >> np.arange(BITS) & 1, 1, -1).astype(np.float32)
    signs[words[:, 0] == 0] = 0  # digital silence says nothing, and is everywhere the same
    return signs


def _share_found(sound: Signs, *, within: Signs) -> float:
    """The share of the windows of `sound` that are somewhere in `within`."""
    return float(np.mean(bit_errors(sound, within=within) < _MOST_ERRORS))


def bit_errors(sound: Signs, *, within: Signs) -> NDArray[np.float32]:
    """For each window of `sound`, the share of wrong bits at its best place in `within`. Signs of shape (n, BITS).

    Correlations by overlap-save: all windows with all blocks of `within` at once, in one short transform.
    """
    width = min(_WINDOW, len(sound), len(within))
    places = len(within) - width + 1
    size = 1 << (2 * width - 1).bit_length()
    step = size - width + 1
    windows = np.stack([sound[at : at + width] for at in range(0, len(sound) - width + 1, _STRIDE)])
    padded = np.zeros((places + size, BITS), np.float32)
    padded[: len(within)] = within
    blocks = np.stack([padded[at : at + size] for at in range(0, places, step)])
    # (bins, windows, bands) @ (bins, bands, blocks)
    of_windows = np.fft.rfft(windows, size, axis=1).conj().transpose(1, 0, 2)
    product = of_windows @ np.fft.rfft(blocks, axis=1).transpose(1, 2, 0)
    correlation = np.fft.irfft(product, size, axis=0)[:step].transpose(1, 2, 0)
    best = correlation.reshape(len(windows), -1)[:, :places].max(axis=1)
    errors: NDArray[np.float32] = 0.5 - best / (2 * width * BITS)
    return errors
