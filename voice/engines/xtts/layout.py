"""Name and shape of every tensor of a checkpoint, in the layout that Coqui publishes. No torch in here."""

from collections.abc import Iterator

from voice.engines.xtts.shape import XttsShape

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
