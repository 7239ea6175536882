"""Coqui's own GPT on the weights of a test, asked in batches of texts of one length so that it takes little time."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from TTS.tts.configs.xtts_config import XttsConfig
from TTS.tts.models.xtts import Xtts

from voice.engines.xtts.utterance import Prompt


@dataclass(frozen=True, slots=True)
class CoquiGpt:
    """`generate` and the second pass of Coqui's `Xtts.inference`."""

    model: Xtts
    dtype: torch.dtype

    @classmethod
    def load(cls, folder: Path, dtype: torch.dtype) -> "CoquiGpt":
        config = XttsConfig()
        config.load_json(str(folder / "config.json"))
        model = Xtts(config)
        model.load_checkpoint(config, checkpoint_dir=str(folder), eval=True)
        return cls(model.to(dtype), dtype)

    @torch.inference_mode()
    def greedy(self, prompts: Sequence[Prompt]) -> list[list[int]]:
        """The tokens of each prompt, the stop token included where one was drawn. All have one `max_tokens`."""
        places: dict[tuple[int, float], list[int]] = defaultdict(list)
        for place, prompt in enumerate(prompts):
            places[len(prompt.text_ids), prompt.sampling.repetition_penalty].append(place)
        tokens: dict[int, list[int]] = {}
        for (_, penalty), alike in places.items():
            drawn = self.model.gpt.generate(
                cond_latents=self._conditioning([prompts[place] for place in alike]),
                text_inputs=torch.tensor([prompts[place].text_ids for place in alike]),
                do_sample=False,
                num_beams=1,
                repetition_penalty=penalty,
                max_new_tokens=prompts[0].max_tokens,
                min_new_tokens=prompts[0].min_tokens,
            )
            tokens |= {place: self._ended(row) for place, row in zip(alike, drawn.tolist(), strict=True)}
        return [tokens[place] for place in range(len(prompts))]

    @torch.inference_mode()
    def latents(self, prompt: Prompt, tokens: Sequence[int]) -> Tensor:
        """The second pass's latents for `tokens`: (tokens, channels)."""
        latents: Tensor = self.model.gpt(
            torch.tensor([prompt.text_ids]),
            torch.tensor([len(prompt.text_ids)]),
            torch.tensor([tokens]),
            torch.tensor([len(tokens) * self.model.gpt.code_stride_len]),
            cond_latents=self._conditioning([prompt]),
            return_latent=True,
        )
        return latents[0]

    def _conditioning(self, prompts: Sequence[Prompt]) -> Tensor:
        return torch.from_numpy(np.stack([prompt.conditioning for prompt in prompts])).to(self.dtype)

    def _ended(self, tokens: list[int]) -> list[int]:
        stop = self.model.gpt.stop_audio_token
        return tokens[: tokens.index(stop) + 1] if stop in tokens else tokens
