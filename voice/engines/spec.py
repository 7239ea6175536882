# ruff: noqa: RUF001 (letters of other alphabets that look Latin)
"""The declaration of an engine: all that the product has to know of it before it is loaded.

Each package of voice.engines has one in its `__init__.py`, called ENGINE. The settings, the system checks and the web
process read it, so what it imports is light: the standard library, and no more of the package than that needs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LANGUAGES: Mapping[str, str] = {
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "de": "German",
    "it": "Italian",
    "pt": "Portuguese",
    "pl": "Polish",
    "tr": "Turkish",
    "ru": "Russian",
    "nl": "Dutch",
    "cs": "Czech",
    "ar": "Arabic",
    "zh-cn": "Chinese",
    "ja": "Japanese",
    "hu": "Hungarian",
    "ko": "Korean",
    "hi": "Hindi",
}
"""The 17 languages of the product, by the codes that XTTS uses."""

EXAMPLE_TEXTS: Mapping[str, str] = {
    "en": "Hello, and welcome to PodStream. This voice was cloned a moment ago, on this very machine. "
    "Nothing was sent anywhere. What would you like to hear next?",
    "es": "Hola, te damos la bienvenida a PodStream. Esta voz se ha clonado hace un momento, en esta misma máquina. "
    "No se ha enviado nada a ninguna parte. ¿Qué te gustaría escuchar ahora?",
    "fr": "Bonjour et bienvenue sur PodStream. Cette voix vient d'être clonée, sur cette machine même. "
    "Rien n'a été envoyé nulle part. Que voulez-vous entendre maintenant ?",
    "de": "Hallo und willkommen bei PodStream. Diese Stimme wurde eben erst geklont, auf genau diesem Rechner. "
    "Nichts wurde irgendwohin geschickt. Was möchtest du als Nächstes hören?",
    "it": "Ciao e benvenuti su PodStream. Questa voce è stata clonata un attimo fa, proprio su questo computer. "
    "Nulla è stato inviato altrove. Che cosa vorresti ascoltare adesso?",
    "pt": "Olá e boas-vindas ao PodStream. Esta voz foi clonada agora mesmo, neste computador. "
    "Nada foi enviado para lugar nenhum. O que você gostaria de ouvir a seguir?",
    "pl": "Cześć i witaj w PodStream. Ten głos został sklonowany przed chwilą, na tym właśnie komputerze. "
    "Nic nie zostało nigdzie wysłane. Czego chcesz teraz posłuchać?",
    "tr": "Merhaba, PodStream'e hoş geldiniz. Bu ses az önce, tam da bu bilgisayarda kopyalandı. "
    "Hiçbir yere hiçbir şey gönderilmedi. Şimdi ne dinlemek istersiniz?",
    "ru": "Здравствуйте и добро пожаловать в PodStream. Этот голос только что клонирован на этом самом компьютере. "
    "Ничего никуда не отправлялось. Что бы вы хотели услышать теперь?",
    "nl": "Hallo en welkom bij PodStream. Deze stem is zojuist gekloond, op deze computer zelf. "
    "Er is niets ergens heen gestuurd. Wat wil je nu horen?",
    "cs": "Dobrý den a vítejte v PodStreamu. Tento hlas byl naklonován před chvílí, přímo na tomto počítači. "
    "Nic nebylo nikam odesláno. Co byste chtěli slyšet teď?",
    "ar": "مرحبا بكم في بودستريم. تم استنساخ هذا الصوت قبل لحظات على هذا الجهاز نفسه. "
    "لم يرسل أي شيء إلى أي مكان. ماذا تود أن تسمع الآن؟",
    "zh-cn": "你好，欢迎来到播客工坊。这个声音是刚刚在这台电脑上克隆的。没有任何数据被发送出去。接下来你想听什么？",
    "ja": "こんにちは、ポッドストリームへようこそ。この声は、たった今、このコンピューターで複製されました。"
    "どこにも何も送信していません。次は何を聞きたいですか。",
    "hu": "Üdvözöljük a PodStreamben. Ezt a hangot az imént klónoztuk, ezen a számítógépen. "
    "Semmit sem küldtünk el sehová. Mit szeretne hallani most?",
    "ko": "안녕하세요, 팟스트림에 오신 것을 환영합니다. 이 목소리는 방금 이 컴퓨터에서 복제되었습니다. "
    "아무것도 외부로 전송되지 않았습니다. 다음에는 무엇을 듣고 싶으세요?",
    "hi": "नमस्ते, पॉडस्ट्रीम में आपका स्वागत है। यह आवाज़ अभी-अभी इसी कंप्यूटर पर बनाई गई है। "
    "कहीं कुछ नहीं भेजा गया। अब आप क्या सुनना चाहेंगे?",
}
"""A few sentences in each of LANGUAGES: what a new voice says first."""


@dataclass(frozen=True, slots=True)
class OptionSpec:
    """One parameter of an engine: its range, default and what it does, for `/api/voice/engines`."""

    name: str
    minimum: float
    maximum: float
    default: float
    description: str


@dataclass(frozen=True, slots=True)
class EngineSetting:
    """A variable of the environment that is the engine's own. It has the type of its default.

    A path that is relative by default lies in VAR_DIR. `among`: the words that a text may be. `within`: the least and
    the greatest number. `help`: the line above it in `.env.example`.
    """

    name: str
    default: bool | int | float | str | Path
    help: str
    among: tuple[str, ...] = ()
    within: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class EngineLicence:
    """`code`, `weights`: under what they are, None where there are no weights; and whether both may be sold."""

    code: str
    weights: str | None
    allows_commercial_use: bool


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """A file of an engine's weights as it was published."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class EngineWeights:
    """Weights that an operator has to fetch: `files`, found at `base_url`.

    `terms`: shown before anything is fetched. `folder`, `acceptance`: the settings that say where they are and that
    their licence is accepted. `prepare`: called with the folder when all files are there; says what it did.
    """

    files: tuple[PublishedFile, ...]
    base_url: str
    terms: str
    folder: str
    acceptance: str
    prepare: Callable[[Path], str]


@dataclass(frozen=True, slots=True)
class EngineProblem:
    """A finding of an engine's check, shown as a warning of Django's system checks; `id` begins with `voice.W`."""

    id: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """An engine, which `make` of the module `engine` beside this declaration makes of the values of its settings.

    `version`: changes when profiles of older versions can no longer be spoken with. `requirements`: the file of what
    it needs beyond requirements.txt, `requirements-NAME.txt`; `make run` gives such an engine an environment of its
    own. `is_shared_by_threads`: it speaks for all threads of a process at once, and a further process would hold its
    weights once more. `check`: what keeps it from working, by the values of its settings and by whether it is the
    engine of new voices; it looks and loads nothing.
    """

    name: str
    title: str
    version: str
    languages: frozenset[str]
    licence: EngineLicence
    options: tuple[OptionSpec, ...] = ()
    settings: tuple[EngineSetting, ...] = ()
    requirements: str | None = None
    is_shared_by_threads: bool = False
    weights: EngineWeights | None = None
    check: Callable[[Mapping[str, Any], bool], Sequence[EngineProblem]] = lambda values, is_default: ()

    def values(self, source: object) -> dict[str, Any]:
        """The values of its settings, which are attributes of `source`."""
        return {setting.name: getattr(source, setting.name) for setting in self.settings}
