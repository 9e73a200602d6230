"""Ways to a workload that lead nowhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import pytest

from tests.real.causes.conftest import Why
from tests.support.api import Manifest
from tests.support.manifests import container, deployment, ingress, service
from tests.support.real_namespace import Space

OFFERING = container(ports=[{"name": "http", "containerPort": 8080}])


def to_port(name: str, port: int | str, **more: Any) -> Manifest:
    return service(name, ports=[{"name": "http", "port": 80, "targetPort": port}], **more)


def through(name: str, *, service: str, port: int, class_name: str | None = None) -> Manifest:
    manifest = ingress(name, host=f"{name}.example.test")
    spec = manifest["spec"]
    (path,) = spec["rules"][0]["http"]["paths"]
    path["backend"] = {"service": {"name": service, "port": {"number": port}}}
    if class_name:
        spec["ingressClassName"] = class_name
    return manifest


def closed(name: str) -> Manifest:
    selector = {"matchLabels": {"app": name}}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name},
        "spec": {"podSelector": selector, "policyTypes": ["Ingress"]},
    }


PLURALS = {"Service": "services", "Ingress": "ingresses", "NetworkPolicy": "networkpolicies"}
# By name: the workload's container, what is around it, and the codes.
CASES: Mapping[str, tuple[Manifest, list[Manifest], set[str]]] = {
    "mislabelled": (
        OFFERING,
        [service("mislabelled", selector={"app": "mislabelled", "tier": "web"})],
        {"selector-nothing"},
    ),
    "misnamed": (OFFERING, [to_port("misnamed", "web")], {"port-name"}),
    "mistyped": (
        OFFERING, [to_port("mistyped", 9090), closed("mistyped")],
        {"port-mismatch", "network-policy"},
    ),
    "portless": (
        OFFERING,
        [service("portless"), through("portless", service="portless", port=81)],
        {"ingress"},
    ),
    "unserved": (OFFERING, [through("unserved", service="unserved", port=80)], {"ingress"}),
    "classless": (
        OFFERING,
        [service("classless"),
         through("classless", service="classless", port=80, class_name="absent")],
        {"ingress"},
    ),
    "cloudless": (OFFERING, [service("cloudless", type="LoadBalancer")], {"load-balancer"}),
    "well": (
        OFFERING, [service("well"), through("well", service="well", port=80)], set(),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def ways(space: Space) -> Iterator[Space]:
    for name, (runs, around, _) in CASES.items():
        space.add(deployment(name, runs))
        for manifest in around:
            space.add(manifest)
    yield space
    core, networking = "/api/v1", "/apis/networking.k8s.io/v1"
    for manifest in (one for _, around, _ in CASES.values() for one in around):
        plural = PLURALS[manifest["kind"]]
        root = core if plural == "services" else networking
        name = manifest["metadata"]["name"]
        space.plane.request("DELETE", f"{root}/namespaces/{space.name}/{plural}/{name}")


@pytest.mark.parametrize("name", CASES)
def test_a_way_that_leads_nowhere(ways: Space, why: Why, name: str) -> None:
    assert why(name, at=ways.name).keys() == CASES[name][2]


def test_a_service_behind_which_nothing_is_ready(space: Space, why: Why) -> None:
    unready = container("unready", ports=[{"containerPort": 8080}])
    name = space.add(deployment("unready", unready, progressDeadlineSeconds=1), settled=False)
    space.add(service(name))
    causes = why(name, at=space.name)
    assert "endpoints-none" not in causes
    space.plane.wait_for("the rollout to fail", partial(is_late, space, name))
    told = why(name, at=space.name)
    assert "endpoints-none" in [*told, *(e for one in told.values() for e in one["explains"])]


def is_late(space: Space, name: str) -> bool:
    conditions = space.get(name)["status"].get("conditions", ())
    return "ProgressDeadlineExceeded" in [one.get("reason") for one in conditions]
