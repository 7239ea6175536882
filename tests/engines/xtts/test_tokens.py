"""Token ids are Coqui's, in all languages and from any thread, and no text reaches a log."""

import logging
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from TTS.tts.layers.xtts.tokenizer import VoiceBpeTokenizer

from voice.engines.spec import EXAMPLE_TEXTS, LANGUAGES
from voice.engines.xtts.checkpoint import Checkpoint
from voice.engines.xtts.sentences import CHARACTER_LIMITS, TextTokenizer
from voice.errors import InvalidText

HARD_TEXTS = {
    "en": "Dr. Smith paid $20.50 on the 1st & left @ 5%.",
    "de": "Der 3. Versuch kostet 12,5 € und 100 %.",
    "es": "El 1º cuesta 20€ y son 3,5 km.",
    "fr": "Le 1er coûte 20,15€ & c'est 14°.",
    "it": "Il 1° costa 20€ & basta.",
    "pt": "O 1º custa 20€ @ casa.",
    "pl": "To 36.6° i 20€.",
    "tr": "Bu 1. TEST, İstanbul 50%.",
    "ru": "Г-н Иванов, 12.5% и 20€.",
    "nl": "Dhr. Jansen had 14% & 50.",
    "cs": "Dr. Novák má 14% a 20€.",
    "ar": "كان هناك 50 جنديًا و 14%.",
    "zh-cn": "我的电量为 14%，有50名士兵。",
    "ja": "私は2時に東京へ行きます。",
    "hu": "Dr. Szabó 50 katona, 14%.",
    "ko": "50 명의 병사가 있었다. 14%",
    "hi": "मेरे पास बैटरी है, & %।",
}


@pytest.fixture(scope="module")
def tokenizer(tiny_checkpoint: Path) -> TextTokenizer:
    return TextTokenizer(Checkpoint.open(tiny_checkpoint))


@pytest.fixture(scope="module")
def coqui(tiny_checkpoint: Path) -> VoiceBpeTokenizer:
    return VoiceBpeTokenizer(tiny_checkpoint / "vocab.json")


@pytest.mark.parametrize("language", LANGUAGES)
def test_ids_are_those_of_coqui(tokenizer: TextTokenizer, coqui: VoiceBpeTokenizer, language: str) -> None:
    for text in (EXAMPLE_TEXTS[language], HARD_TEXTS[language], f"  {HARD_TEXTS[language]}\n"):
        ids = tokenizer.encode(text, language)
        assert ids == tuple(coqui.encode(text.strip().lower(), language))
        assert ids[0] == coqui.tokenizer.token_to_id(f"[{language}]")
        assert len(ids) > 5


def test_limits_are_those_of_coqui(coqui: VoiceBpeTokenizer) -> None:
    assert set(CHARACTER_LIMITS) == set(LANGUAGES)
    assert {language.split("-")[0]: limit for language, limit in CHARACTER_LIMITS.items()} == coqui.char_limits


def test_the_longest_sentence_is_that_of_coqui(tokenizer: TextTokenizer) -> None:
    assert tokenizer.most_tokens == 401  # Coqui asserts fewer than 402
    assert len(tokenizer.encode("a " * 400, "en")) > tokenizer.most_tokens


@pytest.mark.parametrize("text", ["", "   ", "\n", "\U0001f600", "\ue000 \ue001"])
def test_a_text_without_a_token_has_no_ids(tokenizer: TextTokenizer, text: str) -> None:
    assert tokenizer.encode(text, "en") == ()


@pytest.mark.parametrize(
    ("text", "language", "read_as"),
    [
        ("मेरे पास 14% बैटरी है।", "hi", "मेरे पास एक चार % बैटरी है।"),
        ("Je 1. v cíli.", "cs", "je jedna . v cíli."),
        (f"Call {'9' * 400} now.", "en", f"call {'nine ' * 400}now."),
    ],
    ids=["Hindi", "Czech ordinal", "too long for a name"],
)
def test_a_number_that_coqui_cannot_read_is_read_digit_by_digit(
    tokenizer: TextTokenizer, text: str, language: str, read_as: str
) -> None:
    assert tokenizer.encode(text, language) == tokenizer.encode(read_as, language)


@pytest.fixture
def renamed(tiny_checkpoint: Path, tmp_path: Path) -> TextTokenizer:
    """The tokenizer of a checkpoint that has a tag for Klingon, and none for Hindi."""
    folder = Path(shutil.copytree(tiny_checkpoint, tmp_path / "copy"))
    vocabulary = folder / "vocab.json"
    vocabulary.write_text(vocabulary.read_text().replace("[hi]", "[tlh]"))
    return TextTokenizer(Checkpoint.open(folder))


def test_what_the_cleaners_cannot_read_is_refused_without_quoting_it(renamed: TextTokenizer) -> None:
    with pytest.raises(InvalidText) as caught:
        renamed.encode("secret", "tlh")
    assert caught.value.code == "text_unspeakable"
    assert "secret" not in f"{caught.value} {caught.value.details}"
    assert caught.value.__suppress_context__


def test_a_language_that_the_checkpoint_was_not_trained_on_is_refused(renamed: TextTokenizer) -> None:
    with pytest.raises(InvalidText) as caught:
        renamed.encode("नमस्ते", "hi")
    assert caught.value.code == "language_unsupported"
    assert renamed.encode("hello", "en")


def test_a_long_text_is_not_logged(tokenizer: TextTokenizer, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        tokenizer.encode("secret words " * 100, "en")
    assert caplog.records == []


def test_threads_do_not_disturb_each_other(tokenizer: TextTokenizer) -> None:
    asked = [(text, language) for language, text in HARD_TEXTS.items()] * 20
    alone = {language: tokenizer.encode(text, language) for language, text in HARD_TEXTS.items()}
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda pair: tokenizer.encode(*pair), asked))
    assert found == [alone[language] for _, language in asked]
