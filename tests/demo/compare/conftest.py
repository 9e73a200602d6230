"""Two clusters on ECS and one on Kubernetes, whose objects tests write as the APIs have them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.aws import credentials, skip_naps
from tests.support.aws_objects import AwsObjects, Json, definition, service, task
from tests.support.definitions import digest
from tests.support.kubeconfigs import Kube
from tests.support.several import on_ecs, write
from tests.support.stub_api import Api
from tests.support.stub_objects import deployment, metadata, pod

OURS = "registry.example/shop"
ECR = "123456789012.dkr.ecr.eu-west-3.amazonaws.com/shop"


class Registry(AwsObjects):
    """AWS with a registry: ``images`` are the tags by digest, and None if nobody may ask."""

    images: dict[str, list[str]] | None = None

    def _DescribeImages(self, asked: Json) -> Any:  # noqa: N802
        wanted = asked["imageIds"][0]["imageDigest"]
        if self.images is None:
            return "AccessDeniedException", "not authorized to perform: ecr:DescribeImages"
        if wanted not in self.images:
            return "ImageNotFoundException", "The image does not exist"
        return {"imageDetails": [{"imageDigest": wanted, "imageTags": self.images[wanted]}]}


def cluster(
    tag: str, *names: str, image: int = 1, repository: str = OURS, **container: Any
) -> Json:
    """Services of two tasks each, as lists of objects; ``image`` is the digest that runs."""
    found: Json = {"services": [], "definitions": [], "tasks": []}
    for at, name in enumerate(names):
        app = {"name": "app", "image": f"{repository}/{name}:{tag}", "essential": True}
        found["services"].append(service(name, count=2))
        found["definitions"].append(definition(name, app | container))
        for number in (1, 2):
            runs = {"name": "app", "lastStatus": "RUNNING", "imageDigest": digest(image)}
            found["tasks"].append(task(at * 10 + number, name, containers=[runs]))
    return found


@pytest.fixture
def staging() -> Iterator[Registry]:
    with Registry(**cluster("1.0", "web", "api")) as made:
        yield made


@pytest.fixture
def production() -> Iterator[Registry]:
    with Registry(**cluster("1.0", "web", "worker")) as made:
        yield made


@pytest.fixture
def media(api: Api, kube: Kube) -> Api:
    """A Deployment ``web`` of one pod, which runs ``web:1.0``."""
    made = deployment("web", image=f"{OURS}/web:1.0")
    made["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "1"}
    set_ = {
        "metadata": metadata("web-1", labels={"app": "web"})
        | {
            "annotations": {"deployment.kubernetes.io/revision": "1"},
            "ownerReferences": [owner("Deployment", made)],
        },
        "spec": made["spec"],
    }
    runs = pod("web-1-a", image=f"{OURS}/web:1.0")
    runs["metadata"]["ownerReferences"] = [owner("ReplicaSet", set_)]
    runs["status"]["containerStatuses"][0]["imageID"] = f"{OURS}/web@{digest(1)}"
    made["status"]["conditions"] = []
    api.objects |= {
        "deployments": [made], "statefulsets": [], "replicasets": [set_], "pods": [runs],
    }  # fmt: skip
    kube(api.url)
    return api


def owner(kind: str, of: Json) -> Json:
    return {
        "kind": kind, "name": of["metadata"]["name"], "uid": of["metadata"]["uid"],
        "apiVersion": "apps/v1", "controller": True,
    }  # fmt: skip


@pytest.fixture(autouse=True)
def environments(
    staging: Registry, production: Registry, media: Api, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials(monkeypatch)
    skip_naps(monkeypatch)
    monkeypatch.delenv("DASHBORION_ENV", raising=False)
    shop = {
        "staging": on_ecs("docs") | {"endpoint_url": staging.url},
        "production": on_ecs("docs") | {"endpoint_url": production.url},
    }
    write(home, shop=shop, media={"staging": {"orchestrator": "kubernetes", "context": "here"}})
