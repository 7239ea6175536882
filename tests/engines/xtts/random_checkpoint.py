"""XTTS v2 checkpoints with random weights, in the layout that Coqui publishes: config.json, model.pth, vocab.json.

Nobody can hear them, and all the code runs on them: the shapes, names and file formats are those of the published
checkpoint. `TINY` is for tests; `FULL_SIZE` has the published 453 M parameters, for benchmarks.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import Split
from tokenizers.trainers import BpeTrainer
from TTS.tts.configs.xtts_config import XttsArgs, XttsAudioConfig, XttsConfig
from TTS.tts.models.xtts import Xtts

from voice.engines.spec import EXAMPLE_TEXTS, LANGUAGES

PUBLISHED_TEXT_TOKENS = 6681
SPECIAL_TOKENS = ["[STOP]", "[UNK]", "[SPACE]", *(f"[{language}]" for language in LANGUAGES), "[START]"]
LOUDER = 15  # the random vocoder peaks near .02
NEUTRAL_SPREAD = 0.2
STOP_CHANNEL = 0
STOP_STEEPNESS = 8.0  # in deviations of the token embeddings, from the first token to the one that is asked for
STOP_GAIN = 20.0
STOP_LEAK = 0.1


@dataclass(frozen=True, slots=True)
class CheckpointSize:
    """The differences between a tiny checkpoint and the published one; `text_tokens` 0 keeps what the tokenizer has.

    `gain`: of the GPT's layers. With Coqui's initial weights two layers add so little to the embeddings that greedy
    tokens are the same for every text and voice, and a decoder that ignored both would pass for right.
    """

    layers: int
    channels: int
    heads: int
    text_tokens: int = 0
    gain: float = 1.0


TINY = CheckpointSize(layers=2, channels=64, heads=2, gain=12.0)
FULL_SIZE = CheckpointSize(layers=30, channels=1024, heads=16, text_tokens=PUBLISHED_TEXT_TOKENS)


def make_checkpoint(
    folder: Path, *, size: CheckpointSize = TINY, seed: int = 0, stops_near: int | None = None
) -> Path:
    """Write a checkpoint into `folder` and return it. The same seed makes the same weights.

    Random weights never draw the stop token by themselves. With `stops_near` the model does, after about that many
    audio tokens: earlier or later by an eighth of it, depending on the tokens drawn, and so on text, voice and seed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = folder / "vocab.json"
    _train_tokenizer(size).save(str(vocabulary))
    config = _config(size, vocabulary)
    config.save_json(str(folder / "config.json"))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Xtts(config)
        model.tokenizer.tokenizer = Tokenizer.from_file(str(vocabulary))
        model.init_models()
        _spread(model, seed)
        _amplify(model, size.gain)
        if stops_near is not None:
            _stop_near(model, stops_near)
    torch.save({"model": model.state_dict()}, folder / "model.pth")
    return folder


def _train_tokenizer(size: CheckpointSize) -> Tokenizer:
    tokenizer = Tokenizer(BPE(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Split(" ", "removed")
    letters = sorted(set("abcdefghijklmnopqrstuvwxyz0123456789.,;:!?'-" + "".join(EXAMPLE_TEXTS.values()).lower()))
    trainer = BpeTrainer(
        vocab_size=max(1000, size.text_tokens),
        special_tokens=SPECIAL_TOKENS,
        initial_alphabet=letters,
        show_progress=False,
    )
    tokenizer.train_from_iterator([text.lower() for text in EXAMPLE_TEXTS.values()], trainer)
    missing = size.text_tokens - tokenizer.get_vocab_size()
    tokenizer.add_tokens([f"<unused {number}>" for number in range(max(0, missing))])
    return tokenizer


def _config(size: CheckpointSize, vocabulary: Path) -> XttsConfig:
    arguments = XttsArgs(
        gpt_layers=size.layers,
        gpt_n_model_channels=size.channels,
        gpt_n_heads=size.heads,
        decoder_input_dim=size.channels,
        gpt_num_audio_tokens=1026,
        gpt_start_audio_token=1024,
        gpt_stop_audio_token=1025,
        gpt_use_perceiver_resampler=True,
        tokenizer_file=str(vocabulary),
    )
    return XttsConfig(model_args=arguments, audio=XttsAudioConfig())


def _spread(model: Xtts, seed: int) -> None:
    """Make the embeddings louder, so that what is said and who says it moves the random model's output."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for embedding in (model.gpt.text_embedding, model.gpt.mel_embedding):
            embedding.weight.copy_(torch.randn(embedding.weight.shape, generator=generator))
        model.hifigan_decoder.waveform_decoder.conv_post.weight.mul_(LOUDER)
        for name, value in model.state_dict().items():
            if _starts_neutral(name):
                value.add_(NEUTRAL_SPREAD * (torch.rand(value.shape, generator=generator) - 0.5))


def _starts_neutral(name: str) -> bool:
    """True if Coqui starts this tensor at 0 or 1, where code that leaves it out would pass for right.

    Norms, their running statistics, mel statistics, the GPT's biases, and projections of the conditioning encoder.
    """
    parts = name.split(".")
    is_norm = any("norm" in part or part.startswith(("bn", "ln_")) for part in parts)
    is_norm = is_norm or "downsample.1" in name or "attention.2" in name
    is_bias = parts[-1] == "bias" and parts[-2].startswith("c_")
    is_counter = parts[-1] == "num_batches_tracked"
    return (is_norm or is_bias or name == "mel_stats" or "proj_out" in parts) and not is_counter


def _amplify(model: Xtts, gain: float) -> None:
    with torch.no_grad():
        for block in model.gpt.gpt.h:
            for layer in (block.attn.c_attn, block.attn.c_proj, block.mlp.c_fc, block.mlp.c_proj):
                layer.weight.mul_(gain)


def _stop_near(model: Xtts, tokens: int) -> None:
    """Let one channel of the mel position rise steadily, and the stop token be likely where that channel is high.

    The channel is a residual stream's: layers are kept from adding much to it, and the last token's own embedding is
    the jitter. Both layer norms keep its sign, so the stop token overtakes all others soon after it crosses zero.
    """
    gpt = model.gpt
    with torch.no_grad():
        for block in gpt.gpt.h:
            for layer in (block.attn.c_proj, block.mlp.c_proj):
                layer.weight[:, STOP_CHANNEL] *= STOP_LEAK
        positions = torch.arange(gpt.mel_pos_embedding.emb.num_embeddings)
        gpt.mel_pos_embedding.emb.weight[:, STOP_CHANNEL] = STOP_STEEPNESS * (positions - tokens) / tokens
        gpt.mel_head.weight[:, STOP_CHANNEL] = 0
        gpt.mel_head.weight[gpt.stop_audio_token] = 0
        gpt.mel_head.weight[gpt.stop_audio_token, STOP_CHANNEL] = STOP_GAIN
        gpt.mel_head.bias[gpt.stop_audio_token] = 0
