"""`make demo` clones a voice and lets it speak, by the same REST API, worker and engine that production uses."""

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from local.children import log_tail
from local.client import ApiClient, ApiRefused, Resource
from local.demo_screen import Screen
from local.demo_voice import demo_recording, fitting_recording
from local.stack_lock import running_stack
from voice.audio.formats import FORMATS
from voice.engines.spec import EXAMPLE_TEXTS
from voice.errors import VoiceError

START_TIMEOUT_S = 400.0  # longer than a stack waits for its parts: it says itself why it gives up
STOP_TIMEOUT_S = 40.0


class BadWish(Exception):
    """A wish on the command line that cannot be fulfilled; the text says which could."""


class NoStack(Exception):
    """The stack did not start; the text has its last words."""


@dataclass(frozen=True, slots=True)
class Wish:
    """The wishes of the command line. `sample` is None where the demo is to speak one by itself."""

    sample: Path | None
    text: str
    language: str
    output: Path

    @property
    def output_format(self) -> str:
        return self.output.suffix.lower().removeprefix(".")


def wish_from(*, sample: str, text: str, language: str, output: str) -> Wish:
    """Check all that can be checked before anything is started. Raises BadWish."""
    code = {"zh": "zh-cn"}.get(language.strip().lower(), language.strip().lower())
    if code not in EXAMPLE_TEXTS:
        raise BadWish(f"LANGUAGE={language} is none of: {', '.join(EXAMPLE_TEXTS)}")
    return Wish(
        sample=_existing_sample(sample) if sample else None,
        text=text if text.strip() else EXAMPLE_TEXTS[code],
        language=code,
        output=_writable_output(output),
    )


def _existing_sample(name: str) -> Path:
    path = Path(name).expanduser()
    if not path.exists():
        raise BadWish(f"SAMPLE={name}: there is no such file in {Path.cwd()}")
    if not path.is_file():
        raise BadWish(
            f"SAMPLE={name} is no file. Give one recording, as WAV, MP3 or FLAC, of 10 seconds to 5 minutes."
        )
    if not os.access(path, os.R_OK):
        raise BadWish(f"SAMPLE={name} may not be read by you.")
    return path


def _writable_output(name: str) -> Path:
    path = Path(name).expanduser().absolute()
    if path.is_dir():
        path = path / "podstream-demo.mp3"
    if path.suffix.lower().removeprefix(".") not in FORMATS:
        raise BadWish(f"OUTPUT={name} must end in one of: {', '.join(f'.{ending}' for ending in FORMATS)}")
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise BadWish(f"OUTPUT={name}: the folder {path.parent} does not exist or cannot be written.")
    return path


