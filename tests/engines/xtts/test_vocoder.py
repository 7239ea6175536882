"""The vocoder against Coqui's own on the same random weights, whole and in windows, alone and in company."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor
from TTS.tts.layers.xtts.hifigan_decoder import HifiDecoder
from TTS.vocoder.models.hifigan_generator import HifiganGenerator

from voice.engines.xtts.failures import DeviceMemoryFull
from voice.engines.xtts.vocoder import LONG_TILE, Vocoder, tile_lengths
from voice.engines.xtts.windows import (
    RESBLOCK_DILATIONS,
    RESBLOCK_KERNELS,
    UPSAMPLINGS,
    WINDOW_FRAMES,
    Piece,
    context_frames,
    sample_count,
    window_next,
)

CHANNELS = 32
CPU = torch.device("cpu")
CUDA = pytest.param(
    torch.device("cuda"), marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
)
on_each_device = pytest.mark.parametrize("device", [CPU, CUDA], ids=str)
on_each_device_and_precisely = pytest.mark.parametrize(
    ("device", "dtype", "tolerance"),
    [
        (CPU, torch.float32, 1e-4),
        (CPU, torch.float64, 1e-7),
        pytest.param(*CUDA.values, torch.float32, 1e-4, marks=CUDA.marks),
    ],
    ids=str,
)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Tests run beside each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def coqui() -> HifiDecoder:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        decoder = HifiDecoder(decoder_input_dim=CHANNELS).eval()
    with torch.no_grad():
        decoder.waveform_decoder.conv_post.weight.mul_(10)  # random weights whisper
    return decoder


@pytest.fixture(scope="module")
def weights(coqui: HifiDecoder) -> dict[str, Tensor]:
    return {f"hifigan_decoder.{name}": tensor.clone() for name, tensor in coqui.state_dict().items()}


@pytest.fixture(scope="module")
def vocoders(weights: dict[str, Tensor]) -> dict[tuple[torch.device, torch.dtype], Vocoder]:
    devices = [CPU, torch.device("cuda")] if torch.cuda.is_available() else [CPU]
    dtypes = (torch.float32, torch.float64, torch.bfloat16)
    return {(device, dtype): Vocoder(weights, device=device, dtype=dtype) for device in devices for dtype in dtypes}


def sentence(latents: int, seed: int = 0) -> tuple[Tensor, NDArray[np.float32]]:
    """Random latents and a random speaker of unit length."""
    generator = torch.Generator().manual_seed(seed)
    speaker = F.normalize(torch.randn(512, generator=generator), dim=0)
    return torch.randn(latents, CHANNELS, generator=generator), speaker.numpy()


def spoken_by_coqui(
    coqui: HifiDecoder, latents: Tensor, speaker: NDArray[np.float32], *, speed: float, dtype: torch.dtype
) -> Tensor:
    """As `Xtts.inference` calls it, on the CPU."""
    decoder = coqui.to(dtype)
    x = latents.to(dtype).unsqueeze(0)
    if speed != 1:
        x = F.interpolate(x.transpose(1, 2), scale_factor=1 / speed, mode="linear").transpose(1, 2)
    with torch.inference_mode():
        return decoder(x, g=torch.from_numpy(speaker).to(dtype)[None, :, None]).squeeze()


def whole(latents: Tensor, speaker: NDArray[np.float32], *, speed: float = 1) -> Piece:
    window = window_next(spoken=0, latents=len(latents), is_last=True, speed=speed)
    assert window is not None
    return Piece(latents, speaker, window, speed)


def in_windows(latents: Tensor, speaker: NDArray[np.float32], *, speed: float, steps: list[int]) -> list[Piece]:
    """The sentence in pieces, its latents arriving in such steps and the rest at last."""
    pieces, arrived, spoken = [], 0, 0
    for step in [*steps, len(latents) - sum(steps)]:
        arrived += step
        window = window_next(spoken=spoken, latents=arrived, is_last=arrived == len(latents), speed=speed)
        if window is not None:
            pieces.append(Piece(latents[window.latent_start : window.latent_stop], speaker, window, speed))
            spoken = window.sample_stop
    return pieces


def decibels(exact: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Signal to noise ratio of `other`."""
    return float(10 * np.log10(np.sum(np.square(exact)) / np.sum(np.square(exact - other))))


