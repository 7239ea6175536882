"""What the batcher asks of the two models on the device. One thread calls them all. No torch."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from voice.audio.waveform import Samples
from voice.engines.xtts.sequence import Prompt
from voice.engines.xtts.windows import Latents, Piece

LatentsOut = TypeVar("LatentsOut", covariant=True)


class Decoder(Protocol[LatentsOut]):
    """The GPT: a batch of slots, each with a sequence that grows by a token a step.

    Its memory for keys and values is bounded as if it were dense: running sequences times the columns of the longest
    stay within `cells`. Where a method raises DeviceMemoryFull, every slot is as it was before the call, but for one
    that was being prefilled: release it.
    """

    @property
    def slots(self) -> int:
        """The most sequences at once."""

    @property
    def cells(self) -> int:
        """Positions that the cache may hold: slots in use times the columns of the longest sequence."""

    @property
    def stop_token(self) -> int:
        """The token by which a sequence ends."""

    def columns(self, prompt: Prompt) -> int:
        """Positions that the sequence may come to hold."""

    def prefill(self, slot: int, prompt: Prompt, generated: Sequence[int] = ()) -> None:
        """Begin a sequence in a free slot, or go on behind the `generated` tokens of one that was preempted.

        There is a latent for each of `generated` afterwards. Raises DeviceMemoryFull.
        """

    def step(self, slots: Sequence[int]) -> list[int]:
        """Draw a token for each of `slots`, in their order; `stop_token` ends a sequence. Raises DeviceMemoryFull."""

    def latents(self, slot: int, start: int, stop: int) -> LatentsOut:
        """Latents `start` to `stop`: one for each step made, also for the one that drew the stop token.

        Not finite where the sequence's numbers overflowed.
        """

    def release(self, slot: int) -> None:
        """Free a slot, whatever state it is in."""

    def trim(self) -> None:
        """Give memory back to the device that no sequence uses."""


class Vocoder(Protocol[Latents]):
    """Makes sound of latents."""

    def speak(self, pieces: Sequence[Piece[Latents]]) -> list[Samples]:
        """The samples `window.sample_start` to `window.sample_stop` of each piece.

        They are not finite where the latents are not. Raises DeviceMemoryFull.
        """
