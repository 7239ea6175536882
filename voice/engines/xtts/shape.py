"""The shape of a checkpoint: what its config.json and vocab.json say, and the size of every tensor. No torch.

The layers are those of XTTS v2 as Coqui published it (Casanova et al., "XTTS: a Massively Multilingual Zero-Shot
Text-to-Speech Model", 2024): sizes may differ, the architecture may not.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voice.engines.xtts.configuration import CONFIG, VOCABULARY
from voice.errors import EngineUnavailable

Size = tuple[int, ...]
MEL_BANDS = 80
CONDITIONING_LATENTS = 32
CONDITIONING_BLOCKS = 6
PERCEIVER_LAYERS = 2
PERCEIVER_INNER = 8 * 64  # heads of 64 channels, whatever the GPT has
UPSAMPLINGS = ((512, 256, 16), (256, 128, 16), (128, 64, 4), (64, 32, 4))  # channels in, channels out, kernel
RESIDUAL_KERNELS = (3, 7, 11)
SPEAKER_STAGES = ((32, 3), (64, 4), (128, 6), (256, 3))  # channels, blocks
SPEAKER_MELS = 64
ONLY_SUPPORTED: Mapping[str, object] = {
    "gpt_use_perceiver_resampler": True,
    "cond_d_vector_in_each_upsampling_layer": True,
    "gpt_code_stride_len": 1024,
    "input_sample_rate": 22050,
    "output_sample_rate": 24000,
    "output_hop_length": 256,
    "d_vector_dim": 512,
}
"""Arguments that the code of conditioning, decoder and vocoder has built in, with the values of XTTS v2."""


@dataclass(frozen=True, slots=True)
class XttsShape:
    """Sizes and special token ids of one checkpoint.

    `max_text_tokens` and `max_audio_tokens` are the configured ones (402 and 605): the learned positions have 2 and
    3 rows more. An audio token is `code_stride` samples at `input_rate_hz`, and `hop` samples at `output_rate_hz` are
    one frame of the vocoder.
    """

    layers: int
    channels: int
    heads: int
    text_tokens: int
    start_text: int
    stop_text: int
    audio_tokens: int
    start_audio: int
    stop_audio: int
    max_audio_tokens: int
    max_text_tokens: int
    decoder_input_dim: int
    d_vector_dim: int
    input_rate_hz: int
    output_rate_hz: int
    hop: int
    code_stride: int

    @property
    def most_audio_tokens(self) -> int:
        """Audio tokens that a sentence may have, as many as Coqui lets it: 602 of the published 605."""
        return self.max_audio_tokens - 3


def shape_read(folder: Path) -> XttsShape:
    """The shape that `folder` describes.

    Raises EngineUnavailable `checkpoint_unreadable` for files that are no JSON of the published form, and
    `checkpoint_unsupported` for another model, XTTS v1, or sizes that contradict each other.
    """
    config = _json(folder / CONFIG)
    arguments = config.get("model_args")
    if config.get("model") != "xtts" or not isinstance(arguments, dict):
        raise _unsupported(f"{CONFIG} does not describe an XTTS model")
    for name, supported in ONLY_SUPPORTED.items():
        if arguments.get(name) != supported:
            raise _unsupported(f"{CONFIG} has {name} = {arguments.get(name)}, and XTTS v2 has {supported}")
    ids = _token_ids(folder / VOCABULARY)
    shape = XttsShape(
        layers=_size(arguments, "gpt_layers"),
        channels=_size(arguments, "gpt_n_model_channels"),
        heads=_size(arguments, "gpt_n_heads"),
        text_tokens=max(ids.values()) + 1,
        start_text=ids["[START]"],
        stop_text=ids["[STOP]"],
        audio_tokens=_size(arguments, "gpt_num_audio_tokens"),
        start_audio=_size(arguments, "gpt_start_audio_token"),
        stop_audio=_size(arguments, "gpt_stop_audio_token"),
        max_audio_tokens=_size(arguments, "gpt_max_audio_tokens"),
        max_text_tokens=_size(arguments, "gpt_max_text_tokens"),
        decoder_input_dim=_size(arguments, "decoder_input_dim"),
        d_vector_dim=_size(arguments, "d_vector_dim"),
        input_rate_hz=_size(arguments, "input_sample_rate"),
        output_rate_hz=_size(arguments, "output_sample_rate"),
        hop=_size(arguments, "output_hop_length"),
        code_stride=_size(arguments, "gpt_code_stride_len"),
    )
    _refuse_contradictions(shape, arguments)
    return shape


def _refuse_contradictions(shape: XttsShape, arguments: Mapping[str, Any]) -> None:
    written = arguments.get("gpt_number_text_tokens")
    contradictions = {
        "gpt_n_model_channels is no multiple of gpt_n_heads": shape.channels % shape.heads != 0,
        "decoder_input_dim is not gpt_n_model_channels": shape.decoder_input_dim != shape.channels,
        "gpt_start_audio_token is outside of gpt_num_audio_tokens": shape.start_audio >= shape.audio_tokens,
        "gpt_stop_audio_token is outside of gpt_num_audio_tokens": shape.stop_audio >= shape.audio_tokens,
        "gpt_start_audio_token is gpt_stop_audio_token": shape.start_audio == shape.stop_audio,
        f"gpt_number_text_tokens is not the size of {VOCABULARY}": written not in (None, shape.text_tokens),
    }
    found = [contradiction for contradiction, is_there in contradictions.items() if is_there]
    if found:
        raise _unsupported(f"{CONFIG} contradicts itself: {'; '.join(found)}")


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(path) from error
    if not isinstance(content, dict):
        raise _unreadable(path)
    return content


def _token_ids(path: Path) -> dict[str, int]:
    """Ids of the text tokens, in the JSON form of Hugging Face's tokenizers: of the model, and those added to it."""
    content = _json(path)
    try:
        ids = dict(content["model"]["vocab"])
        ids.update({token["content"]: token["id"] for token in content["added_tokens"]})
    except (KeyError, TypeError, ValueError) as error:
        raise _unreadable(path) from error
    if not all(isinstance(number, int) and 0 <= number < 1_000_000 for number in ids.values()):
        raise _unreadable(path)
    missing = [token for token in ("[START]", "[STOP]", "[SPACE]") if token not in ids]
    if missing:
        raise _unsupported(f"{path.name} lacks the tokens {' '.join(missing)}")
    return ids