Vocoders = dict[tuple[torch.device, torch.dtype], Vocoder]


@on_each_device_and_precisely
@pytest.mark.parametrize(("latents", "speed"), [(1, 1.0), (2, 1.0), (9, 1.0), (7, 0.95), (4, 0.61), (12, 1.7)])
def test_a_sentence_equals_coquis(
    coqui: HifiDecoder,
    vocoders: Vocoders,
    device: torch.device,
    dtype: torch.dtype,
    tolerance: float,
    latents: int,
    speed: float,
) -> None:
    text, speaker = sentence(latents, seed=latents)
    expected = spoken_by_coqui(coqui, text, speaker, speed=speed, dtype=dtype).numpy()
    (samples,) = vocoders[device, dtype].speak([whole(text, speaker, speed=speed)])
    assert samples.dtype == np.float32
    assert samples.shape == expected.shape == (sample_count(latents, speed=speed),)
    assert 0.05 < np.abs(expected).max() < 0.95, "loud enough to tell, and not saturated"
    np.testing.assert_allclose(samples, expected, rtol=0, atol=tolerance)


@on_each_device
@pytest.mark.parametrize("speed", [0.5, 0.97, 1.37])
def test_a_long_sentence_of_several_tiles_equals_coquis_in_float32(
    coqui: HifiDecoder, vocoders: Vocoders, device: torch.device, speed: float
) -> None:
    text, speaker = sentence(round(32 * speed))
    expected = spoken_by_coqui(coqui, text, speaker, speed=speed, dtype=torch.float32).numpy()
    (samples,) = vocoders[device, torch.float32].speak([whole(text, speaker, speed=speed)])
    np.testing.assert_allclose(samples, expected, rtol=0, atol=1e-4)


@on_each_device
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize(
    ("speed", "steps"), [(1.0, [11, 8, 8]), (0.97, [3, 30]), (0.5, [6, 1, 1, 1, 9]), (1.9, [21, 17]), (1.0, [])]
)
def test_windows_joined_equal_the_whole(
    vocoders: Vocoders, device: torch.device, dtype: torch.dtype, speed: float, steps: list[int]
) -> None:
    text, speaker = sentence(sum(steps) + 5)
    vocoder = vocoders[device, dtype]
    (expected,) = vocoder.speak([whole(text, speaker, speed=speed)])
    pieces = in_windows(text, speaker, speed=speed, steps=steps)
    assert len(pieces) > 1 or not steps
    joined = np.concatenate([samples for piece in pieces for samples in vocoder.speak([piece])])
    np.testing.assert_allclose(joined, expected, rtol=0, atol=1e-5 if dtype == torch.float32 else 1e-3)


@on_each_device
def test_a_piece_sounds_the_same_in_any_company(vocoders: Vocoders, device: torch.device) -> None:
    vocoder = vocoders[device, torch.float32]
    pieces = [
        whole(*sentence(3, seed=1)),
        *in_windows(*sentence(33, seed=2), speed=1, steps=[14]),
        whole(*sentence(9, seed=3), speed=0.7),
    ]
    together = vocoder.speak(pieces)
    reversed_together = vocoder.speak(pieces[::-1])[::-1]
    for piece, samples, same in zip(pieces, together, reversed_together, strict=True):
        (alone,) = vocoder.speak([piece])
        tolerance = 0 if device == CPU else 1e-5  # cuDNN sums in another order for other batch sizes
        np.testing.assert_allclose(samples, alone, rtol=0, atol=tolerance)
        np.testing.assert_allclose(same, alone, rtol=0, atol=tolerance)


