"""Text of every script and every kind of rubbish, the same on every run."""

from hypothesis import settings
from hypothesis import strategies as st

from voice.engines.spec import LANGUAGES
from voice.text.split import is_cjk

DETERMINISTIC = settings(derandomize=True, max_examples=150, deadline=None, database=None)

languages = st.sampled_from(sorted(LANGUAGES))

_WORDS = [
    *["Mr.", "z.B.", "e.g.", "U.S.A.", "3.5", "1,234", "J.", "etc.", "No.", "M.", "т.е.", "डॉ.", "د.", "24."],
    *["Hello", "wörld", "naïve", "e\u0301te\u0301", "Привет", "мир", "مرحبا", "كيف", "नमस्ते", "क्षत्रिय", "你好", "世界"],
    *[
        "こんにちは",
        "안녕하세요",
        "👩\u200d👩\u200d👧",
        "🇩🇪",
        "ไทย",
        "שלום",
        "می\u200cخواهم",
        "$5.50",
        "14:30",
        "5%",
        "https://a.b/c",
    ],
]
_MARKS = list(".!?…。！？।؟؛،,;:—–-\"'“”«»„「」()[] \n\t\u00a0\u3000\u2028\u200b\u202e\u0301\u0327")

ordinary_text = st.lists(st.sampled_from(_WORDS + _MARKS), max_size=60).map("".join)
spaced_text = st.lists(
    st.sampled_from([*(word for word in _WORDS if not any(map(is_cjk, word))), *".!?,;—\n"]), max_size=60
).map(" ".join)
any_text = st.one_of(
    ordinary_text,
    spaced_text,
    st.text(max_size=200),
    st.text(alphabet=st.characters(exclude_categories=()), max_size=120),  # lone surrogates too
    st.text(alphabet="\u0301\u0327\u0345\u200dकa.\n ", max_size=120),
)
