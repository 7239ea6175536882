"""The loaded model: checkpoint, tokenizer, encoders and the batcher around decoder and vocoder, on one device."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch

from voice.audio.waveform import Waveform
from voice.engines.base import VoiceProfile
from voice.engines.xtts.batcher import Batcher
from voice.engines.xtts.checkpoint import Checkpoint
from voice.engines.xtts.conditioning import Conditioner
from voice.engines.xtts.configuration import XttsConfiguration
from voice.engines.xtts.device import cpu_slowdown, device_choose, memory_report, precision_choose
from voice.engines.xtts.gpt import GptDecoder
from voice.engines.xtts.profile import XttsVoice, profile_make, profile_read
from voice.engines.xtts.sentences import TextTokenizer
from voice.engines.xtts.shape import XttsShape
from voice.engines.xtts.takes import TakeCounter
from voice.engines.xtts.utterance import Prompt
from voice.engines.xtts.vocoder import Vocoder
from voice.engines.xtts.windows import RATE_HZ

SLOTS = {"cpu": 32, "cuda": 32}
CACHE_MB = {"cpu": 1024, "cuda": 2048}
"""Defaults that keep a worker in 16 bits below 3 GB on a CPU and below 4 GB on a GPU. With 32 bits it is twice that:
as many positions."""

AHEAD_PER_SLOT = 2
"""Sentences of one text that are in work or wait: more than have a slot, so that the longest of them come first."""

WARM_UP_TOKENS = 40

SLOWDOWN_TOLD = 2.0
"""A CPU that computes in 16 bits takes at most about as long as in 32, one that emulates them 10 to 100 times."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class XttsRuntime:
    """The parts of the engine once it is loaded. Methods are safe to call from threads.

    The checkpoint itself is not among it: its file would stay mapped, and in memory.
    """

    shape: XttsShape
    fingerprint: str
    device: torch.device
    tokenizer: TextTokenizer
    conditioner: Conditioner
    batcher: Batcher
    counter: TakeCounter
    ahead: int

    @classmethod
    def load(cls, configuration: XttsConfiguration) -> Self:
        """Load everything onto the device. Raises EngineUnavailable."""
        started = time.monotonic()
        device = device_choose(configuration)
        dtype = precision_choose(configuration, device)
        _warn_of_emulation(device, dtype)
        checkpoint = Checkpoint.open(configuration.checkpoint)
        slots = configuration.batch_size or SLOTS[device.type]
        cache_mb = configuration.cache_mb or CACHE_MB[device.type] * max(1, dtype.itemsize // 2)
        decoder = GptDecoder(
            checkpoint.weights,
            checkpoint.shape,
            device=device,
            dtype=dtype,
            slots=slots,
            cache_bytes=cache_mb * 2**20,
        )
        vocoder = Vocoder(checkpoint.weights, device=device, dtype=dtype)
        runtime = cls(
            shape=checkpoint.shape,
            fingerprint=checkpoint.fingerprint,
            device=device,
            tokenizer=TextTokenizer(checkpoint),
            conditioner=Conditioner(checkpoint, device),
            batcher=Batcher(decoder, vocoder),
            counter=TakeCounter(),
            ahead=AHEAD_PER_SLOT * slots,
        )
        runtime.batcher.start()
        logger.info("xtts: loaded on %s in %s, %.1f s", device, dtype, time.monotonic() - started)
        return runtime

    def warm_up(self) -> None:
        """Speak two seconds in no voice at all, so that kernels are chosen for both sizes of the vocoder's tiles."""
        prompt = Prompt(
            conditioning=np.zeros((32, self.shape.channels), np.float32),
            text_ids=self.tokenizer.encode("hello.", "en"),
            min_tokens=WARM_UP_TOKENS,
            max_tokens=WARM_UP_TOKENS,
        )
        ticket = self.batcher.submit(prompt, np.zeros(self.shape.d_vector_dim, np.float32), speed=1.0, group=self)
        while not ticket.is_drained:
            ticket.wait(1.0)

    def clone(self, references: Sequence[Waveform]) -> VoiceProfile:
        return profile_make(
            conditioning=self.conditioner.conditioning_latents(references),
            speaker_embedding=self.conditioner.speaker_embedding(references),
            fingerprint=self.fingerprint,
            reference_durations_s=[reference.duration_s for reference in references],
        )

    def report(self) -> Mapping[str, float]:
        statistics = self.batcher.statistics()
        memory = memory_report(self.device)
        return {
            "sentences_waiting": statistics.waiting,
            "sentences_running": statistics.running,
            "batch_limit": statistics.limit,
            "mean_batch": round(statistics.mean_batch, 2),
            "audio_s": round(statistics.samples / RATE_HZ, 1),
            "finished": statistics.finished,
            "failed": statistics.failed,
            "cancelled": statistics.cancelled,
            "preempted": statistics.preempted,
            "out_of_memory": statistics.out_of_memory,
            "memory_used_mb": memory.used_bytes // 2**20,
            "memory_total_mb": memory.total_bytes // 2**20,
            **self.counter.snapshot(),
        }

    def voice(self, profile: VoiceProfile) -> XttsVoice:
        """The voice of `profile`. Raises EngineError `profile_mismatch`."""
        return profile_read(profile, fingerprint=self.fingerprint, channels=self.shape.channels)


def _warn_of_emulation(device: torch.device, dtype: torch.dtype) -> None:
    if device.type != "cpu" or dtype == torch.float32:
        return
    slowdown = cpu_slowdown(dtype)
    if slowdown >= SLOWDOWN_TOLD:
        logger.warning(
            "xtts: this CPU emulates %s: products of matrices take %.0f times as long as in float32. "
            "Set XTTS_PRECISION=auto, or float32.",
            str(dtype).removeprefix("torch."),
            slowdown,
        )
