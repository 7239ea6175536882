"""What a checkpoint's config.json and vocab.json say about the model, held against what this engine can run.

No torch in here. The layers are those of XTTS v2 as Coqui published it (Casanova et al., "XTTS: a Massively
Multilingual Zero-Shot Text-to-Speech Model", 2024): sizes may differ, the architecture may not.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voice.engines.xtts.options import CONFIG, VOCABULARY
from voice.errors import EngineUnavailable

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
