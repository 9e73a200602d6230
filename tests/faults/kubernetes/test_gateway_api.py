"""The Gateway API, which a cluster may do without, or let nobody read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support import stub_objects
from tests.support.cli import Cli, Result
from tests.support.misbehaviour import status
from tests.support.stub_api import Api, Request
from tests.support.stub_objects import metadata

DISCOVERY = "/apis/gateway.networking.k8s.io/v1"
KINDS = {"gateways": "Gateway", "httproutes": "HTTPRoute", "grpcroutes": "GRPCRoute"}
MET = [{"type": "Accepted", "status": "True"}, {"type": "ResolvedRefs", "status": "True"}]


def served(api: Api, patch: pytest.MonkeyPatch) -> None:
    """One route of each kind to ``web``, attached to a Gateway of another namespace."""
    for plural, kind in KINDS.items():
        patch.setitem(stub_objects.KINDS, plural, ("gateway.networking.k8s.io/v1", kind))
    parent = {"name": "front", "namespace": "infra"}
    reference = [{"name": "web", "port": 80}]
    for plural, name in (("httproutes", "shop"), ("grpcroutes", "calls")):
        spec = {"parentRefs": [parent], "hostnames": [f"{name}.example"]}
        rules = [{"backendRefs": reference}]
        told = {"parents": [{"parentRef": parent, "conditions": MET}]}
        made = {"metadata": metadata(name), "spec": {**spec, "rules": rules}, "status": told}
        api.objects[plural] = [made]
    listener = {"name": "https", "port": 443, "protocol": "HTTPS"}
    front = {"metadata": metadata("front", "infra"), "spec": {"listeners": [listener]}}
    api.objects["gateways"] = [front]
    ports = [{"port": 80, "protocol": "TCP"}]
    service = {"metadata": metadata("web"), "spec": {"selector": {"app": "web"}, "ports": ports}}
    api.objects["services"] = [service]


def of_gateways(api: Api) -> list[Request]:
    return [one for one in api.requests if "gateway" in one.path]


def routes(seen: Result) -> list[tuple[str, str | None]]:
    rows = seen.json if isinstance(seen.json, list) else [seen.json]
    web = next(one for one in rows if one["name"] == "web")
    return [(one["name"], one["url"]) for one in web["endpoints"] if one["type"] == "route"]


def warnings(seen: Result) -> list[str]:
    told: list[dict[str, Any]] = [json.loads(line) for line in seen.err.splitlines()]
    return [one["warning"]["message"] for one in told if "warning" in one]


@pytest.mark.parametrize("is_known", [False, True], ids=["404", "an empty version"])
@pytest.mark.parametrize(
    ("command", "asked"),
    [
        ("workloads list -o json", 1),
        ("workloads describe web -o json", 1),
        ("workloads list -o tsv", 0),
        ("workloads why web -o json", 0),
        ("workloads status web", 0),
        ("workloads scale web -r 2 --dry-run", 0),
    ],
)
def test_a_server_without_it_is_asked_once_by_what_shows_endpoints(
    dashborion: Cli, cluster: Api, command: str, asked: int, is_known: bool
) -> None:
    if not is_known:
        cluster.on(DISCOVERY, status(404, "the server could not find the requested resource"))
    seen = dashborion(command)
    assert seen.exit_code == 0
    assert [one.path for one in of_gateways(cluster)] == [DISCOVERY] * asked
    assert "warning" not in seen.err


@pytest.mark.parametrize("command", ["workloads list -o json", "workloads describe web -o json"])
def test_a_server_with_it_is_asked_once_for_each_kind(
    dashborion: Cli, cluster: Api, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    served(cluster, monkeypatch)
    seen = dashborion(command)
    assert routes(seen) == [("shop", "https://shop.example/"), ("calls", "https://calls.example/")]
    assert sorted(one.path.removeprefix(DISCOVERY) for one in of_gateways(cluster)) == [
        "",
        "/namespaces/default/grpcroutes",
        "/namespaces/default/httproutes",
        "/namespaces/infra/gateways",  # where its routes say that it is
    ]
    cluster.requests.clear()
    dashborion("workloads list -A -o json")  # discovery's answer is kept
    listed = {one.path for one in of_gateways(cluster)} - {DISCOVERY}
    assert listed == {f"{DISCOVERY}/{plural}" for plural in KINDS}


@pytest.mark.parametrize(
    ("lost", "left"),
    [
        pytest.param("*/httproutes", [("calls", "https://calls.example/")], id="a kind of route"),
        pytest.param("*/gateways", [("shop", None), ("calls", None)], id="the Gateways"),
        pytest.param(DISCOVERY, [], id="discovery"),
    ],
)
def test_a_right_that_is_missing_costs_its_endpoints_and_a_warning(
    dashborion: Cli,
    cluster: Api,
    monkeypatch: pytest.MonkeyPatch,
    lost: str,
    left: list[tuple[str, str | None]],
) -> None:
    served(cluster, monkeypatch)
    cluster.on(lost, status(403, "jane may not", reason="Forbidden"))
    seen = dashborion("workloads list -o json")
    assert (seen.exit_code, routes(seen), len(warnings(seen))) == (0, left, 1)


def test_where_there_is_none_a_list_is_empty_and_says_why(dashborion: Cli, cluster: Api) -> None:
    for kind in ("routes", "gateways"):
        seen = dashborion(f"k8s {kind} list -o json")
        assert (seen.exit_code, seen.json) == (0, [])
        assert warnings(seen) == ["the server has no Gateway API"]
        missing = dashborion(f"k8s {kind} describe web -o json")
        assert missing.exit_code == 3
        assert "that has no Gateway API" in missing.error["message"]
    assert {one.path for one in of_gateways(cluster)} == {DISCOVERY}


def test_a_kind_of_route_that_may_not_be_read_costs_its_rows(
    dashborion: Cli, cluster: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    served(cluster, monkeypatch)
    cluster.on("*/grpcroutes", status(403, "jane may not", reason="Forbidden"))
    seen = dashborion("k8s routes list -o json")
    assert (seen.exit_code, [one["kind"] for one in seen.json]) == (5, ["HTTPRoute"])
    cluster.insert("*/httproutes", status(403, "jane may not", reason="Forbidden"))
    assert dashborion("k8s routes list -o json").exit_code == 4


def test_a_name_that_two_kinds_of_route_have_needs_its_kind(
    dashborion: Cli, cluster: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    served(cluster, monkeypatch)
    cluster.objects["grpcroutes"][0]["metadata"] = metadata("shop")
    seen = dashborion("k8s routes describe shop -o json")
    assert (seen.exit_code, seen.error["code"]) == (2, "ambiguous")
    names = dashborion("k8s routes list -o name").lines
    assert names == ["httproute/shop", "grpcroute/shop"]
    kinds = [dashborion(f"k8s routes describe {name} -o json").json["kind"] for name in names]
    assert kinds == ["HTTPRoute", "GRPCRoute"]
    gone = dashborion("k8s routes describe shpo -o json")
    assert (gone.exit_code, gone.error["hint"]) == (3, "did you mean 'shop'?")
