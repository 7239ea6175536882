"""XTTS v2: Coqui's neural model on GPU workers, or on a CPU. No torch in here."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from voice.engines.spec import (
    LANGUAGES,
    EngineLicence,
    EngineProblem,
    EngineSetting,
    EngineSpec,
    EngineWeights,
    OptionSpec,
    PublishedFile,
)
from voice.engines.xtts.configuration import CONFIG, DEVICES, PICKLE, PRECISIONS, VOCABULARY, checkpoint_problem

OPTIONS = (  # their defaults are those of the published checkpoint
    OptionSpec(
        "temperature",
        0.05,
        1.5,
        0.75,
        "How freely it speaks: lower is steadier and flatter, higher is livelier and less predictable.",
    ),
    OptionSpec("top_k", 1, 1000, 50, "How many of the likeliest sounds it chooses from at every step."),
    OptionSpec(
        "top_p",
        0.05,
        1.0,
        0.85,
        "It chooses among the likeliest sounds that together have this share of the probability.",
    ),
    OptionSpec(
        "repetition_penalty",
        1.0,
        20.0,
        5.0,
        "How much it avoids sounds that it made already: higher against stutters and long vowels.",
    ),
)
SETTINGS = (
    EngineSetting(
        "XTTS_CHECKPOINT",
        Path("xtts"),
        "Folder of the weights: config.json, vocab.json, model.pth or model.safetensors (default: in VAR_DIR)",
    ),
    EngineSetting(
        "XTTS_LICENCE_ACCEPTED",
        False,
        "You accept the Coqui Public Model License of the weights, which allows non-commercial use only",
    ),
    EngineSetting("XTTS_DEVICE", "auto", "auto, cpu or cuda", among=DEVICES),
    EngineSetting("XTTS_PRECISION", "auto", "auto, float32, bfloat16 or float16", among=PRECISIONS),
    EngineSetting(
        "XTTS_BATCH_SIZE", 0, "Most sentences to decode at once (0: depends on the device)", within=(0, 1024)
    ),
    EngineSetting(
        "XTTS_CACHE_MB",
        0,
        "Megabytes for the keys and values of those sentences (0: depends on the device)",
        within=(0, 1_048_576),
    ),
)

REPOSITORY = "https://huggingface.co/coqui/XTTS-v2"
REVISION = "6c2b0d75eae4b7047358e3b6bd9325f857d43f77"


def _check(values: Mapping[str, Any], is_default: bool) -> list[EngineProblem]:
    """XTTS is the engine of new voices and cannot be used, or its weights lie there unused for want of a licence.

    A worker that is to speak with XTTS and cannot does not start; the site goes on with the voices of other engines.
    """
    problem = checkpoint_problem(values["XTTS_CHECKPOINT"])
    if values["XTTS_LICENCE_ACCEPTED"] and is_default and problem is not None:
        return [
            EngineProblem(
                "voice.W003",
                f"VOICE_ENGINE is xtts and its weights are missing: no new voice can be cloned. {problem}",
                "Run `make download-xtts`, or set VOICE_ENGINE=embedded.",
            )
        ]
    if not values["XTTS_LICENCE_ACCEPTED"] and (is_default or problem is None):
        return [
            EngineProblem(
                "voice.W004",
                "XTTS v2 is off: the licence of its weights, which allows non-commercial use only, is not accepted.",
                "If you accept it (docs/ENGINES.md says what it is), set XTTS_LICENCE_ACCEPTED=True; else use the "
                "embedded engine, and remove the weights.",
            )
        ]
    return []


def _prepare(folder: Path) -> str:
    if find_spec("torch") is None:
        return "Loading is faster from safetensors: install requirements-xtts.txt and run this command again there."
    from voice.engines.xtts.checkpoint import convert_to_safetensors

    return f"Ready to load: {convert_to_safetensors(folder).name}."


ENGINE = EngineSpec(
    name="xtts",
    title="XTTS",
    version="2.1",
    languages=frozenset(LANGUAGES),
    licence=EngineLicence(
        code="Apache-2.0; the tokenizer of coqui-tts is under MPL-2.0",
        weights="Coqui Public Model License 1.0.0",
        allows_commercial_use=False,
    ),
    options=OPTIONS,
    settings=SETTINGS,
    requirements="requirements-xtts.txt",
    is_shared_by_threads=True,
    weights=EngineWeights(
        files=(
            PublishedFile(CONFIG, 4_368, "ef262b1454dd2a77e1461b0b2cd53e19b8a7624cc131b837d36df67356bc75e8"),
            PublishedFile(VOCABULARY, 361_219, "928260878a59da8a72a2a5b7687fea29d5106137669d90945430fe17e415304a"),
            PublishedFile(PICKLE, 1_867_929_118, "c7ea20001c6a0a841c77e252d8409f6a74fb423e79b3206a0771ba5989776187"),
        ),
        base_url=f"{REPOSITORY}/resolve/{REVISION}",
        terms=f"""The weights of XTTS v2 are under the Coqui Public Model License 1.0.0 (CPML):
  - the model and what it speaks may be used for non-commercial purposes only;
  - whoever gets any of it from you must get these terms too.
  Read it: {REPOSITORY}/blob/{REVISION}/LICENSE.txt""",  # coqui.ai went with the company
        folder="XTTS_CHECKPOINT",
        acceptance="XTTS_LICENCE_ACCEPTED",
        prepare=_prepare,
    ),
    check=_check,
)
