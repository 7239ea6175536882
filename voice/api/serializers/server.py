"""What this server can do, how it is, and what it says about a failure."""

from typing import Any

from rest_framework import serializers


class LanguageSerializer(serializers.Serializer[Any]):
    example = {"code": "en", "name": "English", "engines": ["embedded"]}
    code = serializers.CharField()
    name = serializers.CharField()
    engines = serializers.ListField(child=serializers.CharField(), help_text="Available engines that speak it.")


class LanguagesAnswer(serializers.Serializer[Any]):
    """The languages of the product."""

    languages = LanguageSerializer(many=True)


class OptionSerializer(serializers.Serializer[Any]):
    """A parameter of an engine, for `options` of a synthesis."""

    example = {
        "name": "clarity",
        "minimum": 0.2,
        "maximum": 0.5,
        "default": 0.35,
        "description": "Lower is closer to the speaker, higher is easier to understand.",
    }
    name = serializers.CharField()
    minimum = serializers.FloatField()
    maximum = serializers.FloatField()
    default = serializers.FloatField()
    description = serializers.CharField()


class EngineSerializer(serializers.Serializer[Any]):
    example = {
        "name": "embedded",
        "is_available": True,
        "is_default": True,
        "version": "1",
        "languages": ["de", "en"],
        "options": [OptionSerializer.example],
        "reason": None,
    }
    name = serializers.CharField()
    is_available = serializers.BooleanField()
    is_default = serializers.BooleanField()
    version = serializers.CharField(allow_null=True)
    languages = serializers.ListField(child=serializers.CharField())
    options = OptionSerializer(many=True)
    reason = serializers.CharField(allow_null=True, help_text="Why it is not available.")


class EnginesAnswer(serializers.Serializer[Any]):
    """The speech engines of this server."""

    engines = EngineSerializer(many=True)


class LimitsSerializer(serializers.Serializer[Any]):
    """The operator's settings."""

    example = {
        "max_voice_file_size_bytes": 10_485_760,
        "min_voice_duration_s": 10.0,
        "max_voice_duration_s": 300.0,
        "max_synthesis_text_length": 5000,
        "max_samples_per_model": 20,
        "max_wait_s": 60,
        "writes_per_hour": 20,
        "max_unfinished_jobs": 100,
        "audio_formats": ["wav", "mp3", "flac"],
        "output_formats": ["mp3", "wav", "flac", "ogg"],
    }
    max_voice_file_size_bytes = serializers.IntegerField()
    min_voice_duration_s = serializers.FloatField()
    max_voice_duration_s = serializers.FloatField()
    max_synthesis_text_length = serializers.IntegerField()
    max_samples_per_model = serializers.IntegerField()
    max_wait_s = serializers.IntegerField(help_text="The longest `Prefer: wait` that is granted.")
    writes_per_hour = serializers.IntegerField()
    max_unfinished_jobs = serializers.IntegerField()
    audio_formats = serializers.ListField(child=serializers.CharField())
    output_formats = serializers.ListField(child=serializers.CharField())


class UsageSerializer(serializers.Serializer[Any]):
    """What the account has here."""

    example = {"samples": 2, "models": 1, "syntheses": 14, "speech_s": 310.2}
    samples = serializers.IntegerField()
    models = serializers.IntegerField()
    syntheses = serializers.IntegerField()
    speech_s = serializers.FloatField(help_text="Seconds of finished speech in the history.")


class RateLimitSerializer(serializers.Serializer[Any]):
    """Writes of the current hour."""

    example = {"limit": 20, "remaining": 17, "reset_s": 1580}
    limit = serializers.IntegerField()
    remaining = serializers.IntegerField()
    reset_s = serializers.IntegerField()


class LimitsAnswer(serializers.Serializer[Any]):
    """Limits, and how much of them is used."""

    limits = LimitsSerializer()
    usage = UsageSerializer()
    rate_limit = RateLimitSerializer()


class HealthSerializer(serializers.Serializer[Any]):
    """The state of a process and of what it needs."""

    example = {"status": "ok"}
    status = serializers.CharField()
    checks = serializers.DictField(child=serializers.CharField(), required=False)


class FieldProblemSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    message = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    """RFC 9457 problem details. Figures that belong to `detail` come as further members."""

    type = serializers.CharField(help_text="Stable; differs for every code.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="A sentence for people.")
    code = serializers.CharField(help_text="Stable, for machines.")
    errors = serializers.DictField(  # type: ignore[assignment]
        child=FieldProblemSerializer(many=True), required=False
    )
    request_id = serializers.CharField()
