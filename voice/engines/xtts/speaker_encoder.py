"""The speaker encoder of XTTS: H/ASP, a ResNet with squeeze-and-excitation and attentive statistics pooling.

Heo et al., "Clova Baseline System for the VoxCeleb Speaker Recognition Challenge 2020", arXiv:2009.14153. Window,
filter bank and pre-emphasis are taken from the checkpoint.
"""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from voice.engines.xtts.layout import SPEAKER_STAGES

PREFIX = "hifigan_decoder.speaker_encoder."
RATE_HZ = 16000
FFT_SIZE = 512
HOP = 160

Weights = Mapping[str, Tensor]


def speaker_embedding(weights: Weights, samples: Tensor) -> Tensor:
    """The embedding of one speaker, shape (512,), of length 1.

    `weights`: those of PREFIX, without it, float32. `samples`: shape (n,), at 16 kHz, at least 400.
    """
    frames = functional.instance_norm(_log_mels(weights, samples)).unsqueeze(1)
    hidden = functional.conv2d(frames, weights["conv1.weight"], weights["conv1.bias"], padding=1)
    hidden = _batch_norm(weights, "bn1", functional.relu(hidden))
    for stage, (_, blocks) in enumerate(SPEAKER_STAGES, start=1):
        for block in range(blocks):
            stride = 2 if stage > 1 and block == 0 else 1
            hidden = _block(weights, f"layer{stage}.{block}", hidden, stride)
    pooled = _pooled(weights, hidden.reshape(1, -1, hidden.shape[-1]))
    embedding = functional.linear(pooled, weights["fc.weight"], weights["fc.bias"])
    return functional.normalize(embedding, dim=1)[0]


def _log_mels(weights: Weights, samples: Tensor) -> Tensor:
    """Shape (1, 64, frames) of the pre-emphasised samples."""
    padded = functional.pad(samples.reshape(1, 1, -1), (1, 0), "reflect")
    emphasised = functional.conv1d(padded, weights["torch_spec.0.filter"]).squeeze(1)
    window = weights["torch_spec.1.spectrogram.window"]
    spectrum = torch.stft(
        emphasised, FFT_SIZE, HOP, len(window), window, center=True, pad_mode="reflect", return_complex=True
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
