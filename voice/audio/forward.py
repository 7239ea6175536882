"""Reading a sound file from its beginning to its end, in blocks, exactly."""

from collections.abc import Iterator

import numpy as np
import soundfile as sf
from numpy.typing import NDArray


class ForwardSoundFile(sf.SoundFile):  # type: ignore[misc]
    """A sound file that is only read forwards.

    soundfile seeks to where it already is after every read. For MP3 that throws the decoder's bit reservoir away, and
    the first frame of the next block comes out damaged: errors of 0.04 full scale were measured at the joins.
    """

    def seekable(self) -> bool:
        """False for MP3, so that soundfile leaves the decoder alone; the others seek exactly."""
        return bool(self.format != "MP3" and super().seekable())


def forward_blocks(sound: ForwardSoundFile, *, frames: int) -> Iterator[NDArray[np.float32]]:
    """The sound in order: float32 of shape (n, channels), n == `frames` for all but the last block.

    Stops at the first short read, never at what a header promises. Memory stays at one block. Not safe to share
    between threads. Raises soundfile's LibsndfileError where the data cannot be decoded.
    """
    while True:
        block = sound.read(frames, dtype="float32", always_2d=True)
        if len(block):
            yield block
        if len(block) < frames:
            return
