"""What this server can do: /languages, /engines, /limits."""

from typing import Any, cast

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from voice.api import examples
from voice.api.creation import writes_usage
from voice.api.methods import METHODS
from voice.api.schema import operation
from voice.api.serializers.server import EnginesAnswer, LanguagesAnswer, LimitsAnswer
from voice.api.serializers.voice_models import MAX_SAMPLES
from voice.engines.base import SpeechEngine
from voice.engines.registry import engine_get, engine_names
from voice.engines.spec import LANGUAGES
from voice.errors import EngineUnavailable
from voice.models import AudioFormat, OutputFormat, User
from voice.selectors import usage_of


class LanguagesView(APIView):
    """GET /languages."""

    http_method_names = METHODS

    @operation(
        "list_languages",
        summary="The languages that can be spoken",
        tag="server",
        answers={200: (LanguagesAnswer, examples.LANGUAGES_ANSWER)},
    )
    def get(self, request: Request) -> Response:
        engines = [engine for name in engine_names() if (engine := _engine(name)[0])]
        return Response(
            {
                "languages": [
                    {
                        "code": code,
                        "name": name,
                        "engines": [engine.name for engine in engines if code in engine.languages],
                    }
                    for code, name in LANGUAGES.items()
                ]
            }
        )


class EnginesView(APIView):
    """GET /engines."""

    http_method_names = METHODS

    @operation(
        "list_engines",
        summary="The speech engines and their options",
        tag="server",
        answers={200: (EnginesAnswer, examples.ENGINES_ANSWER)},
    )
    def get(self, request: Request) -> Response:
        return Response({"engines": [_described(name) for name in engine_names()]})


class LimitsView(APIView):
    """GET /limits."""

    http_method_names = METHODS

    @operation(
        "show_limits",
        summary="The limits, and how much of them I use",
        tag="server",
        answers={200: (LimitsAnswer, examples.LIMITS_ANSWER)},
    )
    def get(self, request: Request) -> Response:
        user = cast(User, request.user)
        rate = writes_usage(request, user)
        return Response(
            {
                "limits": _limits(),
                "usage": usage_of(user),
                "rate_limit": {"limit": rate.limit, "remaining": rate.remaining, "reset_s": rate.reset_s},
            }
        )


def _limits() -> dict[str, Any]:
    return {
        "max_voice_file_size_bytes": settings.MAX_VOICE_FILE_SIZE,
        "min_voice_duration_s": settings.MIN_VOICE_DURATION,
        "max_voice_duration_s": settings.MAX_VOICE_DURATION,
        "max_synthesis_text_length": settings.MAX_SYNTHESIS_TEXT_LENGTH,
        "max_samples_per_model": MAX_SAMPLES,
        "max_wait_s": settings.TTS_TIMEOUT // 1000,
        "writes_per_hour": settings.WRITES_PER_HOUR,
        "max_unfinished_jobs": settings.JOBS_PER_USER_MAX,
        "audio_formats": AudioFormat.values,
        "output_formats": OutputFormat.values,
    }


def _engine(name: str) -> tuple[SpeechEngine | None, str | None]:
    """The engine, or why there is none."""
    try:
        return engine_get(name), None
    except EngineUnavailable as error:
        return None, error.message


def _described(name: str) -> dict[str, Any]:
    engine, reason = _engine(name)
    return {
        "name": name,
        "is_available": engine is not None,
        "is_default": name == settings.VOICE_ENGINE,
        "version": engine.version if engine else None,
        "languages": sorted(engine.languages) if engine else [],
        "options": [
            {
                "name": spec.name,
                "minimum": spec.minimum,
                "maximum": spec.maximum,
                "default": spec.default,
                "description": spec.description,
            }
            for spec in (engine.option_specs if engine else ())
        ],
        "reason": reason,
    }
