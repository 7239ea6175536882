"""What the commands that fetch an engine's weights share: for those who accept the licence, shown as it goes on."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.progress import Progress as Bars

from voice.engines.download import DownloadFailed, Progress, download
from voice.engines.spec import EngineSpec, EngineWeights, PublishedFile
from voice.errors import EngineUnavailable


class DownloadCommand(BaseCommand):
    """Downloads, verifies and prepares weights. Safe to run again: it continues, and does nothing twice."""

    engine: EngineSpec

    @property
    def weights(self) -> EngineWeights:
        """Those of the engine, which has some."""
        assert self.engine.weights is not None
        return self.engine.weights

    def add_arguments(self, parser: CommandParser) -> None:
        """`--folder`, `--from` and `--accept-licence`."""
        folder, url = getattr(settings, self.weights.folder), self.weights.base_url
        parser.add_argument("--folder", type=Path, default=folder, help="default: %(default)s")
        parser.add_argument("--from", dest="base_url", metavar="URL", default=url, help="a mirror of the files")
        parser.add_argument("--accept-licence", action="store_true", help="you accept the licence, and are not asked")

    def handle(self, *, folder: Path, base_url: str, accept_licence: bool, **options: Any) -> None:
        """Ask for the licence, download, prepare, and say what to set."""
        weights = self.weights
        self.stdout.write(f"{weights.terms}\n\nFrom {base_url}\nto {folder}:")
        for file in weights.files:
            self.stdout.write(f"  {file.name:<12}{file.size_bytes:>15,} bytes")
        if not (accept_licence or getattr(settings, weights.acceptance) or self._is_accepted()):
            raise CommandError("Nothing was downloaded: the licence is not accepted.")
        try:
            with self._progress() as progress:
                fetched = download(folder, base_url=base_url, files=weights.files, progress=progress)
            names = ", ".join(file.name for file in weights.files)
            self.stdout.write(f"Verified: {names} ({len(fetched)} downloaded now).\n{weights.prepare(folder)}")
        except DownloadFailed as error:
            raise CommandError(str(error)) from error
        except EngineUnavailable as error:
            raise CommandError(error.message) from error
        except KeyboardInterrupt as error:
            raise CommandError("Stopped. Run the command again, and it goes on from here.") from error
        self.stdout.write(
            f"Set in .env:\n  {weights.folder}={folder.resolve()}\n  {weights.acceptance}=true\n"
            f"and VOICE_ENGINE={self.engine.name} to make new voices with it."
        )

    def _is_accepted(self) -> bool:
        if not sys.stdin.isatty():
            raise CommandError(
                "Nothing was downloaded: nobody is here to ask. If you accept the licence, run this with "
                "--accept-licence."
            )
        try:
            answer = input("Do you accept this licence? Type yes: ")
        except EOFError:
            return False
        return answer.strip().lower() in ("y", "yes")

    @contextmanager
    def _progress(self) -> Iterator[Progress]:
        """Bars with bytes and time left on a terminal, else a line for every tenth."""
        if not self.stdout.isatty():
            yield self._tenths()
            return
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        with Bars(*columns, TimeRemainingColumn(), console=Console()) as bars:
            tasks = {
                file.name: bars.add_task(file.name, total=file.size_bytes, start=False) for file in self.weights.files
            }

            def show(file: PublishedFile, received: int) -> None:
                bars.start_task(tasks[file.name])
                bars.update(tasks[file.name], completed=received)

            yield show

    def _tenths(self) -> Progress:
        shown: dict[str, int] = {}

        def show(file: PublishedFile, received: int) -> None:
            tenth = received * 10 // file.size_bytes
            if tenth > shown.get(file.name, 0):
                shown[file.name] = tenth
                self.stdout.write(f"{file.name}: {tenth * 10}%")

        return show
