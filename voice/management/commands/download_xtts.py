"""`manage.py download_xtts`: the published XTTS v2 checkpoint, for those who accept its licence."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.progress import Progress as Bars

from voice.engines.xtts.download import BASE_URL, FILES, LICENCE_URL, DownloadFailed, Progress, PublishedFile, download
from voice.errors import EngineUnavailable

LICENCE = f"""The weights of XTTS v2 are under the Coqui Public Model License 1.0.0 (CPML):
  - the model and what it speaks may be used for non-commercial purposes only;
  - who gets any of it from you must get these terms too.
  Read it: {LICENCE_URL}"""


class Command(BaseCommand):
    """Downloads, verifies and converts the checkpoint. Safe to run again: it continues, and does nothing twice."""

    help = "Download the XTTS v2 checkpoint (1.9 GB, non-commercial licence), verify it and prepare it for loading."

    def add_arguments(self, parser: CommandParser) -> None:
        """`--folder`, `--from` and `--accept-licence`."""
        parser.add_argument("--folder", type=Path, default=settings.XTTS_CHECKPOINT, help="default: %(default)s")
        parser.add_argument("--from", dest="base_url", metavar="URL", default=BASE_URL, help="a mirror of the files")
        parser.add_argument("--accept-licence", action="store_true", help="you accept the CPML, and are not asked")

    def handle(self, *, folder: Path, base_url: str, accept_licence: bool, **options: Any) -> None:
        """Ask for the licence, download, convert, and say what to set."""
        self.stdout.write(f"{LICENCE}\n\nFrom {base_url}\nto {folder}:")
        for file in FILES:
            self.stdout.write(f"  {file.name:<12}{file.size_bytes:>15,} bytes")
        if not (accept_licence or settings.XTTS_LICENCE_ACCEPTED or self._is_accepted()):
            raise CommandError("Nothing was downloaded: the licence is not accepted.")
        try:
            with self._progress() as progress:
                fetched = download(folder, base_url=base_url, files=FILES, progress=progress)
        except DownloadFailed as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt as error:
            raise CommandError("Stopped. Run the command again, and it goes on from here.") from error
        self.stdout.write(f"Verified: {', '.join(file.name for file in FILES)} ({len(fetched)} downloaded now).")
        self._convert(folder)
        self.stdout.write(
            f"Set in .env:\n  XTTS_CHECKPOINT={folder.resolve()}\n  XTTS_LICENCE_ACCEPTED=true\n"
            "and VOICE_ENGINE=xtts to make new voices with it."
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

    def _convert(self, folder: Path) -> None:
        if find_spec("torch") is None:
            self.stdout.write(
                "Loading is faster from safetensors: install requirements-xtts.txt and run this command again there."
            )
            return
        from voice.engines.xtts.checkpoint import convert_to_safetensors

        try:
            converted = convert_to_safetensors(folder)
        except EngineUnavailable as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"Ready to load: {converted.name}.")

    @contextmanager
    def _progress(self) -> Iterator[Progress]:
        """Bars with bytes and time left on a terminal, else a line for every tenth."""
        if not self.stdout.isatty():
            yield self._tenths()
            return
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        with Bars(*columns, TimeRemainingColumn(), console=Console()) as bars:
            tasks = {file.name: bars.add_task(file.name, total=file.size_bytes, start=False) for file in FILES}

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