def _size(arguments: Mapping[str, Any], name: str) -> int:
    value = arguments.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 1_000_000:
        raise _unsupported(f"{CONFIG} has {name} = {value!r}, and a positive whole number is needed")
    return value


def _unreadable(path: Path) -> EngineUnavailable:
    return EngineUnavailable(
        "checkpoint_unreadable", f"{path.name} cannot be read. Run `manage.py download_xtts` to get it anew."
    )


def _unsupported(reason: str) -> EngineUnavailable:
    return EngineUnavailable(
        "checkpoint_unsupported",
        f"{reason}. Use a checkpoint of XTTS v2: `manage.py download_xtts` gets one.",
    )


def expected_sizes(shape: XttsShape) -> dict[str, Size]:
    """Every tensor that inference reads, by its published name. Only the sizes of the GPT depend on `shape`."""
    return {
        "mel_stats": (MEL_BANDS,),
        **dict(_gpt(shape)),
        **dict(_conditioning_encoder(shape.channels)),
        **dict(_perceiver(shape.channels)),
        **dict(_vocoder(shape)),
        **dict(_speaker_encoder(shape.d_vector_dim)),
    }


def _affine(name: str, weight: Size, *, out: int | None = None) -> Iterator[tuple[str, Size]]:
    yield f"{name}.weight", weight
    yield f"{name}.bias", (weight[0] if out is None else out,)


def _gpt(shape: XttsShape) -> Iterator[tuple[str, Size]]:
    channels = shape.channels
    yield "gpt.text_embedding.weight", (shape.text_tokens, channels)
    yield "gpt.mel_embedding.weight", (shape.audio_tokens, channels)
    yield "gpt.text_pos_embedding.emb.weight", (shape.max_text_tokens + 2, channels)
    yield "gpt.mel_pos_embedding.emb.weight", (shape.max_audio_tokens + 3, channels)
    for layer in range(shape.layers):
        block = f"gpt.gpt.h.{layer}"
        yield from _affine(f"{block}.ln_1", (channels,))
        yield from _affine(f"{block}.attn.c_attn", (channels, 3 * channels), out=3 * channels)
        yield from _affine(f"{block}.attn.c_proj", (channels, channels))
        yield from _affine(f"{block}.ln_2", (channels,))
        yield from _affine(f"{block}.mlp.c_fc", (channels, 4 * channels), out=4 * channels)
        yield from _affine(f"{block}.mlp.c_proj", (4 * channels, channels), out=channels)
    yield from _affine("gpt.gpt.ln_f", (channels,))
    yield from _affine("gpt.final_norm", (channels,))
    yield from _affine("gpt.text_head", (shape.text_tokens, channels))
    yield from _affine("gpt.mel_head", (shape.audio_tokens, channels))


def _conditioning_encoder(channels: int) -> Iterator[tuple[str, Size]]:
    yield from _affine("gpt.conditioning_encoder.init", (channels, MEL_BANDS, 1))
    for block in range(CONDITIONING_BLOCKS):
        name = f"gpt.conditioning_encoder.attn.{block}"
        yield from _affine(f"{name}.norm", (channels,))
        yield from _affine(f"{name}.qkv", (3 * channels, channels, 1))
        yield from _affine(f"{name}.proj_out", (channels, channels, 1))


