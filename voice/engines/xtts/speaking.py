"""Speaks a whole text: its sentences decoded together, in order, each judged, or streamed as it is made."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from voice.audio.waveform import Samples, Waveform
from voice.engines.base import SpeechChunk, SynthesisParams
from voice.engines.xtts import OPTIONS
from voice.engines.xtts.batcher import Batcher
from voice.engines.xtts.profile import XttsVoice
from voice.engines.xtts.sentences import Sentence
from voice.engines.xtts.takes import Fault, SentenceTakes, TakeCounter, speech_range_s, take_of, tokens_most
from voice.engines.xtts.utterance import Prompt, Sampling, Ticket
from voice.engines.xtts.windows import RATE_HZ
from voice.errors import OutputRejected

WAIT_S = 0.25
"""Between two calls of a waiting caller's heartbeat."""
FIRST_CHUNK_TOKENS = 12
"""Of a stream: a third of a second of audio can be made of them. The windows after it grow."""
FADE_S = 0.003
SAME_SPEED = 0.02
"""Nobody hears a difference of 2 %, and so close to 1 a stream would have to wait for seconds: see windows.py."""


class SpokenText:
    """One text on its way through the batcher. Made, driven and ended by one thread; `close` gives up what is left."""

    def __init__(
        self,
        *,
        batcher: Batcher,
        counter: TakeCounter,
        voice: XttsVoice,
        sentences: list[Sentence],
        language: str,
        params: SynthesisParams,
        most_tokens: int,
    ) -> None:
        """`most_tokens`: audio tokens that the model has positions for."""
        self._batcher = batcher
        self._counter = counter
        self._voice = voice
        self._sentences = sentences
        self._language = language
        self._params = replace(params, speed=1.0) if abs(params.speed - 1.0) < SAME_SPEED else params
        self._most_tokens = most_tokens
        self._total_chars = sum(len(sentence.text) for sentence in sentences)

    def judged(self, *, ahead: int) -> Iterator[SpeechChunk]:
        """A chunk for each sentence, each the best of its takes; up to `ahead` sentences are decoded at once.

        Raises OutputRejected `output_silent` where every take of a sentence is silent, and what the heartbeat raises.
        """
        waiting: list[SentenceTakes] = []
        try:
            for number in range(len(self._sentences)):
                while len(waiting) < ahead and number + len(waiting) < len(self._sentences):
                    waiting.append(self._takes(number + len(waiting)))
                self._settle_first(waiting)
                yield self._chunk(number, self._kept(waiting.pop(0)), share=1.0, is_end=True)
        finally:
            for takes in waiting:
                takes.cancel()

    def streamed(self) -> Iterator[SpeechChunk]:
        """Chunks as they are made, half a second first; the sentence after the one that is heard is made meanwhile.

        What was heard cannot be taken back: the guards only count. Raises what the heartbeat raises.
        """
        waiting: list[Ticket] = []
        try:
            for number in range(len(self._sentences)):
                while len(waiting) < 2 and number + len(waiting) < len(self._sentences):
                    waiting.append(self._submit(number + len(waiting), take=0, first_chunk=FIRST_CHUNK_TOKENS))
                yield from self._stream_sentence(number, waiting[0])
                waiting.pop(0)
        finally:
            for ticket in waiting:
                ticket.cancel()

    def _takes(self, number: int) -> SentenceTakes:
        return SentenceTakes(
            text=self._sentences[number].text,
            language=self._language,
            speed=self._params.speed,
            submit=lambda take: self._submit(number, take=take, first_chunk=None),
            counter=self._counter,
        )

    def _submit(self, number: int, *, take: int, first_chunk: int | None) -> Ticket:
        sentence = self._sentences[number]
        options: dict[str, Any] = {one.name: self._params.options.get(one.name, one.default) for one in OPTIONS}
        options["top_k"] = round(options["top_k"])
        prompt = Prompt(
            conditioning=self._voice.conditioning,
            text_ids=sentence.ids,
            sampling=Sampling(**options, seed=_seed(self._params.seed, number, take)),
            max_tokens=min(tokens_most(sentence.text, self._language), self._most_tokens),
        )
        return self._batcher.submit(
            prompt,
            self._voice.speaker_embedding,
            speed=self._params.speed,
            group=self,
            first_chunk=first_chunk,
            deadline_s=self._params.deadline_s,
        )

    def _settle_first(self, waiting: list[SentenceTakes]) -> None:
        """Wait for the first sentence, and meanwhile ask for further takes of those behind it."""
        while not waiting[0].advance(WAIT_S):
            self._heartbeat()
            for takes in waiting[1:]:
                takes.advance(0)
        self._heartbeat()

    def _kept(self, takes: SentenceTakes) -> Samples:
        best = takes.best
        if Fault.SILENT in best.verdict.faults:
            raise OutputRejected(
                "output_silent", "The engine spoke nothing. Change the text, the voice or the seed and try again."
            )
        return best.waveform.samples

    def _stream_sentence(self, number: int, ticket: Ticket) -> Iterator[SpeechChunk]:
        sentence = self._sentences[number]
        expected_s = sum(speech_range_s(sentence.text, self._language)) / 2 / self._params.speed
        heard: list[Samples] = []
        while not ticket.is_drained:
            self._heartbeat()
            chunk = ticket.wait(WAIT_S)
            if chunk is None:
                continue
            heard.append(chunk)
            is_end = ticket.is_drained
            share = 1.0 if is_end else min(0.99, sum(map(len, heard)) / RATE_HZ / expected_s)
            yield self._chunk(number, chunk, share=share, is_end=is_end)
        if not heard:
            yield self._chunk(number, np.zeros(0, np.float32), share=1.0, is_end=True)
        speed = self._params.speed
        verdict = take_of(heard, ticket, text=sentence.text, language=self._language, speed=speed).verdict
        self._counter.count(verdict)
        self._counter.count_kept(verdict)

    def _chunk(self, number: int, samples: Samples, *, share: float, is_end: bool) -> SpeechChunk:
        sentence = self._sentences[number]
        spoken = sum(len(one.text) for one in self._sentences[:number]) + len(sentence.text) * share
        if is_end:
            pause = np.zeros(round(sentence.pause_s / self._params.speed * RATE_HZ), np.float32)
            samples = np.concatenate([_faded(samples), pause])
        is_last = is_end and number == len(self._sentences) - 1
        return SpeechChunk(Waveform(samples, RATE_HZ), 1.0 if is_last else spoken / self._total_chars, number)

    def _heartbeat(self) -> None:
        if self._params.heartbeat is not None:
            self._params.heartbeat()


def _seed(seed: int, sentence: int, take: int) -> int:
    """A seed for each take of each sentence: equal sentences of one text do not sound alike."""
    return int(np.random.SeedSequence((seed % (1 << 64), sentence, take)).generate_state(1, np.uint64)[0])


def _faded(samples: Samples) -> Samples:
    """Samples whose last 3 ms fade out, so that the silence after them begins without a click."""
    length = min(round(FADE_S * RATE_HZ), len(samples))
    faded = samples.copy()
    if length:
        faded[-length:] *= np.linspace(1, 0, length, dtype=np.float32)
    return faded
