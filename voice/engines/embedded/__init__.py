"""The embedded engine: voice cloning on a CPU, without model weights."""

from voice.engines.spec import LANGUAGES, EngineLicence, EngineSpec, OptionSpec

CLARITY = OptionSpec("clarity", 0.2, 0.5, 0.35, "Lower is closer to the speaker, higher is easier to understand.")
ENGINE = EngineSpec(
    name="embedded",
    title="The embedded engine",
    version="1",
    languages=frozenset(LANGUAGES),
    licence=EngineLicence(
        code="Apache-2.0; espeak-ng, a process of its own, is under GPL-3.0-or-later",
        weights=None,
        allows_commercial_use=True,
    ),
    options=(CLARITY,),
)
