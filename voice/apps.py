"""The app's configuration."""

from typing import cast

from django.apps import AppConfig


class VoiceConfig(AppConfig):
    name = "voice"
    verbose_name = "Voices"

    def ready(self) -> None:
        from django.conf import settings

        from voice import checks  # noqa: F401 (registers the system checks)
        from voice.engines.registry import xtts_configure
        from voice.engines.xtts.options import DeviceChoice, PrecisionChoice, XttsConfiguration
        from voice.services import sample, synthesis, voice_model  # noqa: F401 (each registers its kind of work)

        xtts_configure(
            XttsConfiguration(
                checkpoint=settings.XTTS_CHECKPOINT,
                is_licence_accepted=settings.XTTS_LICENCE_ACCEPTED,
                device=cast(DeviceChoice, settings.XTTS_DEVICE),
                precision=cast(PrecisionChoice, settings.XTTS_PRECISION),
                batch_size=settings.XTTS_BATCH_SIZE,
                cache_mb=settings.XTTS_CACHE_MB,
            )
        )
