"""The app's configuration."""

from django.apps import AppConfig


class VoiceConfig(AppConfig):
    name = "voice"
    verbose_name = "Voices"

    def ready(self) -> None:
        from django.conf import settings

        from voice import checks  # noqa: F401 (registers the system checks)
        from voice.engines.registry import engine_configure, engine_specs
        from voice.services import sample, synthesis, voice_model  # noqa: F401 (each registers its kind of work)

        for engine in engine_specs().values():
            engine_configure(engine.name, **engine.values(settings))
