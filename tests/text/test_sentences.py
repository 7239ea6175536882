"""The ends of sentences, by real examples of all 17 languages. "|" marks the places where one ends."""

from itertools import pairwise

import pytest

from voice.engines.spec import LANGUAGES
from voice.text.split import sentence_ends

EXAMPLES = {
    "en": [
        "Dr. Smith met Mrs. Jones at St. Mary's. | They left.",
        'He paid $3.50 at 5 p.m. and left. | "Really?" he asked. | "Yes!" | (She nodded.) | Fine.',
        "It was... strange. | Wait … what? | See e.g. page No. 5 of vol. 2.",
        "J. R. R. Tolkien lived in the U.K. for long. | Acme Inc. is in the U.S. Army's books.",
        "Visit example.com. | Version 3.1.4 is out!!! | Hello.World stays whole.",
        "1. Open the door. | Go in, Mr. President.",
    ],
    "es": [
        "El Sr. López y la Sra. Ruiz viven en EE.UU. desde 1999. | ¿Qué tal? | ¡Muy bien! | Véase p. ej. la pág. 5."
    ],
    "fr": [
        "M. Dupont et Mme Curie sont là. | « Vraiment ? » dit-il. | Oui ! | Voir p. 5, etc. dans le livre.",
        "Le Dr. Martin dit « Oui. » | Puis il part.",
    ],
    "de": [
        "Das ist z.B. gut, d.h. am 3. Mai um 5 Uhr. | Dr. Müller kommt usw. und so weiter. | „Wirklich?“ | Ja.",
        "Ludwig XIV. war König. | Er sagte: „Nein.“ | Ca. 5 km, bzw. Nr. 7, u.a. Abb. 3.",
    ],
    "it": ["Il sig. Rossi e il dott. Bianchi sono qui, ecc. come sempre. | Va bene? | Vedi pag. 5."],
    "pt": ["O Sr. Silva e a Dra. Souza chegaram à Av. Brasil, n. 5. | Sim. | V. Exa. sabe?"],
    "pl": ["To jest np. przykład, tzn. dr Kowalski. | Był w 2020 r. w Polsce 3. maja. | Prof. Nowak i inż. Kowal."],
    "tr": ["Prof. Dr. Ali geldi. | 3. sınıfa gidiyor vb. şeyler. | Saat 5'te mi? | Evet."],
    "ru": ["А. С. Пушкин родился в 1799 г. в Москве, т.е. давно. | Он жил на ул. Ленина. | Да? | Нет!"],
    "nl": ["Prof. dr. De Vries en mevr. Bakker komen bijv. om 5 u. aan. | Ja! | Zie blz. 5."],
    "cs": ["Např. toto je příklad ze 3. května, tzv. test. | Ing. Novák a MUDr. Dvořák. | Ano."],
    "ar": ["مرحبا بك. | كيف حالك؟ | أنا بخير؛ شكرا! | د. أحمد هنا."],
    "zh-cn": ["你好。|我是小明！|你呢？|他说：“好的。”然后走了。|真的吗？！|价格是3.5元。|对……|好"],
    "ja": ["こんにちは。|元気ですか？|はい！|「そうです。」と言った。|（本当。）そう。|三・五です。|次"],
    "hu": ["Pl. ez egy példa. | Dr. Nagy jött 2020. május 3. napján kb. 5 órakor. | Igen?"],
    "ko": ["안녕하세요. | 반갑습니다! | 3.5점입니다. | 김 씨가 왔다.|그는 갔다. | 네?"],
    "hi": ["यह पहला वाक्य है। | यह दूसरा है॥ | क्या आप ठीक हैं? | डॉ. शर्मा और श्री. कुमार आए।"],
}


def test_every_language_has_examples() -> None:
    assert set(EXAMPLES) == set(LANGUAGES)


@pytest.mark.parametrize(
    ("language", "example"), [(language, text) for language, texts in EXAMPLES.items() for text in texts]
)
def test_sentences_end_where_a_reader_ends_them(language: str, example: str) -> None:
    sentences = example.split("|")
    line = " ".join("".join(sentences).split())
    expected = [sentence.strip() for sentence in sentences]

    ends = [0, *sentence_ends(line, language), len(line)]

    assert [line[start:end].strip() for start, end in pairwise(ends)] == expected
