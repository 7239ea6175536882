"""The smallest engine: a voice is a pitch, and a text is hummed at it, as long as its letters take.

It lies outside of voice/engines and is added to it by a test: nothing else of the product names it.
"""

from collections.abc import Mapping
from typing import Any

from voice.engines.spec import EngineLicence, EngineProblem, EngineSetting, EngineSpec, OptionSpec

VIBRATO = OptionSpec("vibrato", 0.0, 0.1, 0.02, "How far the pitch swings, as a share of it.")


def _check(values: Mapping[str, Any], is_default: bool) -> list[EngineProblem]:
    if values["HUM_VOLUME"] > 0:
        return []
    return [EngineProblem("voice.W900", "Nobody hears the hum: HUM_VOLUME is 0.", "Set HUM_VOLUME above 0.")]


ENGINE = EngineSpec(
    name="hum",
    title="Hum",
    version="1",
    languages=frozenset({"en", "de"}),
    licence=EngineLicence(code="Apache-2.0", weights=None, allows_commercial_use=True),
    options=(VIBRATO,),
    settings=(EngineSetting("HUM_VOLUME", 0.2, "Loudness of the hum, 0 to 1", within=(0, 1)),),
    check=_check,
)