@contextmanager
def demo_stack(var_dir: Path) -> Iterator[str]:
    """The URL of a stack that works in `var_dir`. One that was started for this is stopped at the end.

    It also stops when this process is killed, because its stdin ends then. Raises NoStack.
    """
    if running_stack(var_dir) is not None:
        yield _wait_for_url(var_dir, None)
        return
    log_path = var_dir / "log" / "stack.log"
    log_path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    command = [sys.executable, "-m", "local.stack", "run", "--port=0", "--until-stdin-closes"]
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield _wait_for_url(var_dir, process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(STOP_TIMEOUT_S)


def _wait_for_url(var_dir: Path, process: "subprocess.Popen[bytes] | None") -> str:
    end = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < end:
        if process is not None and process.poll() is not None:
            break
        stack = running_stack(var_dir)
        if stack is not None and stack.url:
            return stack.url
        time.sleep(0.05)
    raise NoStack(f"The stack did not start:\n{log_tail(var_dir / 'log' / 'stack.log')}")


def run_demo(wish: Wish, *, var_dir: Path, screen: Screen) -> None:
    """Do everything from upload to download, and show it. Raises NoStack, ApiRefused, VoiceError, httpx.HTTPError."""
    with ExitStack() as running:
        recording = wish.sample
        if recording is not None:
            folder = Path(running.enter_context(TemporaryDirectory(prefix="podstream-demo-")))
            with screen.step("Checking the recording"):
                recording = fitting_recording(recording, folder)
            if recording != wish.sample:
                screen.say(f"It is too large to be sent as it is. It is sent as FLAC of {_megabytes(recording)} MB.")
        with screen.step("Starting"):
            client = running.enter_context(ApiClient(running.enter_context(demo_stack(var_dir))))
            client.register()
        if recording is None:
            recording = var_dir / "work" / "demo-sample.wav"
            with screen.step("Speaking a sample"):
                demo_recording(recording)
        sample = prepare_sample(recording, client, screen)
        synthesis = speak(wish, sample, client, screen)
        with screen.step("Stopping"):
            running.close()
    show_result(wish, sample, synthesis, screen)


def _megabytes(path: Path) -> str:
    return f"{path.stat().st_size / 2**20:.1f}"


def prepare_sample(recording: Path, client: ApiClient, screen: Screen) -> Resource:
    """Upload a recording and wait until it is fit for cloning."""
    with screen.step("Uploading"):
        uploaded = client.upload(recording)
    with screen.step("Preparing the recording") as progress:
        return client.wait(f"/api/voice/samples/{uploaded['id']}", done="ready", progress=progress)


def speak(wish: Wish, sample: Resource, client: ApiClient, screen: Screen) -> Resource:
    """Clone the voice, have it say the text, and save that."""
    with screen.step("Cloning") as progress:
        model = client.clone(sample_id=sample["id"], language=wish.language)
        client.wait(f"/api/voice/models/{model['id']}", done="ready", progress=progress)
    with screen.step("Speaking") as progress:
        synthesis = client.synthesize(
            model_id=model["id"], text=wish.text, language=wish.language, output_format=wish.output_format
        )
        path = f"/api/voice/history/{synthesis['id']}"
        synthesis = client.wait(path, done="completed", progress=progress)
    with screen.step("Downloading"):
        client.download(f"{path}/audio", wish.output)
    return synthesis


def show_result(wish: Wish, sample: Resource, synthesis: Resource, screen: Screen) -> None:
    """Print the place of the speech, the quality of the recording, the time that it took, and what to do next."""
    screen.say()
    screen.quality_table(sample["quality"])
    screen.say()
    screen.say(f"{synthesis['duration_s']:.1f} s of speech in your new voice, after {screen.total_s():.1f} s of work:")
    screen.say(f"  {wish.output}")
    screen.say()
    if wish.sample is None:
        screen.say("The voice was a synthetic one. With your own, 10 seconds or more: make demo SAMPLE=recording.wav")
    screen.say("To go on: make run starts the server and prints its address; docs/QUICKSTART.md shows the API.")


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns the exit status: 0, or 1 after a sentence that helps, or 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m local.demo", description=__doc__)
    parser.add_argument("--sample", default="", help="a recording of 10 s to 5 min (WAV, MP3, FLAC or another)")
    parser.add_argument("--text", default="", help="to be spoken")
    parser.add_argument("--language", default="en", help="of the text")
    parser.add_argument("--output", default="podstream-demo.mp3", help="the file for the speech")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "podstream.settings")
    from django.conf import settings

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    screen = Screen()
    try:
        run_demo(wish_from(**vars(parser.parse_args(arguments))), var_dir=settings.VAR_DIR, screen=screen)
    except (BadWish, NoStack, ApiRefused, VoiceError) as error:
        screen.say(error.message if isinstance(error, VoiceError) else str(error))
        return 1
    except httpx.HTTPError as error:
        screen.say(f"The server stopped answering ({error!r}). Its logs are in {settings.VAR_DIR / 'log'}")
        return 1
    except KeyboardInterrupt:
        screen.say("Stopped.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
