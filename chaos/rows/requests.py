"""R5: one Idempotency-Key, many requests. R8: more load than can be done. R10: the settings of production."""

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx

from chaos.client import SYNTHESIZE, Podcaster
from chaos.lab import Lab, RowResult, limits_broken, row_result
from chaos.ledger import Promise
from chaos.trial import SENTENCE, Trial
from tests.rig.processes import ROOT
from tests.rig.stacks import shell_environment

TWINS = 50
DEPTH = 40
FLOODERS = 8
READERS = 2
READ_PAUSE_S = 0.02
READ_P95_MS = 200.0
LOAD_FACTOR = 10.0


def r5(lab: Lab) -> RowResult:
    """The same request at once, from as many connections; then another one with its key."""
    with lab.production("r5") as trial:
        trial.wait_for_voices()
        podcaster = trial.podcaster(0)
        before = _writes_left(podcaster)
        answers = _twins(podcaster)
        spent = before - _writes_left(podcaster)
        other = podcaster.http.post(SYNTHESIZE, json=_wish(podcaster, "Another."), headers={"Idempotency-Key": "one"})
        ids = {answer.json()["synthesis"]["id"] for answer in answers if answer.is_success}
        for id in ids:
            trial.ledger.promised(Promise("synthesis", id, "one"))
        verdict = trial.judge(timeout_s=lab.scale.drain_s)
    figures: dict[str, object] = {
        "parallel": len(answers),
        "accepted": sum(answer.status_code == 202 for answer in answers),
        "jobs": len(ids),
        "bodies": len({answer.content for answer in answers}),
        "units_of_the_limit": spent,
        "another_payload": other.status_code,
    }
    asked = {"accepted": TWINS, "jobs": 1, "bodies": 1, "units_of_the_limit": 1, "another_payload": 422}
    failures = [f"{name} is {figures[name]}, not {value}" for name, value in asked.items() if figures[name] != value]
    return row_result("R5", "one Idempotency-Key", verdict, figures=figures, failures=failures)


def _twins(podcaster: Podcaster) -> list[httpx.Response]:
    start = threading.Barrier(TWINS)
    wish = _wish(podcaster, "One and the same.")

    def send(_: int) -> httpx.Response:
        start.wait(30)
        return podcaster.http.post(SYNTHESIZE, json=wish, headers={"Idempotency-Key": "one"})

    with ThreadPoolExecutor(TWINS) as pool:
        return list(pool.map(send, range(TWINS)))


def _wish(podcaster: Podcaster, text: str) -> dict[str, str]:
    return {"model_id": podcaster.model_id, "text": text}


def _writes_left(podcaster: Podcaster) -> int:
    answer = podcaster.http.get("/api/voice/limits")
    answer.raise_for_status()
    return int(answer.json()["rate_limit"]["remaining"])


def r8(lab: Lab) -> RowResult:
    """Clients that do not wait fill the queue, while others ask how their speech is doing."""
    with lab.production("r8", settings={"QUEUE_DEPTH_MAX": str(DEPTH)}) as trial:
        trial.wait_for_voices()
        first = trial.speak(1)
        assert first is not None
        trial.say(f"a flood of {lab.scale.flood_s:.0f} s")
        offered = _flood(trial, first, duration_s=lab.scale.flood_s)
        done = trial.watch.unfinished()
        finished = sum(job.state == "completed" for job in trial.watch.jobs) - 2 * 2
        verdict = trial.judge(timeout_s=lab.scale.drain_s)
        statuses = trial.ledger.statuses()
        p95 = {"status_read_p95_ms": trial.ledger.p95_ms("/api/voice/history")}
    factor = round(offered / max(1, finished), 1)
    failures = limits_broken(p95, status_read_p95_ms=READ_P95_MS)
    failures += [] if statuses.get("503") else [f"nobody was refused beyond a depth of {DEPTH}"]
    failures += [] if factor >= LOAD_FACTOR else [f"the load was {factor} times what was done, not {LOAD_FACTOR:g}"]
    figures: dict[str, object] = {"offered": offered, "done_meanwhile": finished, "load_factor": factor}
    figures |= {"depth": DEPTH, "waiting_at_the_end": done, **p95}
    return row_result("R8", "more load than can be done", verdict, figures=figures, failures=failures)


def _flood(trial: Trial, read: str, *, duration_s: float) -> int:
    end = time.monotonic() + duration_s

    def ask(number: int) -> int:
        asked = 0
        while time.monotonic() < end:
            trial.podcaster(number).speak(SENTENCE * 4, patience_s=0)
            asked += 1
        return asked

    def look(_: int) -> int:
        while time.monotonic() < end:
            with suppress(httpx.TransportError):
                trial.podcaster(1).ask("GET", f"/api/voice/history/{read}")
            time.sleep(READ_PAUSE_S)
        return 0

    with ThreadPoolExecutor(FLOODERS + READERS) as pool:
        futures = [pool.submit(ask, number) for number in range(FLOODERS)]
        futures += [pool.submit(look, number) for number in range(READERS)]
        return sum(future.result() for future in futures)


def r10(lab: Lab) -> RowResult:
    """Django's own check for deployments, with the settings that docs/OPERATIONS.md names."""
    lab.say("r10: check --deploy")
    folder = lab.folder / "r10"
    environment = {
        **shell_environment(),
        "ENV_FILE": "/dev/null",
        "VAR_DIR": str(folder),
        "DATABASE_URL": "postgres://podstream:secret@db.example.org:5432/podstream",
        "REDIS_URL": "redis://redis.example.org:6379/0",
        "SECRET_KEY": "s" * 20 + "0123456789abcdefghijklmnopqrstuvwxyz-0123456789",
        "JWT_SIGNING_KEY": "j" * 20 + "0123456789abcdefghijklmnopqrstuvwxyz-0123456789",
        "ALLOWED_HOSTS": "voice.example.org",
        "CSRF_TRUSTED_ORIGINS": "https://voice.example.org",
        "HTTPS_ONLY": "True",
    }
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120)
    failures = [] if done.returncode == 0 else [done.stderr.strip() or "no reason given"]
    return RowResult("R10", "check --deploy", {"exit_status": done.returncode}, failures)
