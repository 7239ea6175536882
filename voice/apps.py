"""The app's configuration."""

from django.apps import AppConfig


class VoiceConfig(AppConfig):
    name = "voice"
    verbose_name = "Voices"

    def ready(self) -> None:
        from voice import checks  # noqa: F401 (registers the system checks)
