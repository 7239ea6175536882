"""Coqui's side of the XTTS benchmark: its own `Xtts.inference` in float32, in a process of its own."""

import argparse
import time
import warnings
from pathlib import Path

import torch
from TTS.tts.configs.xtts_config import XttsConfig
from TTS.tts.models.xtts import Xtts

from benchmarks.xtts_ours import memory_mb, resident_mb
from benchmarks.xtts_process import serve
from benchmarks.xtts_workload import LANGUAGE, SHORT, tokens_of, voice
from voice.engines.xtts.windows import RATE_HZ


class Side:
    """Coqui's model, and the voice in its tensors."""

    def __init__(self, checkpoint: Path, *, device: str) -> None:
        config = XttsConfig()
        config.load_json(str(checkpoint / "config.json"))
        self._model = Xtts.init_from_config(config)
        self._model.load_checkpoint(config, checkpoint_dir=str(checkpoint), eval=True)
        self._model.to(device)
        conditioning, speaker = voice(config.model_args.gpt_n_model_channels)
        self._voice = (torch.from_numpy(conditioning)[None], torch.from_numpy(speaker)[None, :, None])

    def spoken_s(self, sentence: str) -> float:
        """Speak one sentence at its fixed length; seconds of audio."""
        tokens = tokens_of(sentence)
        spoken = self._model.inference(sentence, LANGUAGE, *self._voice, min_new_tokens=tokens, max_new_tokens=tokens)
        return len(spoken["wav"]) / RATE_HZ

    def first_s(self, sentence: str) -> float:
        """The time of its stream to the first sound."""
        started = time.perf_counter()
        next(iter(self._model.inference_stream(sentence, LANGUAGE, *self._voice)))
        return time.perf_counter() - started

    def timed(self, sentences: list[str]) -> dict[str, float]:
        """Seconds of audio and of work, one sentence after the other: it knows no other way."""
        started = time.perf_counter()
        audio_s = sum(self.spoken_s(sentence) for sentence in sentences)
        return {"audio_s": audio_s, "work_s": time.perf_counter() - started}


def main() -> None:
    """Load, then answer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--device", required=True)
    arguments = parser.parse_args()
    started = time.perf_counter()
    side = Side(arguments.checkpoint, device=arguments.device)
    load = {"load_s": time.perf_counter() - started}

    def memory() -> dict[str, float]:
        device = torch.device(arguments.device)
        return {"peak_mb": memory_mb(device.type), "resident_mb": resident_mb(device)}

    serve(
        {
            "load": lambda: load,
            "short": lambda: side.timed([SHORT]),
            "text": lambda sentences: side.timed(sentences),
            "stream": lambda sentence: {"first_p50_s": side.first_s(sentence)},
            "memory": memory,
        }
    )


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Coqui's own, about versions to come
        main()