def _perceiver(channels: int) -> Iterator[tuple[str, Size]]:
    inner = int(channels * 4 * 2 / 3)
    yield "gpt.conditioning_perceiver.latents", (CONDITIONING_LATENTS, channels)
    for layer in range(PERCEIVER_LAYERS):
        name = f"gpt.conditioning_perceiver.layers.{layer}"
        yield f"{name}.0.to_q.weight", (PERCEIVER_INNER, channels)
        yield f"{name}.0.to_kv.weight", (2 * PERCEIVER_INNER, channels)
        yield f"{name}.0.to_out.weight", (channels, PERCEIVER_INNER)
        yield from _affine(f"{name}.1.0", (2 * inner, channels))
        yield from _affine(f"{name}.1.2", (channels, inner))
    yield "gpt.conditioning_perceiver.norm.gamma", (channels,)


def _vocoder(shape: XttsShape) -> Iterator[tuple[str, Size]]:
    decoder = "hifigan_decoder.waveform_decoder"
    yield from _affine(f"{decoder}.conv_pre", (UPSAMPLINGS[0][0], shape.decoder_input_dim, 7))
    yield from _affine(f"{decoder}.cond_layer", (UPSAMPLINGS[0][0], shape.d_vector_dim, 1))
    for stage, (before, after, kernel) in enumerate(UPSAMPLINGS):
        yield from _normed(f"{decoder}.ups.{stage}", (before, after, kernel), out=after)
        yield from _affine(f"{decoder}.conds.{stage}", (after, shape.d_vector_dim, 1))
        for place, residual in enumerate(RESIDUAL_KERNELS):
            block = f"{decoder}.resblocks.{stage * len(RESIDUAL_KERNELS) + place}"
            for convolution in range(3):
                yield from _normed(f"{block}.convs1.{convolution}", (after, after, residual), out=after)
                yield from _normed(f"{block}.convs2.{convolution}", (after, after, residual), out=after)
    yield f"{decoder}.conv_post.weight", (1, UPSAMPLINGS[-1][1], 7)


def _normed(name: str, weight: Size, *, out: int) -> Iterator[tuple[str, Size]]:
    """A weight-normalised convolution: magnitude and direction apart (Salimans & Kingma 2016)."""
    yield f"{name}.bias", (out,)
    yield f"{name}.parametrizations.weight.original0", (weight[0], 1, 1)
    yield f"{name}.parametrizations.weight.original1", weight


def _speaker_encoder(embedding: int) -> Iterator[tuple[str, Size]]:
    encoder = "hifigan_decoder.speaker_encoder"
    yield f"{encoder}.torch_spec.0.filter", (1, 1, 2)
    yield f"{encoder}.torch_spec.1.spectrogram.window", (400,)
    yield f"{encoder}.torch_spec.1.mel_scale.fb", (257, SPEAKER_MELS)
    yield from _affine(f"{encoder}.conv1", (SPEAKER_STAGES[0][0], 1, 3, 3))
    yield from _batch_norm(f"{encoder}.bn1", SPEAKER_STAGES[0][0])
    before = SPEAKER_STAGES[0][0]
    for stage, (channels, blocks) in enumerate(SPEAKER_STAGES, start=1):
        for block in range(blocks):
            yield from _speaker_block(f"{encoder}.layer{stage}.{block}", before, channels)
            before = channels
    flat = before * SPEAKER_MELS // 8
    yield from _affine(f"{encoder}.attention.0", (128, flat, 1))
    yield from _batch_norm(f"{encoder}.attention.2", 128)
    yield from _affine(f"{encoder}.attention.3", (flat, 128, 1))
    yield from _affine(f"{encoder}.fc", (embedding, 2 * flat))


def _speaker_block(name: str, before: int, channels: int) -> Iterator[tuple[str, Size]]:
    yield f"{name}.conv1.weight", (channels, before, 3, 3)
    yield from _batch_norm(f"{name}.bn1", channels)
    yield f"{name}.conv2.weight", (channels, channels, 3, 3)
    yield from _batch_norm(f"{name}.bn2", channels)
    yield from _affine(f"{name}.se.fc.0", (channels // 8, channels))
    yield from _affine(f"{name}.se.fc.2", (channels, channels // 8))
    if before != channels:
        yield f"{name}.downsample.0.weight", (channels, before, 1, 1)
        yield from _batch_norm(f"{name}.downsample.1", channels)


def _batch_norm(name: str, channels: int) -> Iterator[tuple[str, Size]]:
    for part in ("weight", "bias", "running_mean", "running_var"):
        yield f"{name}.{part}", (channels,)
