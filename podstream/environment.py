"""Reads environment variables as what they are meant to be.

A value that cannot be read does not raise: the default stands in for it, and `problems` says what is wrong. So the
settings can be loaded, and the system checks (voice.E006) can report all problems at once, without a traceback.
An empty value is as good as none.
"""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from voice.engines.spec import EngineSetting

TRUE = frozenset({"1", "true", "yes", "on", "y", "t"})
FALSE = frozenset({"0", "false", "no", "off", "n", "f"})


class Environment:
    """Typed readers of `values`, which is `os.environ` but in tests."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.problems: dict[str, str] = {}

    def text(self, name: str, default: str = "") -> str:
        """The value as it is, without white space around it."""
        return self._values.get(name, "").strip() or default

    def items(self, name: str, default: list[str]) -> list[str]:
        """The parts between commas."""
        return [item for part in self.text(name).split(",") if (item := part.strip())] or default

    def flag(self, name: str, default: bool) -> bool:
        """Yes or no, in any of the usual words."""
        word = self.text(name).lower()
        if word and word not in TRUE | FALSE:
            self.problems[name] = f"{word!r} is neither True nor False."
        return word in TRUE if word in TRUE | FALSE else default

    def integer(self, name: str, default: int, *, within: tuple[int, int] | None = None) -> int:
        """A whole number, from `within[0]` to `within[1]`."""
        word = self.text(name)
        try:
            value = int(word) if word else default
        except ValueError:
            self.problems[name] = f"{word!r} is not a whole number."
            return default
        return default if self._is_outside(name, value, within) else value

    def number(self, name: str, default: float, *, within: tuple[float, float] | None = None) -> float:
        """A number that is neither infinite nor NaN, from `within[0]` to `within[1]`."""
        word = self.text(name)
        try:
            value = float(word) if word else default
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            self.problems[name] = f"{word!r} is not a number."
            return default
        return default if self._is_outside(name, value, within) else value

    def choice(self, name: str, default: str, *, among: tuple[str, ...]) -> str:
        """One of `among`, as it is written there; the value may be in any case."""
        word = self.text(name, default)
        for choice in among:
            if choice.lower() == word.lower():
                return choice
        self.problems[name] = f"{word!r} is none of {', '.join(among)}."
        return default

    def url(self, name: str, *, schemes: tuple[str, ...], hosted: tuple[str, ...] = ()) -> str:
        """An URL that starts with one of `schemes`, with a host where the scheme is in `hosted`; "" for none.

        What is said about a wrong one does not repeat it: it may hold a password.
        """
        word = self.text(name)
        if word and (problem := _problem_of_url(word, schemes, hosted)):
            self.problems[name] = problem
            return ""
        return word

    def origins(self, name: str) -> list[str]:
        """The parts between commas, each as a browser sends it in `Origin`: scheme, host and port, and no more."""
        words = self.items(name, [])
        wrong = [word for word in words if not _is_origin(word)]
        if wrong:
            self.problems[name] = (
                f"{', '.join(map(repr, wrong))}: write an origin as https://studio.example.org, in lower case, "
                "without a path, without the port that its scheme has anyway, and without *."
            )
            return []
        return words

    def engine_setting(self, setting: EngineSetting, *, folder: Path) -> object:
        """The value of what an engine declares; a path that is relative by default lies in `folder`."""
        match setting.default:
            case Path():
                return Path(self.text(setting.name, str(folder / setting.default))).resolve()
            case bool():
                return self.flag(setting.name, setting.default)
            case int():
                return self.integer(setting.name, setting.default, within=setting.within)
            case float():
                return self.number(setting.name, setting.default, within=setting.within)
        if setting.among:
            return self.choice(setting.name, setting.default, among=setting.among)
        return self.text(setting.name, setting.default)

    def _is_outside(self, name: str, value: float, within: tuple[float, float] | None) -> bool:
        if within is None or within[0] <= value <= within[1]:
            return False
        self.problems[name] = f"{value} is not between {within[0]} and {within[1]}."
        return True


def _is_origin(word: str) -> bool:
    found = re.fullmatch(r"(https?)://(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(?::([1-9]\d{0,4}))?", word)
    if found is None or found[2] == {"http": "80", "https": "443"}[found[1]]:
        return False
    try:
        return urlsplit(word).port != 0
    except ValueError:  # no such address, or no such port
        return False


def _problem_of_url(word: str, schemes: tuple[str, ...], hosted: tuple[str, ...]) -> str:
    wanted = " or ".join(f"{scheme}://" for scheme in schemes)
    scheme = word.partition("://")[0]
    if "://" not in word or scheme not in schemes:
        return f"This is no URL that starts with {wanted}."
    try:
        parts = urlsplit(word)
        port = parts.port
    except ValueError:
        return "Its host or port cannot be read; special characters of a password are written in percent code."
    if port == 0 or (scheme in hosted and not parts.hostname):
        return f"It names no host: {scheme}://host:port/name is the form."
    return ""
