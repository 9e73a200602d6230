"""Each field of each kind, one after the other: absent, null, empty, of another type, absurd.

What the API server would never send is sent by webhooks, aggregated APIs and old objects.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.cli import Cli, Result
from tests.support.rich_objects import rich
from tests.support.several_fields import batches
from tests.support.stub_api import Api
from tests.support.stub_objects import Manifest

Path = tuple[str | int, ...]

ABSENT: Any = object()
LISTS = {
    "deployments": ("workloads list", "workloads describe web"),
    "statefulsets": ("workloads list", "workloads describe db"),
    "daemonsets": ("workloads list", "workloads describe agent"),
    "pods": ("instances list", "instances describe web-5d9-x"),
    **{
        plural: (f"k8s {plural} list", f"k8s {plural} describe {name}")
        for plural, name in (
            ("ingresses", "web"), ("configmaps", "web"), ("services", "web"), ("nodes", "node-a"),
            ("namespaces", "default"), ("events", "web.17cb"), ("jobs", "web"),
            ("cronjobs", "web"),
        )
    },
    "horizontalpodautoscalers": ("k8s autoscalers list", "k8s autoscalers describe web"),
}  # fmt: skip
AROUND = (
    "replicasets", "pods", "events", "horizontalpodautoscalers", "services", "ingresses",
    "endpointslices",
)  # fmt: skip
SILENT = [pytest.param(ABSENT, id="absent"), pytest.param(None, id="null")]
ODD = [
    pytest.param("", id="empty text"),
    pytest.param("odd", id="a word"),
    pytest.param("9" * 5000, id="5,000 digits"),
    pytest.param("1e400", id="1e400"),
    pytest.param(-1, id="negative"),
    pytest.param(10**400, id="a number of 400 digits"),
    pytest.param(1.5, id="a fraction"),
    pytest.param(True, id="true"),
    pytest.param([], id="an empty list"),
    pytest.param({}, id="an empty object"),
    pytest.param([1], id="a list"),
    pytest.param({"x": 1}, id="an object"),
    pytest.param("2026-01-02T03:04:05", id="a time without a zone"),
]


def _paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every place in JSON but for the name, without which there is no object."""
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, inner in items:
        here = (*path, key)
        if here not in (("metadata",), ("metadata", "name")):
            yield here
        yield from _paths(inner, here)


def _with(item: Manifest, path: Path, value: Any) -> Manifest:
    made = copy.deepcopy(item)
    inner: Any = made
    for key in path[:-1]:
        inner = inner[key]
    if value is ABSENT:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return made


def _each_with(plural: str, value: Any) -> tuple[list[Path], list[Manifest]]:
    """The fields of a kind, and its object once for each of them, with the value there."""
    whole = rich()[plural][0]
    paths = [path for path in _paths(whole) if path != ("metadata", "namespace")]
    items = []
    for number, path in enumerate(paths):
        named = copy.deepcopy(whole)
        named["metadata"] |= {"name": f"odd-{number}", "uid": f"uid-odd-{number}"}
        items.append(_with(named, path, value))
    return paths, items


def _listed(dashborion: Cli, cluster: Api, plural: str, items: list[Manifest]) -> Result:
    cluster.objects = {**{kind: [] for kind in rich()}, plural: items}
    return dashborion(f"{LISTS[plural][0]} -o wide --no-headers")


@pytest.mark.parametrize("value", SILENT)
@pytest.mark.parametrize("plural", LISTS)
def test_a_field_that_is_unsaid_costs_no_row(
    dashborion: Cli, cluster: Api, plural: str, value: Any
) -> None:
    paths, items = _each_with(plural, value)

    seen = _listed(dashborion, cluster, plural, items)

    assert (seen.exit_code, seen.err) == (0, "")
    assert len(seen.lines) == len(paths)


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize("plural", LISTS)
def test_a_field_of_another_shape_costs_its_row_and_no_other(
    dashborion: Cli, cluster: Api, plural: str, value: Any
) -> None:
    paths, items = _each_with(plural, value)

    seen = _listed(dashborion, cluster, plural, [*rich()[plural], *items])

    lost = [line for line in seen.err.splitlines() if "is left out" in line]
    assert seen.exit_code == (5 if lost else 0)
    assert len(seen.lines) + len(lost) == len(paths) + len(rich()[plural])
    assert all(f"odd-{number}'" in "".join(lost) or f"odd-{number}" in seen.out
               for number in range(len(paths)))  # fmt: skip


