"""Between log power spectra and 40 mel cepstra, as WORLD codes them.

WORLD's spectral codec (Morise, Yokomori and Ozawa, 2016) is linear on log spectra: interpolation onto a mel axis, then
a cosine transform. So each direction is one matrix, and so is "decode, stretch the frequency axis, code again".
"""

from functools import lru_cache

import numpy as np
import pyworld
from numpy.typing import NDArray

CEPSTRA = 40
FFT_SIZE = 1024
"""Of the analysis; WORLD's own choice for a lowest F0 of 71 Hz, at every rate from 16 to 24 kHz."""

Matrix = NDArray[np.float32]


@lru_cache(maxsize=16)
def decoding_matrix(rate_hz: int, fft_size: int = FFT_SIZE) -> Matrix:
    """Float32, (CEPSTRA, fft_size // 2 + 1): cepstra @ matrix = log power spectrum on the bins of `fft_size`."""
    decoded = np.log(pyworld.decode_spectral_envelope(np.eye(CEPSTRA), rate_hz, FFT_SIZE))
    # WORLD decodes to powers of two alone: it corrupts the heap for any other size.
    bins = np.linspace(0, FFT_SIZE // 2, fft_size // 2 + 1)
    return np.array([np.interp(bins, np.arange(FFT_SIZE // 2 + 1), row) for row in decoded], dtype=np.float32)


@lru_cache(maxsize=16)
def coding_matrix(rate_hz: int) -> Matrix:
    """Float32, (FFT_SIZE // 2 + 1, CEPSTRA): log power spectrum @ matrix = cepstra."""
    bins = np.exp(np.eye(FFT_SIZE // 2 + 1))
    return np.asarray(pyworld.code_spectral_envelope(bins, rate_hz, CEPSTRA), dtype=np.float32)


@lru_cache(maxsize=64)
def warping_matrix(alpha: float, rate_in_hz: int, rate_out_hz: int) -> Matrix:
    """Float32, (CEPSTRA, CEPSTRA): cepstra @ matrix = those of the envelopes stretched by `alpha` along frequency.

    `alpha` above 1 moves formants up (a shorter vocal tract). With two rates it also carries cepstra from one to the
    other; above the Nyquist frequency of the input the envelope goes on flat.
    """
    bins = np.arange(FFT_SIZE // 2 + 1)
    hz_in, hz_out = bins * (rate_in_hz / FFT_SIZE), bins * (rate_out_hz / FFT_SIZE)
    stretched = [np.interp(hz_out / alpha, hz_in, row) for row in decoding_matrix(rate_in_hz)]
    return (np.asarray(stretched, dtype=np.float32) @ coding_matrix(rate_out_hz)).astype(np.float32)
