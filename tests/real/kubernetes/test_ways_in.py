"""What is behind Services and Ingresses, port by port, on the real control planes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.api import Manifest, collection_of
from tests.support.cli import Cli
from tests.support.control_plane import ControlPlane
from tests.support.manifests import container, deployment, ingress, service
from tests.support.real_namespace import Space

NAME = "ways-in"
HTTP = [{"name": "http", "containerPort": 8080}]
Rule = dict[str, object]


def port(name: str, number: int, target: int | str) -> Manifest:
    return {"name": name, "port": number, "targetPort": target}


def to(service_name: str, path: str, **port: object) -> Manifest:
    backend = {"service": {"name": service_name, "port": port or {"number": 80}}}
    return {"path": path, "pathType": "Prefix", "backend": backend}


def front() -> Manifest:
    """Rules of every form, and a default backend."""
    bucket = {"apiGroup": "example.test", "kind": "Bucket", "name": "pictures"}
    by_path = [
        to("web", "/"), to("web", "/named", name="http"), to("gone", "/gone"),
        to("web", "/port", number=9), to("web", "/admin", number=81),
        {"path": "/pictures", "pathType": "Prefix", "backend": {"resource": bucket}},
    ]  # fmt: skip
    item = ingress("front", host="a.example.test")
    item["spec"]["rules"] = [
        {"host": "a.example.test", "http": {"paths": by_path}},
        {"host": "b.example.test"},
    ]
    item["spec"]["defaultBackend"] = {"service": {"name": "web", "port": {"name": "http"}}}
    return item


def manifests() -> list[Manifest]:
    web = [port("http", 80, "http"), port("admin", 81, "no-such"), port("number", 82, 9090)]
    bare = ingress("bare", host="c.example.test")
    bare["spec"]["rules"].append({"host": "d.example.test"})
    outside = service("outside", type="ExternalName", externalName="db.example.test", ports=None)
    return [
        service("web", ports=web),
        service("lost", ports=[port("http", 80, "no-such")], selector={"app": "web"}),
        service("headless", clusterIP="None", ports=None, selector={"app": "web"}),
        service("nobody"),
        outside,
        front(),
        bare,
        ingress("outside", host="e.example.test"),
    ]


@pytest.fixture(scope="module")
def ways(cluster: ControlPlane) -> Iterator[Space]:
    """Two pods that have one port, Services for it and for others, and Ingresses to these."""
    space = Space.on(cluster, NAME)
    space.add(deployment("web", container(ports=HTTP), replicas=2))
    made = manifests()
    for manifest in made:
        space.add(manifest)
    path = f"/api/v1/namespaces/{NAME}/endpoints/headless"
    cluster.wait_for(
        "two addresses", lambda: "subsets" in (found := cluster.request("GET", path))
        and len(found["subsets"][0].get("addresses", ())) == 2,
    )  # fmt: skip
    yield space
    for manifest in made:
        cluster.request("DELETE", f"{collection_of(manifest)}/{manifest['metadata']['name']}")
    space.clear()


@pytest.fixture
def here(ways: Space, point: Callable[[ControlPlane, str], Path]) -> Space:
    point(ways.plane, "admin")
    return ways


def has_slices(space: Space) -> bool:
    """Endpoints, of 1.20, leave out pods that have none of a Service's ports."""
    return space.plane.version > (1, 20)


def test_a_port_that_leads_to_no_port_of_the_pods_is_healthy_nowhere(
    here: Space, dashborion: Cli
) -> None:
    all_of_lost = 2 if has_slices(here) else 0
    found = dashborion(f"workloads describe web -n {NAME} -o json").json["endpoints"]
    of_services = {
        (one["name"], one["port"]): (one["healthy"], one["total"])
        for one in found
        if one["type"] == "service"
    }
    assert of_services == {
        ("headless", None): (2, 2),  # it has no ports: its name counts
        ("web", 80): (2, 2),
        ("web", 81): (0, 2),
        ("web", 82): (2, 2),
        ("lost", 80): (0, all_of_lost),
    }


def test_an_ingress_is_as_healthy_as_the_port_that_it_leads_to(
    here: Space, dashborion: Cli
) -> None:
    found = dashborion(f"workloads describe web -n {NAME} -o json").json["endpoints"]
    of_ingresses = {
        one["url"].rpartition("://")[2]: (one["healthy"], one["total"])
        for one in found
        if one["type"] == "ingress" and one["url"]
    }
    assert of_ingresses == {
        "a.example.test/": (2, 2),
        "a.example.test/named": (2, 2),
        "a.example.test/port": (0, 2),
        "a.example.test/admin": (0, 2),
        "b.example.test/": (2, 2),
    }


