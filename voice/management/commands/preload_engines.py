"""Loads the engines and says how long it took: run it on a worker's machine before its first job."""

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from voice.engines.registry import engine_get, engine_names
from voice.errors import EngineError


class Command(BaseCommand):
    help = "Load speech engines and report whether this machine can use them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "engines", nargs="*", default=[settings.VOICE_ENGINE], help=f"of {', '.join(engine_names())}"
        )

    def handle(self, *args: Any, engines: list[str], **options: Any) -> None:
        failed = [name for name in engines if not self._load(name)]
        if failed:
            raise CommandError(f"not usable here: {', '.join(failed)}")

    def _load(self, name: str) -> bool:
        started = time.monotonic()
        try:
            engine = engine_get(name)
            engine.warm_up()
        except EngineError as error:
            self.stderr.write(self.style.ERROR(f"{name}: {error.message}"))
            return False
        took_s = time.monotonic() - started
        self.stdout.write(
            f"{name} {engine.spec.version}: ready in {took_s:.1f} s, {len(engine.spec.languages)} languages"
        )
        return True
