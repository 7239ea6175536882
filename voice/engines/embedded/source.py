"""The speech that the target is made to say: espeak-ng in a process of its own, and what its voices are like."""

import json
import os
import select
import struct
import subprocess
import sys
import threading
import time
import weakref
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import espeakng_loader
import numpy as np
import soxr

from voice.audio.waveform import Waveform
from voice.engines.embedded.analysis import (
    Analyser,
    Frames,
    Matrix,
    SpeakerStatistics,
    describe,
    matching_vectors,
    warping_matrix,
)
from voice.engines.embedded.passages import PASSAGES
from voice.engines.spec import LANGUAGES
from voice.errors import EngineError, EngineUnavailable

CHILD_PROGRAM = Path(__file__).with_name("espeak_child.py")
DEFAULT_RATE_WPM = 175
DEFAULT_TIMEOUT_S = 20

ESPEAK_VOICES = {code: code for code in LANGUAGES} | {"en": "en-us", "pt": "pt-br", "zh-cn": "cmn"}
"""espeak-ng's names for the languages of the product; some of its other names for them fail."""
LOW_VARIANT, HIGH_VARIANT = "", "+f2"
HIGH_VARIANT_ABOVE_HZ = 155.0
"""Targets of a higher median F0 are spoken for by espeak-ng's second female variant, whose formants are nearer."""

ACTIVE_DB = -45.0
MARGIN_S = 0.03
WINDOW_S = 0.01


class SourceSpeechFailed(EngineError):
    """The espeak process crashed, hung or refused. The next attempt gets a fresh process."""

    retryable = True


@dataclass(frozen=True, slots=True)
class SpeakRequest:
    """One sentence for espeak-ng.

    `voice`: espeak-ng's own name. `rate_wpm`: 80..450 words per minute. `pitch`, `pitch_range`: 0..100, 50 is neutral.
    """

    text: str
    voice: str
    rate_wpm: int = DEFAULT_RATE_WPM
    pitch: int = 50
    pitch_range: int = 50


class EspeakProcess:
    """A running espeak process, started at the first request and again after a failure.

    Safe to call from threads (requests take turns) and after a fork (the fork starts a process of its own).
    The process ends when this object is collected, when `close` is called, or when our process ends in any way.
    """

    def __init__(self, *, timeout_s: int = DEFAULT_TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner_pid = 0
        self._finalizer: weakref.finalize[..., EspeakProcess] | None = None

    def speak(self, request: SpeakRequest) -> Waveform:
        """Say `request` and give back its samples at espeak-ng's rate (22,050 Hz), the same ones every time.

        The waveform is empty where the text holds nothing that can be said.
        Raises SourceSpeechFailed (retryable) where the process crashed, hung or refused, EngineUnavailable where
        it cannot be started.
        """
        payload = json.dumps(asdict(request)).encode()
        with self._lock:
            reply = self._ask(payload)
        if reply[:1] != b"\0":
            detail = reply[1:].decode(errors="replace")
            raise SourceSpeechFailed("source_speech_failed", f"The speech process failed: {detail}. Try again.")
        rate_hz = struct.unpack(">I", reply[1:5])[0]
        return Waveform(np.frombuffer(reply, dtype="<i2", offset=5).astype(np.float32) / np.float32(32768), rate_hz)

    def close(self) -> None:
        """End the process. The next request starts another."""
        with self._lock:
            self._stop()

    @property
    def pid(self) -> int | None:
        """Process id of the running process, if there is one."""
        return self._process.pid if self._process is not None else None

    def _ask(self, payload: bytes) -> bytes:
        reused = self._process is not None
        try:
            return self._exchange(payload)
        except SourceSpeechFailed:
            if not reused:
                raise
        return self._exchange(payload)  # it had died since the last sentence; a fresh one gets one chance

    def _exchange(self, payload: bytes) -> bytes:
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        deadline = time.monotonic() + self._timeout_s + 5  # the child's own deadline comes first
        try:
            process.stdin.write(struct.pack(">I", len(payload)) + payload)
            process.stdin.flush()
            header = _read_exactly(process.stdout.fileno(), 4, deadline)
            return _read_exactly(process.stdout.fileno(), struct.unpack(">I", header)[0], deadline)
        except (OSError, EOFError, TimeoutError) as error:
            self._stop()
            message = "The speech process stopped answering. Try again."
            raise SourceSpeechFailed("source_speech_failed", message) from error

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._owner_pid == os.getpid():
            return self._process
        if self._finalizer is not None:
            self._finalizer.detach()  # after a fork the process belongs to our parent
        data_folder = str(Path(espeakng_loader.get_data_path()).parent)  # the one that holds espeak-ng-data
        arguments = [espeakng_loader.get_library_path(), data_folder, str(self._timeout_s)]
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(CHILD_PROGRAM), *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # the terminal's Ctrl-C is ours to handle
            )
        except OSError as error:
            raise EngineUnavailable("engine_unavailable", "The speech process cannot be started.") from error
        self._owner_pid = os.getpid()
        self._finalizer = weakref.finalize(self, _end, self._process, self._owner_pid)
        return self._process

    def _stop(self) -> None:
        if self._finalizer is not None:
            self._finalizer()
        self._finalizer = None
        self._process = None


