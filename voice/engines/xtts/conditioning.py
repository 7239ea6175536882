"""A speaker as XTTS keeps them: conditioning latents for the GPT, a speaker embedding for the vocoder.

The speaker encoder is H/ASP, a ResNet with squeeze-and-excitation and attentive statistics pooling: Heo et al., "Clova
Baseline System for the VoxCeleb Speaker Recognition Challenge 2020", arXiv:2009.14153. Its window, filter bank and
pre-emphasis are taken from the checkpoint.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import torch
import torchaudio
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from torchaudio.functional import resample

from voice.audio.waveform import Waveform
from voice.engines.xtts.checkpoint import Checkpoint
from voice.engines.xtts.device import compute_float32_exactly, device_memory
from voice.engines.xtts.failures import DeviceMemoryFull, EngineOutOfMemory
from voice.engines.xtts.shape import CONDITIONING_BLOCKS, MEL_BANDS, PERCEIVER_LAYERS, SPEAKER_STAGES
from voice.errors import EngineError

REFERENCE_S = 30
CHUNK_S = 6
SHORTEST_S = 0.33
QUIETEST = 1e-3  # peak: -60 dB, below what preprocessing lets through
FFT_SIZE = 2048
WINDOW = 1024
HOP = 256
HIGHEST_HZ = 8000.0
PERCEIVER_HEADS = 8
SPEAKER_PREFIX = "hifigan_decoder.speaker_encoder."
SPEAKER_RATE_HZ = 16000
SPEAKER_FFT_SIZE = 512
SPEAKER_HOP = 160

Weights = Mapping[str, Tensor]


class Conditioner:
    """The encoders of one checkpoint, in float32 whatever the GPT runs in: they work once per voice.

    Thread-safe: one caller at a time is encoded, so that many clones at once do not take the batch's memory.
    """

    def __init__(self, checkpoint: Checkpoint, device: torch.device) -> None:
        compute_float32_exactly()
        self._device = device
        self._turn = threading.Lock()
        self._rate_hz = checkpoint.shape.input_rate_hz
        self._heads = checkpoint.shape.heads
        self._mel_stats = checkpoint.weights["mel_stats"].to(device, torch.float32, copy=True)
        self._encoder = self._part(checkpoint, "gpt.conditioning_encoder.")
        self._perceiver = self._part(checkpoint, "gpt.conditioning_perceiver.")
        self._speaker = self._part(checkpoint, SPEAKER_PREFIX)
        self._window = torch.hann_window(WINDOW, device=device)
        bank = torchaudio.functional.melscale_fbanks(
            FFT_SIZE // 2 + 1, 0.0, HIGHEST_HZ, MEL_BANDS, self._rate_hz, norm="slaney"
        )
        self._mel_bank: Tensor = bank.T.to(device)

    def _part(self, checkpoint: Checkpoint, prefix: str) -> Weights:
        return {
            name.removeprefix(prefix): checkpoint.weights[name].to(self._device, torch.float32, copy=True)
            for name in checkpoint.weights
            if name.startswith(prefix)
        }

    def conditioning_latents(self, references: Sequence[Waveform]) -> NDArray[np.float32]:
        """The speaker for the GPT, shape (32, channels): the mean over chunks of 6 s.

        Of each reference the first 30 s count, so every recording has its share. For one reference it is what Coqui's
        `get_gpt_cond_latents` gives with length 30 and chunks of 6 s. A last chunk below a third of a second is left
        out. Raises EngineError `reference_unusable` where no reference is longer than that and louder than -60 dB,
        EngineOutOfMemory.
        """
        with self._encoding():
            chunks = [
                chunk
                for samples in self._usable(references)
                for chunk in samples.split(self._rate_hz * CHUNK_S)
                if len(chunk) >= self._rate_hz * SHORTEST_S
            ]
            return torch.stack([self._chunk_latents(chunk) for chunk in chunks]).mean(dim=0).cpu().numpy()

    def speaker_embedding(self, references: Sequence[Waveform]) -> NDArray[np.float32]:
        """The speaker for the vocoder, shape (512,): the mean of the embeddings of each reference's first 30 s.

        Each has length 1, their mean a little less, as with Coqui. Raises like `conditioning_latents`.
        """
        with self._encoding():
            embeddings = [self._embedding(samples) for samples in self._usable(references)]
            return torch.stack(embeddings).mean(dim=0).cpu().numpy()

    def similarity(self, embedding: NDArray[np.float32], waveform: Waveform) -> float:
        """Cosine between `embedding`, shape (512,), and that of the first 30 s of `waveform`; 0..1, negative is 0.

        Raises like `conditioning_latents`.
        """
        other = self.speaker_embedding([waveform])
        cosine = embedding @ other / (np.linalg.norm(embedding) * np.linalg.norm(other))
        return float(np.clip(cosine, 0, 1))

    @contextmanager
    def _encoding(self) -> Iterator[None]:
        try:
            with self._turn, torch.inference_mode(), device_memory():
                yield
        except DeviceMemoryFull as error:
            raise EngineOutOfMemory from error

    def _usable(self, references: Sequence[Waveform]) -> list[Tensor]:
        """The first 30 s of each reference at the model's rate, shape (n,), as Coqui loads a file."""
        found = [
            self._resampled(waveform)
            for waveform in references
            if waveform.duration_s >= SHORTEST_S and np.abs(waveform.samples).max() >= QUIETEST
        ]
        if not found:
            raise EngineError(
                "reference_unusable",
                "The reference audio is too short or too quiet. Record at least ten seconds of clear speech.",
                details={"longest_s": max((round(waveform.duration_s, 2) for waveform in references), default=0.0)},
            )
        return found

    def _resampled(self, waveform: Waveform) -> Tensor:
        samples = torch.from_numpy(np.array(waveform.samples[: waveform.rate_hz * (REFERENCE_S + 1)]))
        samples = resample(samples, waveform.rate_hz, self._rate_hz)
        return samples[: self._rate_hz * REFERENCE_S].clamp(-1, 1).to(self._device)

    def _chunk_latents(self, samples: Tensor) -> Tensor:
        spectrum = torch.stft(
            samples, FFT_SIZE, HOP, WINDOW, self._window, center=True, pad_mode="reflect", return_complex=True
        )
        mels = (self._mel_bank @ spectrum.abs().square()).clamp(min=1e-5).log() / self._mel_stats[:, None]
        return _resampled_latents(self._perceiver, _encoded(self._encoder, mels[None], self._heads))[0]

    def _embedding(self, samples: Tensor) -> Tensor:
        return speaker_embedding(self._speaker, resample(samples, self._rate_hz, SPEAKER_RATE_HZ))