def test_nothing_to_speak_is_nothing(vocoders: Vocoders) -> None:
    assert vocoders[CPU, torch.float32].speak([]) == []


def test_each_speaker_sounds_otherwise(vocoders: Vocoders) -> None:
    text, speaker = sentence(4)
    _, other = sentence(4, seed=1)
    first, second = vocoders[CPU, torch.float32].speak([whole(text, speaker), whole(text, other)])
    assert np.abs(first - second).max() > 1e-2


@on_each_device
def test_bfloat16_adds_noise_40_decibels_below_the_speech(vocoders: Vocoders, device: torch.device) -> None:
    piece = whole(*sentence(9))
    (exact,) = vocoders[device, torch.float32].speak([piece])
    (rounded,) = vocoders[device, torch.bfloat16].speak([piece])
    assert decibels(exact, rounded) > 40


def test_plain_weights_do_as_well_as_those_with_weight_norm(coqui: HifiDecoder, weights: dict[str, Tensor]) -> None:
    plain = dict(weights)
    for name in [name for name in weights if name.endswith(".original1")]:
        layer = name.removesuffix(".parametrizations.weight.original1")
        direction, magnitude = plain.pop(name), plain.pop(name.replace("original1", "original0"))
        plain[f"{layer}.weight"] = torch._weight_norm(direction.double(), magnitude.double(), 0)
    piece = whole(*sentence(3))
    (expected,) = Vocoder(weights, device=CPU, dtype=torch.float32).speak([piece])
    (samples,) = Vocoder(plain, device=CPU, dtype=torch.float32).speak([piece])
    np.testing.assert_allclose(samples, expected, rtol=0, atol=1e-6)


def test_context_is_what_the_samples_of_a_frame_depend_on() -> None:
    channels = 16
    network = HifiganGenerator(
        in_channels=1,
        out_channels=1,
        resblock_type="1",
        resblock_dilation_sizes=[list(RESBLOCK_DILATIONS)] * len(RESBLOCK_KERNELS),
        resblock_kernel_sizes=list(RESBLOCK_KERNELS),
        upsample_kernel_sizes=[2 * stride for stride in UPSAMPLINGS],
        upsample_initial_channel=channels,
        upsample_factors=list(UPSAMPLINGS),
        inference_padding=0,
    ).double()
    network.remove_weight_norm()
    with torch.no_grad():
        for parameter in network.parameters():  # positive weights cannot cancel out
            parameter.copy_(torch.full_like(parameter, 1 / parameter[0].numel() if parameter.dim() > 1 else 0))
        network.conv_post.weight.mul_(1e-3)  # away from where tanh is flat
    frames = torch.ones(1, 1, 61, dtype=torch.float64, requires_grad=True)
    network(frames)[0, 0, 30 * 256 : 31 * 256].sum().backward()
    assert frames.grad is not None
    reached = frames.grad[0, 0].nonzero().flatten()
    before, after = context_frames()
    assert (int(reached.min()), int(reached.max())) == (30 - before, 30 + after)


@pytest.mark.parametrize("frames", [1, 31, 32, 33, 96, 97, 128, 129, 225, 1000])
def test_tiles_cover_the_frames_and_waste_less_than_one_short_tile(frames: int) -> None:
    lengths = tile_lengths(frames)
    assert frames <= sum(lengths) < frames + WINDOW_FRAMES
    assert lengths == sorted(lengths, reverse=True)
    assert set(lengths) <= {LONG_TILE, WINDOW_FRAMES}


def test_a_full_device_is_named(weights: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch) -> None:
    vocoder = Vocoder(weights, device=CPU, dtype=torch.float32)

    def full(*_: object, **__: object) -> Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(vocoder, "_generator", full)
    with pytest.raises(DeviceMemoryFull):
        vocoder.speak([whole(*sentence(3))])
