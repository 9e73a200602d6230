"""Namespaces, selectors, patterns, statuses, types, columns and sorting, on the real thing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cli import Cli
from tests.support.cluster import NAMESPACES as FLEET

IN_MEDIA = [
    "agent", "crash", "db", "huge", "idle", "init", "oom", "paused", "pull", "rolling", "unready",
    "web",
]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param("", IN_MEDIA, id="the context's namespace"),
        pytest.param("-n other", ["api", "web"], id="another namespace"),
        pytest.param("-n empty", [], id="an empty namespace"),
        pytest.param("-A", [*IN_MEDIA, "api", "web"], id="all namespaces"),
        pytest.param("-e k8s:real/other", ["api", "web"], id="an ad-hoc namespace"),
        pytest.param("'p*'", ["paused", "pull"], id="a pattern"),
        pytest.param("web db", ["db", "web"], id="two names"),
        pytest.param("sts/db", ["db"], id="a kind and a name"),
        pytest.param("other/web", ["web"], id="a namespace and a name"),
        pytest.param("'*/web'", ["web", "web"], id="any namespace and a name"),
        pytest.param("'deploy/*b*'", ["web"], id="a kind and a pattern"),
        pytest.param("'nothing*'", [], id="a pattern that fits nothing"),
        pytest.param("-l app=web", ["web"], id="a selector"),
        pytest.param("-l 'app in (web,db)'", ["db", "web"], id="a set selector"),
        pytest.param("--type sts --type ds", ["agent", "db"], id="types"),
        pytest.param("--type ecs-service", [], id="a type of another orchestrator"),
        pytest.param("--status stopped", ["idle"], id="a status"),
        pytest.param(
            "--status degraded", ["crash", "huge", "init", "pull", "unready"], id="what is not well"
        ),
        pytest.param("--sort -name", IN_MEDIA[::-1], id="sorted"),
    ],
)
def test_workloads(dashborion: Cli, as_admin: Path, options: str, expected: list[str]) -> None:
    result = dashborion(f"workloads list {options} -o json")
    assert result.exit_code == 0, result.err
    # Other tests may have namespaces of their own on the same control plane.
    found = [one["name"] for one in result.json if one["namespace"] in FLEET]
    assert found == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param("-w web", ["web", "web"], id="of a workload"),
        pytest.param("-w sts/db", ["db", "db"], id="of a kind and a name"),
        pytest.param("-w other/web", ["web"], id="in its namespace"),
        pytest.param("-w idle", [], id="of a workload at zero"),
        pytest.param("-l app=crash", ["crash"], id="a selector"),
        pytest.param("-w rolling --status pending", [], id="none pending"),
        pytest.param("-n other", ["api", "web"], id="another namespace"),
    ],
)
def test_instances(dashborion: Cli, as_admin: Path, options: str, expected: list[str]) -> None:
    result = dashborion(f"instances list {options} -o json")
    assert result.exit_code == 0, result.err
    assert [one["workload"] for one in result.json] == expected


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        pytest.param("workloads list -n nowhere", 3, "no namespace 'nowhere'", id="namespace"),
        pytest.param("instances list -n othr", 3, "did you mean 'other'?", id="nearly"),
        pytest.param("workloads list nope", 3, "no workload 'nope'", id="a plain name"),
        pytest.param("workloads describe wbe", 3, "did you mean 'web'?", id="nearest name"),
        pytest.param("workloads describe sts/web", 3, "no workload 'statefulset/web'", id="kind"),
        pytest.param("workloads describe nope -n nowhere", 3, "no namespace", id="its namespace"),
        pytest.param("instances describe nope", 3, "no instance 'nope'", id="instance"),
        pytest.param("instances list -w nope", 3, "no workload 'nope'", id="of no workload"),
        pytest.param("workloads describe web -A", 2, "media/deployment/web, other/", id="two"),
        pytest.param("instances describe web-", 2, "begins the names of 2", id="a short prefix"),
        pytest.param("workloads list -n a -A", 2, "cannot be used together", id="-n and -A"),
        pytest.param("workloads list --status sick", 2, "is not one of running", id="status"),
        pytest.param("workloads list --type pod", 2, "not a type of workload", id="type"),
        pytest.param("workloads list --sort colour", 2, "no column 'colour'", id="sort"),
        pytest.param("workloads list --columns name,x -o json", 2, "no column 'x'", id="columns"),
        pytest.param("workloads list -l '=='", 2, "found '=='", id="selector"),
        pytest.param(
            "workloads list --raw -o csv", 2, "--raw cannot be combined with -o csv", id="raw csv"
        ),
        pytest.param("workloads describe ../../nodes", 3, "", id="a path"),
        pytest.param("workloads list -n '../kube-system'", 3, "no namespace", id="path as -n"),
    ],
)
def test_what_is_not_there(
    dashborion: Cli, as_admin: Path, command: str, code: int, said: str
) -> None:
    result = dashborion(command)
    assert (result.exit_code, result.out) == (code, "")
    assert said in result.err


def test_an_empty_list_says_so(dashborion: Cli, as_admin: Path) -> None:
    result = dashborion("workloads list -n empty")
    assert result.exit_code == 0
    assert "no workloads found" in result.err
    assert dashborion("workloads list -n empty -o json").json == []


def test_names_are_as_short_as_they_can_be(dashborion: Cli, as_admin: Path) -> None:
    assert dashborion("workloads list -n other -o name").lines == ["api", "web"]
    everywhere = dashborion("workloads list -A -o name").lines
    assert {"media/web", "other/web"} <= set(everywhere)
    for name in (one for one in everywhere if one.split("/")[0] in FLEET):
        assert dashborion(f"workloads describe {name} -o name").exit_code == 0


def test_raw_is_what_the_api_says(dashborion: Cli, as_admin: Path) -> None:
    (raw,) = dashborion("workloads list web --raw").json
    assert (raw["kind"], raw["apiVersion"]) == ("Deployment", "apps/v1")
    assert raw["spec"]["template"]["spec"]["containers"][0]["name"] == "app"
    assert dashborion("workloads describe web --raw").json["spec"] == raw["spec"]