def _encoded(weights: Weights, mels: Tensor, heads: int) -> Tensor:
    """Mel frames (1, 80, n) through the conditioning encoder of Tortoise: (1, channels, n)."""
    hidden = _convolved(weights, "init", mels)
    _, channels, frames = hidden.shape
    for block in range(CONDITIONING_BLOCKS):
        name = f"attn.{block}"
        normed = functional.group_norm(
            hidden, _groups(channels), weights[f"{name}.norm.weight"], weights[f"{name}.norm.bias"]
        )
        joined = _convolved(weights, f"{name}.qkv", normed)
        queries, keys, values = joined.reshape(1, heads, -1, frames).transpose(2, 3).chunk(3, dim=3)
        attended = functional.scaled_dot_product_attention(queries, keys, values)
        attended = attended.transpose(2, 3).reshape(1, channels, frames)
        # the residual is the normed input: so the published model was trained
        hidden = normed + _convolved(weights, f"{name}.proj_out", attended)
    return hidden


def _groups(channels: int) -> int:
    """Groups of Tortoise's group norm: 32, and fewer for the few channels of a small model."""
    groups = 8 if channels <= 16 else 16 if channels <= 64 else 32
    while channels % groups:
        groups //= 2
    return groups


def _resampled_latents(weights: Weights, encoded: Tensor) -> Tensor:
    """Frames (1, channels, n) as 32 latents (1, 32, channels): a Perceiver resampler (Alayrac et al. 2022)."""
    context = encoded.transpose(1, 2)
    latents = weights["latents"][None]
    for layer in range(PERCEIVER_LAYERS):
        latents = latents + _cross_attended(weights, f"layers.{layer}.0", latents, context)
        hidden, gates = _linear(weights, f"layers.{layer}.1.0", latents).chunk(2, dim=-1)
        latents = latents + _linear(weights, f"layers.{layer}.1.2", hidden * functional.gelu(gates))
    return functional.normalize(latents, dim=-1) * latents.shape[-1] ** 0.5 * weights["norm.gamma"]


def _cross_attended(weights: Weights, name: str, latents: Tensor, context: Tensor) -> Tensor:
    """Latents look at the frames and at themselves."""
    seen = torch.cat((latents, context), dim=1)
    keys, values = functional.linear(seen, weights[f"{name}.to_kv.weight"]).chunk(2, dim=-1)
    queries = functional.linear(latents, weights[f"{name}.to_q.weight"])
    attended = functional.scaled_dot_product_attention(_in_heads(queries), _in_heads(keys), _in_heads(values))
    return functional.linear(attended.transpose(1, 2).flatten(2), weights[f"{name}.to_out.weight"])


