"""deploy/kubernetes, as far as it can be held without a cluster: Kubernetes takes the objects, every reference leads
somewhere, and the queries that scale the workers count what waits.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from django.conf import settings
from django.db import connection

from tests.api.rows import completed_synthesis, queued_synthesis
from tests.conftest import ROOT
from tests.project.test_configuration import variables_read
from voice.jobs.kind import queues
from voice.jobs.transitions import job_claim
from voice.models import User

FOLDER = ROOT / "deploy" / "kubernetes"
VERSION = "1.34"  # of Kubernetes, whose schemas the objects are held to
OVERLAYS = ["base", "gpu"]


def kustomization(overlay: str) -> dict[str, Any]:
    return dict(yaml.safe_load((FOLDER / overlay / "kustomization.yaml").read_text()))


def files_of(overlay: str) -> Iterator[Path]:
    """The files that an overlay builds on, those of its bases included."""
    for name in kustomization(overlay)["resources"]:
        path = (FOLDER / overlay / name).resolve()
        if path.is_dir():
            yield from files_of(path.name)
        else:
            yield path


def objects_of(overlay: str) -> list[dict[str, Any]]:
    """The objects that `kubectl apply -k` makes, without what the overlay deletes."""
    found = [each for path in files_of(overlay) for each in yaml.safe_load_all(path.read_text())]
    deleted = [yaml.safe_load(patch["patch"]) for patch in kustomization(overlay).get("patches", ())]
    assert all(patch.pop("$patch") == "delete" for patch in deleted)
    gone = {(patch["kind"], patch["metadata"]["name"]) for patch in deleted}
    assert gone <= {(each["kind"], each["metadata"]["name"]) for each in found}
    return [each for each in found if (each["kind"], each["metadata"]["name"]) not in gone]


def pods_of(overlay: str) -> dict[str, dict[str, Any]]:
    kinds = {"Deployment", "Job"}
    return {
        each["metadata"]["name"]: each["spec"]["template"]["spec"]
        for each in objects_of(overlay)
        if each["kind"] in kinds
    }


def env_names(path: Path) -> set[str]:
    return {line.partition("=")[0] for line in path.read_text().splitlines() if line}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_kubernetes_takes_the_objects(overlay: str) -> None:
    for each in objects_of(overlay):
        if "keda.sh" not in each["apiVersion"]:
            kubernetes_validate.validate(each, VERSION, strict=True)


def test_the_check_finds_what_is_wrong() -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"prots": []}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(service, VERSION, strict=True)


def test_every_file_belongs_to_an_overlay() -> None:
    used = {path for overlay in OVERLAYS for path in files_of(overlay)}
    assert used == {path for path in FOLDER.rglob("*.yaml") if path.name != "kustomization.yaml"}


def test_the_settings_exist() -> None:
    base = FOLDER / "base"
    literals = kustomization("gpu")["configMapGenerator"][0]["literals"]
    names = env_names(base / "settings.env") | {each.partition("=")[0] for each in literals}
    assert names <= set(variables_read())
    assert env_names(base / "secrets.env.example") <= set(variables_read())
    assert not names & env_names(base / "secrets.env.example"), "a secret is in one place"
    assert kustomization("base")["secretGenerator"][0]["envs"] == ["secrets.env"]
    assert "deploy/kubernetes/base/secrets.env" in (ROOT / ".gitignore").read_text().splitlines()


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_reference_of_a_pod_leads_somewhere(overlay: str) -> None:
    images = {each["name"] for name in {"base", overlay} for each in kustomization(name)["images"]}
    claims = {each["metadata"]["name"] for each in objects_of(overlay) if each["kind"] == "PersistentVolumeClaim"}
    for pod in pods_of(overlay).values():
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        for container in [*pod["containers"], *pod.get("initContainers", ())]:
            assert container["image"] in images
            assert {mount["name"] for mount in container["volumeMounts"]} <= set(volumes)
            sources = [name for each in container["envFrom"] for name in each.values()]
            assert sources == [{"name": "podstream"}] * 2
            assert container["securityContext"]["readOnlyRootFilesystem"]
        wanted = {v["persistentVolumeClaim"]["claimName"] for v in volumes.values() if "persistentVolumeClaim" in v}
        assert wanted <= claims


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_queue_has_its_workers_and_they_are_scaled(overlay: str) -> None:
    served: list[str] = []
    workers = {name: pod["containers"][0]["command"] for name, pod in pods_of(overlay).items() if "worker" in name}
    for command in workers.values():
        served += command[command.index("--queues") + 1].split(",")
    assert sorted(served) == sorted({*queues(), settings.CELERY_TASK_DEFAULT_QUEUE})
    scaled = [each["spec"] for each in objects_of(overlay) if each["kind"] == "ScaledObject"]
    assert {spec["scaleTargetRef"]["name"] for spec in scaled} == set(workers)
    assert all(0 < spec["minReplicaCount"] < spec["maxReplicaCount"] for spec in scaled)


@pytest.mark.django_db
def test_the_workers_are_scaled_by_what_waits_and_runs(user: User) -> None:
    running = queued_synthesis(user)
    assert job_claim(job_id=running.job.pk)
    queued_synthesis(user)
    completed_synthesis(user)
    counts = {}
    for overlay in OVERLAYS:
        for each in objects_of(overlay):
            if each["kind"] == "ScaledObject":
                (trigger,) = each["spec"]["triggers"]
                with connection.cursor() as cursor:
                    cursor.execute(trigger["metadata"]["query"])
                    counts[each["metadata"]["name"]] = cursor.fetchone()[0]
    assert counts == {"worker-preprocess": 0, "worker-clone": 0, "worker-synthesis": 2, "worker-gpu": 2}


def test_the_page_names_what_is_there() -> None:
    page = (ROOT / "docs" / "OPERATIONS.md").read_text()
    for path in re.findall(r"deploy/kubernetes/[\w./]+", page):
        assert (ROOT / path.rstrip(".")).exists() or path.endswith("secrets.env")