@pytest.mark.parametrize("value", SILENT)
@pytest.mark.parametrize("plural", LISTS)
def test_a_field_that_is_unsaid_ends_no_description(
    dashborion: Cli, cluster: Api, plural: str, value: Any
) -> None:
    whole = rich()[plural][0]
    changes = [(path,) for path in _paths(whole)
               if path != ("metadata", "namespace") and len(path) < 4]  # fmt: skip
    for batch in batches(changes):
        item = whole
        for (path,) in batch:
            item = _with(item, path, value)
        cluster.objects = {**rich(), plural: [item]}
        seen = dashborion(LISTS[plural][1])
        assert (seen.exit_code, seen.err) == (0, ""), batch


@pytest.mark.parametrize("value", [*SILENT, ODD[1], ODD[5], ODD[9], ODD[10]])
@pytest.mark.parametrize("plural", AROUND)
def test_what_is_odd_around_a_workload_is_left_out_of_its_description(
    dashborion: Cli, cluster: Api, plural: str, value: Any
) -> None:
    cluster.objects = {**rich(), plural: [*rich()[plural], *_each_with(plural, value)[1]]}

    seen = dashborion("workloads describe web -o json")

    assert seen.exit_code == 0
    assert seen.json["autoscaling"]["max"] == 5
    assert [one["name"] for one in seen.json["endpoints"]][:1] == ["web"]
    assert "web-5d9-x" in [one["name"] for one in seen.json["instances"]]
    assert seen.json["revisions"]
    assert seen.json["events"]


@pytest.mark.parametrize("value", [10**400, "odd"])
@pytest.mark.parametrize("plural", ["horizontalpodautoscalers", "services", "ingresses"])
@pytest.mark.parametrize("command", ["status", "events", "history"])
def test_what_a_command_does_not_show_cannot_end_it(
    dashborion: Cli, cluster: Api, command: str, plural: str, value: Any
) -> None:
    cluster.objects = {**rich(), plural: _each_with(plural, value)[1]}

    seen = dashborion(f"workloads {command} web -o json")

    assert (seen.exit_code, seen.err) == (0, "")
    assert seen.json


TEMPLATES = [
    pytest.param("deployments", ("spec",), id="a Deployment's spec"),
    pytest.param("deployments", ("spec", "template", "spec"), id="a template's spec"),
    pytest.param("deployments", ("spec", "template", "spec", "containers", 0), id="a container"),
    pytest.param("replicasets", ("spec",), id="a ReplicaSet's spec"),
    pytest.param("replicasets", ("spec", "template"), id="a ReplicaSet's template"),
    pytest.param("controllerrevisions", ("data",), id="a revision's data"),
    pytest.param("controllerrevisions", ("data", "spec", "template"), id="a revision's template"),
]


@pytest.mark.parametrize("value", SILENT)
@pytest.mark.parametrize(("plural", "path"), TEMPLATES)
def test_a_template_that_is_unsaid_is_no_template_to_go_back_to(
    dashborion: Cli, cluster: Api, plural: str, path: Path, value: Any
) -> None:
    first, *others = rich()[plural]
    cluster.objects = {**rich(), plural: [_with(first, path, value), *others]}
    name, revision = ("db", "1") if plural == "controllerrevisions" else ("web", "3")

    assert dashborion(f"workloads history {name}").exit_code == 0
    rolled = dashborion(f"workloads rollback {name} --to {revision} --dry-run")
    deployed = dashborion(f"workloads deploy {name} --image main=example.com/web:2 --dry-run")

    assert plural == "deployments" or rolled.exit_code == 1
    assert plural != "deployments" or deployed.exit_code in (2, 3)
