"""docker-compose.yml and Dockerfile, as far as they can be held without Docker: every reference leads somewhere, and
the commands of the services run.
"""

import ast
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from django.conf import settings

from tests.conftest import ROOT, StartServer, wait_until
from tests.project.code_blocks import code_blocks
from tests.project.test_configuration import variables_read
from tests.rig.processes import Server, answers, free_port
from tests.rig.stacks import SERVICES, interpolated, service_command, stack_environment
from voice.jobs.kind import queues as all_queues

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SMOKE = ROOT / "scripts" / "smoke"
OF_OTHERS = {"CUDA_VISIBLE_DEVICES"}


def option(service: str, name: str) -> str:
    words: list[str] = SERVICES[service]["command"]
    return words[words.index(name) + 1]


def slots_of(device: str) -> int:
    """How many sentences the engine decodes at once unless it is told otherwise; read without importing torch."""
    runtime = (ROOT / "voice" / "engines" / "xtts" / "runtime.py").read_text()
    slots: dict[str, int] = ast.literal_eval(re.search(r"^SLOTS = (.*)$", runtime, re.MULTILINE)[1])  # type: ignore[index]
    return slots[device]


def test_every_reference_leads_somewhere() -> None:
    for service in SERVICES.values():
        assert set(service.get("depends_on", ())) <= set(SERVICES)
        for volume in (volume.split(":")[0] for volume in service.get("volumes", ())):
            assert volume in COMPOSE["volumes"] or (ROOT / volume).exists()
    targets = set(re.findall(r"^FROM \S+ AS (\w+)$", DOCKERFILE, re.MULTILINE))
    assert {service["build"]["target"] for service in OURS.values()} <= targets
    copied = [path for line in re.findall(r"^COPY (.+) \S+$", DOCKERFILE, re.MULTILINE) for path in line.split()]
    kept = (ROOT / ".dockerignore").read_text().splitlines()
    assert copied
    for path in copied:
        assert (ROOT / path).exists()
        assert f"!{path}" in kept


def test_services_are_given_settings_that_exist() -> None:
    for name, service in OURS.items():
        if name == "smoke":  # asks from outside, and is told no secret
            assert set(service["environment"]) == set(re.findall(r"SMOKE_\w+", SMOKE.read_text()))
            assert "env_file" not in service
            continue
        assert set(service["environment"]) - OF_OTHERS <= set(variables_read())
        assert service["env_file"] == [{"path": ".env", "required": False}], "every other setting reaches it too"


def test_every_queue_has_its_worker_and_only_the_gpu_image_has_torch() -> None:
    speech = ("worker-speech", "worker-gpu", "worker-gpu-1")
    queues = {name: set(option(name, "--queues").split(",")) for name in ("worker-cpu", *speech)}
    assert queues["worker-cpu"] | queues["worker-speech"] == {*all_queues(), settings.CELERY_TASK_DEFAULT_QUEUE}
    assert all(queues[name] == {"clone", "synthesis"} for name in speech)
    images = {name: service["build"]["target"] for name, service in OURS.items()}
    assert {name for name, target in images.items() if target == "gpu"} == {"worker-gpu", "worker-gpu-1"}
    stages = DOCKERFILE.split("\nFROM ")
    assert [stage.split()[2] for stage in stages[1:] if "locks/xtts.txt" in stage] == ["gpu"]


def test_without_a_gpu_everything_runs_and_with_one_it_alone_speaks() -> None:
    by_default = {name for name, service in SERVICES.items() if "profiles" not in service}
    assert by_default == {"proxy", "postgres", "redis", "migrate", "web", "worker-cpu", "worker-speech", "beat"}
    assert not any("nvidia" in str(SERVICES[name]) for name in by_default)
    assert SERVICES["worker-gpu"]["profiles"] == ["gpu"]
    assert interpolated(SERVICES["worker-speech"]["deploy"]["replicas"]) == "1"
    page = (ROOT / "docs" / "OPERATIONS.md").read_text()
    assert "COMPOSE_PROFILES=gpu\nVOICE_ENGINE=xtts\nCPU_SPEECH_WORKERS=0\n" in page


def test_every_image_of_others_is_pinned() -> None:
    others = [service["image"] for name, service in SERVICES.items() if name not in OURS]
    bases = re.findall(r"^FROM (\S+:\S+) ", DOCKERFILE, re.MULTILINE)
    assert len(others) == 3
    for image in [*others, *bases]:
        assert re.search(r":\d+\.\d+", image), image


def test_the_proxy_is_believed_and_nobody_else() -> None:
    address = SERVICES["proxy"]["networks"]["default"]["ipv4_address"]
    assert interpolated(option("web", "--forwarded-allow-ips")) == address
    assert interpolated(SERVICES["web"]["environment"]["FORWARDED_ALLOW_IPS"]) == address
    assert "ports" not in SERVICES["web"]


def test_each_gpu_has_a_worker_of_its_own_name() -> None:
    workers = [SERVICES["worker-gpu"], SERVICES["worker-gpu-1"]]
    assert len({worker["environment"]["CUDA_VISIBLE_DEVICES"] for worker in workers}) == 2
    assert option("worker-gpu", "--hostname") != option("worker-gpu-1", "--hostname")
    for name in ("worker-gpu", "worker-gpu-1"):
        assert option(name, "--pool") == "threads"
        assert int(option(name, "--concurrency")) == slots_of("cuda"), "as many jobs as sentences in the batch"


def test_redis_keeps_what_it_is_told() -> None:
    assert option("redis", "--appendonly") == "yes"
    assert option("redis", "--maxmemory-policy") == "noeviction"


def test_the_page_starts_workers_by_the_same_commands() -> None:
    code = "".join(block.code for block in code_blocks(ROOT / "docs" / "OPERATIONS.md") if block.language == "bash")
    lines = [line for line in code.replace("\\\n", " ").splitlines() if ".venv-xtts/bin/python -m celery" in line]
    commands = [shlex.split(line.partition(".venv-xtts/bin/python")[2], comments=True) for line in lines]
    assert commands == [SERVICES[name]["command"][1:] for name in ("worker-gpu", "worker-gpu-1")]


@pytest.mark.worker
@pytest.mark.timeout(240)
def test_the_commands_of_the_services_run(tmp_path: Path, start_server: StartServer) -> None:
    port = free_port()
    variables = {name: interpolated(value) for name, value in SERVICES["smoke"]["environment"].items()}
    settings = {"SWEEP_INTERVAL_S": "0.5", "LOG_LEVEL": "INFO", "HTTPS_ONLY": "True", **variables}
    environment = stack_environment(tmp_path, **settings)
    said: dict[str, Callable[[str], bool]] = {
        "migrate": lambda log: "static files" in log,
        "web": lambda log: answers(f"http://127.0.0.1:{port}/health/live"),
        "beat": lambda log: "Sending due task sweep" in log,
        "worker-gpu": lambda log: 0 < log.find("engine embedded") < log.find("gpu0@"),
        "worker-speech": lambda log: "speech@" in log,
        "worker-cpu": lambda log: "succeeded" in log and answers(f"http://127.0.0.1:{port}/health/ready"),
        "smoke": lambda log: "checks passed" in log,
    }
    for service, is_up in said.items():
        server: Server = start_server(service, service_command(service, var_dir=tmp_path, web_port=port), environment)
        wait_until(lambda: is_up(server.log), what=service, timeout_s=60)  # noqa: B023 (called at once)
    assert {line.split(" ")[0] for line in server.log.splitlines()[:-2]} == {"ok"}, server.log
