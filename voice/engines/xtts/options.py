"""What the engine is, for those who do not run it: the web process reads this and never torch."""

from voice.engines.base import LANGUAGES, OptionSpec

ENGINE_NAME = "xtts"
ENGINE_VERSION = "2.1"
LANGUAGE_CODES = frozenset(LANGUAGES)

TEMPERATURE = OptionSpec(
    name="temperature",
    minimum=0.05,
    maximum=1.5,
    default=0.75,
    description="How freely it speaks: lower is steadier and flatter, higher is livelier and less predictable.",
)
TOP_K = OptionSpec(
    name="top_k",
    minimum=1,
    maximum=1000,
    default=50,
    description="How many of the likeliest sounds it chooses from at every step.",
)
TOP_P = OptionSpec(
    name="top_p",
    minimum=0.05,
    maximum=1.0,
    default=0.85,
    description="It chooses among the likeliest sounds that together have this share of the probability.",
)
REPETITION_PENALTY = OptionSpec(
    name="repetition_penalty",
    minimum=1.0,
    maximum=20.0,
    default=5.0,
    description="How much it avoids sounds that it made already: higher against stutters and long vowels.",
)
OPTION_SPECS = (TEMPERATURE, TOP_K, TOP_P, REPETITION_PENALTY)
"""Defaults are those of the published checkpoint's configuration."""
