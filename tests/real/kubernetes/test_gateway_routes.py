"""Routes of the Gateway API on the real control planes, with small CRDs of the test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.api import ApiError, Manifest
from tests.support.cli import Cli
from tests.support.control_plane import ControlPlane
from tests.support.manifests import container, deployment, service
from tests.support.real_namespace import Space

NAME, GROUP = "gateway-routes", "gateway.networking.k8s.io"
KINDS = {"gateways": "Gateway", "httproutes": "HTTPRoute", "grpcroutes": "GRPCRoute"}
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
NOW = "2026-11-27T08:00:00Z"


def definition(plural: str, kind: str) -> Manifest:
    """The Gateway API's own has schemas of thousands of lines, which nobody here looks at."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "subresources": {"status": {}}}
    names = {"plural": plural, "kind": kind, "singular": kind.lower(), "listKind": f"{kind}List"}
    approved = {"api-approved.kubernetes.io": "unapproved, of a test"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}", "annotations": approved},
        "spec": {
            "group": GROUP, "scope": "Namespaced", "names": names,
            "versions": [{**version, "schema": {"openAPIV3Schema": schema}}],
        },
    }  # fmt: skip


def plurals_of(plane: ControlPlane) -> set[str]:
    try:
        listed = plane.request("GET", f"/apis/{GROUP}/v1")["resources"]
    except ApiError:
        return set()
    return {one["name"] for one in listed if "/" not in one["name"]}


def add(space: Space, plural: str, name: str, spec: Any, status: Any) -> None:
    """Make an object, and say of it what its controller would."""
    path = f"/apis/{GROUP}/v1/namespaces/{space.name}/{plural}"
    head = {"apiVersion": f"{GROUP}/v1", "kind": KINDS[plural], "metadata": {"name": name}}
    space.plane.request("POST", path, {**head, "spec": spec})
    body = {"status": status}
    space.plane.request(
        "PATCH", f"{path}/{name}/status", body, content_type="application/merge-patch+json"
    )


def condition(type_: str, status: str, reason: str, message: str = "") -> Manifest:
    told = {"type": type_, "status": status, "reason": reason, "message": message}
    return {**told, "lastTransitionTime": NOW}


def populate(space: Space) -> None:
    space.add(deployment("web", container(), replicas=0), settled=False)
    space.add(service("web", selector={"app": "web"}))
    accepted = condition("Accepted", "True", "Accepted")
    listener = {"name": "https", "port": 8443, "protocol": "HTTPS", "hostname": "*.example.test"}
    add(
        space, "gateways", "front", {"gatewayClassName": "any", "listeners": [listener]},
        {
            "addresses": [{"type": "IPAddress", "value": "203.0.113.9"}],
            "conditions": [accepted, condition("Programmed", "False", "AddressNotAssigned")],
        },
    )  # fmt: skip
    parent = {"group": GROUP, "kind": "Gateway", "name": "front"}
    lost = condition("ResolvedRefs", "False", "BackendNotFound", "gone is not there")
    told = {"parents": [{"parentRef": parent, "controllerName": "example.test/any",
                         "conditions": [accepted, lost]}]}  # fmt: skip
    backends = [{"name": name, "port": 80, "weight": 1} for name in ("web", "gone")]
    match = {"path": {"type": "PathPrefix", "value": "/shop"}, "method": "GET"}
    rules = [{"matches": [match], "backendRefs": backends}]
    spec = {"parentRefs": [parent], "hostnames": ["a.example.test"], "rules": rules}
    add(space, "httproutes", "shop", spec, told)
    rules = [{"matches": [{"method": {"service": "Cart", "method": "Add"}}],
              "backendRefs": backends[:1]}]  # fmt: skip
    add(space, "grpcroutes", "calls", {"parentRefs": [parent], "rules": rules}, {})


@pytest.fixture(scope="module")
def routed(cluster: ControlPlane) -> Iterator[Space]:
    space = Space.on(cluster, NAME)
    for plural, kind in KINDS.items():
        cluster.request("POST", DEFINITIONS, definition(plural, kind))
    cluster.wait_for("the Gateway API", lambda: plurals_of(cluster) == set(KINDS))
    populate(space)
    yield space
    for plural in KINDS:
        cluster.request("DELETE", f"{DEFINITIONS}/{plural}.{GROUP}")
    cluster.wait_for("no Gateway API", lambda: not plurals_of(cluster))
    cluster.request("DELETE", f"/api/v1/namespaces/{NAME}/services/web")
    space.clear()


def test_routes_are_endpoints_and_kinds_of_their_own(
    routed: Space, point: Callable[[ControlPlane, str], Path], dashborion: Cli
) -> None:
    point(routed.plane, "admin")
    for command in (f"workloads describe web -n {NAME}", f"workloads list web -n {NAME}"):
        seen = dashborion(f"{command} -o json")
        (web,) = seen.json if isinstance(seen.json, list) else [seen.json]
        assert (seen.exit_code, '"warning"' in seen.err) == (0, False)
        ways = [one for one in web["endpoints"] if one["type"] == "route"]
        assert [(one["name"], one["url"]) for one in ways] == [
            ("shop (method GET)", "https://a.example.test:8443/shop"),
            ("calls", None),  # no controller has accepted it
        ]
    rows = dashborion(f"k8s routes list -n {NAME} -o json").json
    assert [(one["name"], one["kind"], one["status"], one["message"]) for one in rows] == [
        ("calls", "GRPCRoute", "pending", "no controller has looked at it"),
        (
            "shop", "HTTPRoute", "unresolved",
            "a backend does not exist (BackendNotFound: gone is not there)",
        ),
    ]  # fmt: skip
    shop = dashborion(f"k8s routes describe httproute/shop -n {NAME} -o json").json
    assert [(one["service"], one["problem"]) for one in shop["rules"]] == [
        ("web", None),
        ("gone", "no such Service"),
    ]
    front = dashborion(f"k8s gateways describe front -n {NAME} -o json").json
    assert (front["status"], front["addresses"]) == ("not-ready", ["203.0.113.9"])
    assert front["message"] == "it has no address yet (AddressNotAssigned)"
    raw = dashborion(f"k8s routes describe calls -n {NAME} --raw").json
    assert (raw["kind"], raw["apiVersion"]) == ("GRPCRoute", f"{GROUP}/v1")