@pytest.mark.parametrize(
    ("name", "ports", "rows"),
    [
        pytest.param(
            "web",
            {"http": (2, 2), "admin": (0, 2), "number": (2, 2)},
            [("admin", None, False), ("http", 8080, True), ("number", 9090, True)],
            id="a port of three is not there",
        ),
        pytest.param("headless", {}, [(None, None, True)], id="without ports"),
        pytest.param("nobody", {"http": (0, 0)}, [], id="without pods"),
    ],
)
def test_a_service_tells_who_is_behind_each_port(
    here: Space,
    dashborion: Cli,
    name: str,
    ports: dict[str, tuple[int, int]],
    rows: list[tuple[str | None, int | None, bool]],
) -> None:
    found = dashborion(f"k8s services describe {name} -n {NAME} -o json").json
    assert {one["name"]: (one["healthy"], one["total"]) for one in found["ports"]} == ports

    pods = {one["metadata"]["name"]: one for one in here.pods("web")}
    behind: dict[str, list[tuple[str | None, int | None, bool]]] = {}
    for one in found["endpoints"]:
        behind.setdefault(one["instance"], []).append((one["name"], one["port"], one["ready"]))
        pod = pods[one["instance"]]
        assert (one["address"], one["node"]) == (pod["status"]["podIP"], pod["spec"]["nodeName"])
    assert {pod: sorted(listed, key=str) for pod, listed in behind.items()} == (
        dict.fromkeys(pods, sorted(rows, key=str)) if rows else {}
    )


def test_a_service_whose_only_port_leads_nowhere_shows_its_pods_as_not_ready(
    here: Space, dashborion: Cli
) -> None:
    found = dashborion(f"k8s services describe lost -n {NAME} -o json").json
    shown = [(one["port"], one["ready"]) for one in found["endpoints"]]
    assert shown == [(None, False)] * (2 if has_slices(here) else 0)


def test_an_ingress_tells_every_way_and_what_is_not_there(here: Space, dashborion: Cli) -> None:
    found = dashborion(f"k8s ingresses describe front -n {NAME} -o json").json
    a, b, no_service = "a.example.test", "b.example.test", "no such Service"
    keys = ("host", "path", "service", "port", "resource", "problem")
    assert [tuple(one[key] for key in keys) for one in found["routes"]] == [
        (a, "/", "web", "80", None, None),
        (a, "/named", "web", "http", None, None),
        (a, "/gone", "gone", "80", None, no_service),
        (a, "/port", "web", "9", None, "the Service has no such port"),
        (a, "/admin", "web", "81", None, None),
        (a, "/pictures", None, None, "Bucket/pictures", None),
        (b, None, "web", "http", None, None),
        (None, None, "web", "http", None, None),
    ]
    page = dashborion(f"k8s ingresses describe front -n {NAME}").out
    assert all(word in page for word in ("Bucket/pictures", no_service, b))


def test_a_host_alone_without_a_default_backend_leads_nowhere(here: Space, dashborion: Cli) -> None:
    found = dashborion(f"k8s ingresses describe bare -n {NAME} -o json").json["routes"]
    assert [(one["host"], one["service"], one["problem"]) for one in found] == [
        ("c.example.test", "bare", "no such Service"),
        ("d.example.test", None, None),
    ]


def test_who_may_not_see_what_is_behind_is_told_so(
    here: Space, dashborion: Cli, point: Callable[[ControlPlane, str], Path]
) -> None:
    if not has_slices(here):
        pytest.skip("a viewer may read Endpoints, which 1.20 has")
    point(here.plane, "viewer")
    found = dashborion(f"k8s services describe web -n {NAME} -o json")
    assert (found.exit_code, found.json["endpoints"]) == (0, None)
    assert [one["total"] for one in found.json["ports"]] == [None] * 3
    assert "endpointslices" in found.err


def test_what_is_called_by_a_name_outside_needs_no_port(here: Space, dashborion: Cli) -> None:
    found = dashborion(f"k8s ingresses describe outside -n {NAME} -o json").json["routes"]
    assert [(one["service"], one["problem"]) for one in found] == [("outside", None)]
