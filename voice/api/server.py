"""The abilities of this server: /languages, /engines, /limits."""

from typing import Any, cast

from django.conf import settings
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSetMixin

from voice.api.creation import writes_usage
from voice.api.schema import Operation
from voice.api.views import View
from voice.api.voice_models import MAX_SAMPLES
from voice.audio.formats import FORMATS, bitrates_kbps
from voice.audio.rejections import megabytes
from voice.audio.upload_sandbox import FFMPEG_FORMATS, ffmpeg_problem
from voice.engines.base import SpeechEngine
from voice.engines.registry import engine_get, engine_names
from voice.engines.spec import LANGUAGES
from voice.errors import EngineUnavailable
from voice.models import AudioFormat, User
from voice.selectors import usage_of


class LanguageSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(initial="en")
    name = serializers.CharField(initial="English")
    engines = serializers.ListField(
        child=serializers.CharField(), initial=["embedded"], help_text="Available engines that speak it."
    )


class LanguagesAnswer(serializers.Serializer[Any]):
    """The languages of the product."""

    languages = LanguageSerializer(many=True)


class OptionSerializer(serializers.Serializer[Any]):
    """A parameter of an engine, for `options` of a synthesis."""

    name = serializers.CharField(initial="clarity")
    minimum = serializers.FloatField(initial=0.2)
    maximum = serializers.FloatField(initial=0.5)
    default = serializers.FloatField(initial=0.35)
    description = serializers.CharField(initial="Lower is closer to the speaker, higher is easier to understand.")


class EngineSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(initial="embedded")
    is_available = serializers.BooleanField(initial=True)
    is_default = serializers.BooleanField(initial=True)
    version = serializers.CharField(allow_null=True, initial="1")
    languages = serializers.ListField(child=serializers.CharField(), initial=["de", "en"])
    options = OptionSerializer(many=True)
    reason = serializers.CharField(allow_null=True, help_text="Why it is not available.")


class EnginesAnswer(serializers.Serializer[Any]):
    """The speech engines of this server."""

    engines = EngineSerializer(many=True)


class LimitsSerializer(serializers.Serializer[Any]):
    """The operator's settings."""

    max_voice_file_size_bytes = serializers.IntegerField(initial=10_485_760)
    max_voice_file_size_mb = serializers.FloatField(
        initial=10.0, help_text="The same, in megabytes of 1,048,576 bytes."
    )
    min_voice_duration_s = serializers.FloatField(initial=10.0)
    max_voice_duration_s = serializers.FloatField(initial=300.0)
    max_synthesis_text_length = serializers.IntegerField(initial=5000)
    max_samples_per_model = serializers.IntegerField(initial=20)
    max_wait_s = serializers.IntegerField(initial=60, help_text="The longest `Prefer: wait` that is granted.")
    writes_per_hour = serializers.IntegerField(initial=20)
    max_unfinished_jobs = serializers.IntegerField(initial=100)
    audio_formats = serializers.ListField(child=serializers.CharField(), initial=AudioFormat.values)
    output_formats = serializers.ListField(child=serializers.CharField(), initial=list(FORMATS))
    bitrates_kbps = serializers.DictField(
        child=serializers.ListField(child=serializers.IntegerField()),
        initial=bitrates_kbps(),
        help_text="Of the formats that have bitrates.",
    )


class UsageSerializer(serializers.Serializer[Any]):
    """The things that the account has here."""

    samples = serializers.IntegerField(initial=2)
    models = serializers.IntegerField(initial=1)
    syntheses = serializers.IntegerField(initial=14)
    speech_s = serializers.FloatField(initial=310.2, help_text="Seconds of finished speech in the history.")


class RateLimitSerializer(serializers.Serializer[Any]):
    """Writes of the last hour; `reset_s` seconds from now the oldest of them no longer counts."""

    limit = serializers.IntegerField(initial=20)
    remaining = serializers.IntegerField(initial=17)
    reset_s = serializers.IntegerField(initial=1580)


class LimitsAnswer(serializers.Serializer[Any]):
    """Limits, and how much of them is used."""

    limits = LimitsSerializer()
    usage = UsageSerializer()
    rate_limit = RateLimitSerializer()


class ServerView(ViewSetMixin, View):
    """The same for every account, but for its usage."""

    tag = "server"
    operations = {
        "languages": Operation("list_languages", "The languages that can be spoken", answer=LanguagesAnswer),
        "engines": Operation("list_engines", "The speech engines and their options", answer=EnginesAnswer),
        "limits": Operation("show_limits", "The limits, and how much of them I use", answer=LimitsAnswer),
    }

    def languages(self, request: Request) -> Response:
        engines = [engine for name in engine_names() if (engine := _engine(name)[0])]
        languages = [
            {
                "code": code,
                "name": name,
                "engines": [engine.spec.name for engine in engines if code in engine.spec.languages],
            }
            for code, name in LANGUAGES.items()
        ]
        return Response({"languages": languages})

    def engines(self, request: Request) -> Response:
        return Response({"engines": [_described(name) for name in engine_names()]})

    def limits(self, request: Request) -> Response:
        user = cast(User, request.user)
        rate = RateLimitSerializer(writes_usage(user)).data
        return Response({"limits": _limits(), "usage": usage_of(user), "rate_limit": rate})


def _limits() -> dict[str, Any]:
    return {
        "max_voice_file_size_bytes": settings.MAX_VOICE_FILE_SIZE,
        "max_voice_file_size_mb": megabytes(settings.MAX_VOICE_FILE_SIZE),
        "min_voice_duration_s": settings.MIN_VOICE_DURATION,
        "max_voice_duration_s": settings.MAX_VOICE_DURATION,
        "max_synthesis_text_length": settings.MAX_SYNTHESIS_TEXT_LENGTH,
        "max_samples_per_model": MAX_SAMPLES,
        "max_wait_s": settings.TTS_TIMEOUT // 1000,
        "writes_per_hour": settings.WRITES_PER_HOUR,
        "max_unfinished_jobs": settings.JOBS_PER_USER_MAX,
        "audio_formats": _audio_formats(),
        "output_formats": list(FORMATS),
        "bitrates_kbps": bitrates_kbps(),
    }


def _audio_formats() -> list[str]:
    """Those of the recordings that this server reads."""
    reads_all = settings.FFMPEG_UPLOADS and ffmpeg_problem() is None
    return [name for name in AudioFormat.values if reads_all or name not in FFMPEG_FORMATS]


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
        "version": engine.spec.version if engine else None,
        "languages": sorted(engine.spec.languages) if engine else [],
        "options": OptionSerializer(engine.spec.options if engine else (), many=True).data,
        "reason": reason,
    }