def _in_heads(inputs: Tensor) -> Tensor:
    return inputs.unflatten(2, (PERCEIVER_HEADS, -1)).transpose(1, 2)


def speaker_embedding(weights: Weights, samples: Tensor) -> Tensor:
    """The embedding of one speaker, shape (512,), of length 1.

    `weights`: those of SPEAKER_PREFIX, without it, float32. `samples`: shape (n,), at 16 kHz, at least 400.
    """
    frames = functional.instance_norm(_log_mels(weights, samples)).unsqueeze(1)
    hidden = functional.conv2d(frames, weights["conv1.weight"], weights["conv1.bias"], padding=1)
    hidden = _batch_norm(weights, "bn1", functional.relu(hidden))
    for stage, (_, blocks) in enumerate(SPEAKER_STAGES, start=1):
        for block in range(blocks):
            stride = 2 if stage > 1 and block == 0 else 1
            hidden = _block(weights, f"layer{stage}.{block}", hidden, stride)
    pooled = _pooled(weights, hidden.reshape(1, -1, hidden.shape[-1]))
    embedding = _linear(weights, "fc", pooled)
    return functional.normalize(embedding, dim=1)[0]


def _log_mels(weights: Weights, samples: Tensor) -> Tensor:
    """Shape (1, 64, frames) of the pre-emphasised samples."""
    padded = functional.pad(samples.reshape(1, 1, -1), (1, 0), "reflect")
    emphasised = functional.conv1d(padded, weights["torch_spec.0.filter"]).squeeze(1)
    window = weights["torch_spec.1.spectrogram.window"]
    spectrum = torch.stft(
        emphasised,
        SPEAKER_FFT_SIZE,
        SPEAKER_HOP,
        len(window),
        window,
        center=True,
        pad_mode="reflect",
        return_complex=True,
    )
    mels = weights["torch_spec.1.mel_scale.fb"].T @ spectrum.abs().square()
    return (mels + 1e-6).log()


def _block(weights: Weights, name: str, inputs: Tensor, stride: int) -> Tensor:
    hidden = functional.conv2d(inputs, weights[f"{name}.conv1.weight"], stride=stride, padding=1)
    hidden = _batch_norm(weights, f"{name}.bn1", functional.relu(hidden))
    hidden = functional.conv2d(hidden, weights[f"{name}.conv2.weight"], padding=1)
    hidden = _excited(weights, f"{name}.se.fc", _batch_norm(weights, f"{name}.bn2", hidden))
    if f"{name}.downsample.0.weight" in weights:
        inputs = functional.conv2d(inputs, weights[f"{name}.downsample.0.weight"], stride=stride)
        inputs = _batch_norm(weights, f"{name}.downsample.1", inputs)
    return functional.relu(hidden + inputs)


def _excited(weights: Weights, name: str, hidden: Tensor) -> Tensor:
    """Squeeze-and-excitation (Hu et al. 2018): each channel is scaled by what all of them hold."""
    squeezed = _linear(weights, f"{name}.0", hidden.mean(dim=(2, 3)))
    gates = _linear(weights, f"{name}.2", functional.relu(squeezed)).sigmoid()
    return hidden * gates[:, :, None, None]


def _pooled(weights: Weights, hidden: Tensor) -> Tensor:
    """Mean and deviation over time, weighted by attention (Okabe et al. 2018)."""
    attention = functional.relu(_convolved(weights, "attention.0", hidden))
    attention = _convolved(weights, "attention.3", _batch_norm(weights, "attention.2", attention)).softmax(dim=2)
    mean = (hidden * attention).sum(dim=2)
    variance = (hidden.square() * attention).sum(dim=2) - mean.square()
    return torch.cat((mean, variance.clamp(min=1e-5).sqrt()), dim=1)


def _linear(weights: Weights, name: str, inputs: Tensor) -> Tensor:
    return functional.linear(inputs, weights[f"{name}.weight"], weights[f"{name}.bias"])


def _convolved(weights: Weights, name: str, inputs: Tensor) -> Tensor:
    return functional.conv1d(inputs, weights[f"{name}.weight"], weights[f"{name}.bias"])


def _batch_norm(weights: Weights, name: str, inputs: Tensor) -> Tensor:
    return functional.batch_norm(
        inputs,
        weights[f"{name}.running_mean"],
        weights[f"{name}.running_var"],
        weights[f"{name}.weight"],
        weights[f"{name}.bias"],
    )