def _end(process: subprocess.Popen[bytes], owner_pid: int) -> None:
    """Kill the server; its fork dies with it (PDEATHSIG). A forked copy of us does not touch the process."""
    if os.getpid() != owner_pid:
        return
    process.kill()
    process.wait()
    for stream in filter(None, (process.stdin, process.stdout)):
        with suppress(BrokenPipeError):  # the unsent rest of a request to a dead process
            stream.close()


def _read_exactly(descriptor: int, count: int, deadline: float) -> bytes:
    parts: list[bytes] = []
    while count:
        ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError
        part = os.read(descriptor, min(count, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


class SourceVoice:
    """One espeak-ng voice at one rate: the frames of its fixed passage, which all statistics come from.

    Safe to share between threads.
    """

    def __init__(self, frames: Frames) -> None:
        self.frames = frames
        self._statistics: dict[float, SpeakerStatistics] = {}

    def statistics(self, *, warp: float) -> SpeakerStatistics:
        """Statistics of the passage with its envelopes stretched by `warp`; computed once for each."""
        if warp not in self._statistics:
            self._statistics[warp] = describe(self.warped(warp))
        return self._statistics[warp]

    def passage(self, warp: float, step: int) -> Matrix:
        """Matching vectors of every `step`-th active frame of the passage, stretched by `warp`: float32 (m, 114)."""
        frames, statistics = self.warped(warp), self.statistics(warp=warp)
        standardised = (frames.cepstra - statistics.mean) / statistics.deviation
        level_db = frames.level_db - statistics.level_db
        vectors = matching_vectors(standardised, frames.f0_hz, level_db, first=0, last=len(frames))
        return vectors[frames.active()][::step]

    def warped(self, warp: float) -> Frames:
        """The passage's frames with their envelopes stretched by `warp`."""
        rate_hz = self.frames.rate_hz
        return replace(self.frames, cepstra=self.frames.cepstra @ warping_matrix(warp, rate_hz, rate_hz))


class SourceSpeaker:
    """Speaks with espeak-ng at a wanted rate, and knows the voices that it speaks with. Safe to share."""

    def __init__(self, process: EspeakProcess) -> None:
        self._process = process
        self._lock = threading.Lock()
        self._voices: dict[tuple[str, str, int], SourceVoice] = {}

    def speak(self, text: str, language: str, variant: str, *, rate_hz: int, speed: float = 1.0) -> Waveform:
        """`text` at `rate_hz`, without the silence around it; empty where nothing can be said.

        `variant`: LOW_VARIANT or HIGH_VARIANT. `speed`: 0.5..2.0. Raises as `EspeakProcess.speak` does.
        """
        request = SpeakRequest(text, ESPEAK_VOICES[language] + variant, rate_wpm=round(DEFAULT_RATE_WPM * speed))
        spoken = trim_silence(self._process.speak(request))
        if not len(spoken.samples):
            return Waveform(spoken.samples, rate_hz)
        samples = soxr.resample(spoken.samples, spoken.rate_hz, rate_hz)
        return Waveform(np.ascontiguousarray(samples, dtype=np.float32), rate_hz)

    def voice(self, language: str, variant: str, *, rate_hz: int) -> SourceVoice:
        """The frames of a voice of `language` at `rate_hz`; measured at the first call, a few hundred ms."""
        with self._lock:
            key = (language, variant, rate_hz)
            if key not in self._voices:
                passage = [self.speak(line, language, variant, rate_hz=rate_hz) for line in PASSAGES[language]]
                samples = np.concatenate([waveform.samples for waveform in passage])
                frames = Analyser(samples, rate_hz, rng=np.random.default_rng(0)).frames()
                self._voices[key] = SourceVoice(frames)
            return self._voices[key]


def trim_silence(speech: Waveform) -> Waveform:
    """`speech` from 30 ms before its first to 30 ms after its last audible window of 10 ms; empty if there is none."""
    width = int(WINDOW_S * speech.rate_hz)
    count = len(speech.samples) // width
    powers = np.square(speech.samples[: count * width].reshape(count, width)).mean(axis=1)
    if not count or powers.max() <= 0:
        return Waveform(np.zeros(0, dtype=np.float32), speech.rate_hz)
    audible = np.flatnonzero(powers > powers.max() * 10 ** (ACTIVE_DB / 10))
    margin = int(MARGIN_S * speech.rate_hz)
    first = max(0, int(audible[0]) * width - margin)
    last = (int(audible[-1]) + 1) * width + margin
    return Waveform(speech.samples[first:last], speech.rate_hz)
