"""What a description adds, on the real control plane."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from tests.support.cli import Cli
from tests.support.kind_samples import ICON, SPACE


def test_a_configmap_shows_text_as_it_is_and_bytes_by_their_number(
    dashborion: Cli, kubeconfig: Path
) -> None:
    found = dashborion(f"k8s configmaps describe {SPACE}/files -o json").json
    assert (found["keys"], found["data"]) == (2, {"a": "1"})
    assert found["binaryData"] == {"icon": len(ICON)}
    page = dashborion(f"k8s configmaps describe settings -n {SPACE}").out
    assert "Data: app.conf\na = 1\nb = 2\n" in page


def test_an_ingress_has_its_routes(dashborion: Cli, kubeconfig: Path) -> None:
    found = dashborion(f"k8s ingresses describe classed -n {SPACE} -o json").json
    routes = [(one["host"], one["path"], one["service"], one["port"]) for one in found["routes"]]
    assert routes == [(host, "/", "classed", "80") for host in ("a.example.test", "b.example.test")]
    assert found["addresses"] == ["203.0.113.9", "lb.test"]
    found = dashborion(f"k8s ingresses describe fallback -n {SPACE} -o json").json
    assert [(one["host"], one["service"], one["port"]) for one in found["routes"]] == [
        (None, "plain", "http")
    ]


def test_a_job_has_what_happened_to_it_newest_last(dashborion: Cli, kubeconfig: Path) -> None:
    found = dashborion(f"k8s jobs describe once -n {SPACE} -o json").json
    assert (found["status"], found["succeeded"]) == ("complete", 1)
    assert found["conditions"][-1]["type"] == "Complete"  # since 1.31 SuccessCriteriaMet is before
    reasons = [one["reason"] for one in found["events"]]
    assert reasons == ["SuccessfulCreate", "Completed"]


def test_a_node_has_its_conditions(dashborion: Cli, kubeconfig: Path) -> None:
    (name, *_) = dashborion("k8s nodes list -o name").lines
    found = dashborion(f"k8s nodes describe {name} -o json").json
    assert found["status"] == "Ready"
    assert "Ready" in {one["type"] for one in found["conditions"]}


def test_an_autoscaler_says_what_it_looks_at(dashborion: Cli, kubeconfig: Path) -> None:
    found = dashborion(f"k8s autoscalers describe alone -n {SPACE} -o json").json
    assert (found["reference"], found["min"], found["max"]) == ("Deployment/scaled", 1, 3)
    assert found["metrics"] == [{"name": "cpu", "current": None, "target": "80%"}]


def test_an_event_is_one_of_the_list(dashborion: Cli, kubeconfig: Path) -> None:
    listed = dashborion(f"k8s events list -n {SPACE} -o json").json
    times = [datetime.fromisoformat(one["timestamp"]) for one in listed]
    assert times == sorted(times)
    last = listed[-1]
    assert dashborion(f"k8s events describe {SPACE}/{last['name']} -o json").json == last


@pytest.mark.parametrize("name", ["configmaps", "services", "jobs", "ingresses"])
def test_names_are_taken_by_describe(dashborion: Cli, kubeconfig: Path, name: str) -> None:
    for typed in dashborion(f"k8s {name} list -n {SPACE} -o name").lines:
        assert dashborion(f"k8s {name} describe {typed} -n {SPACE} -o name").lines == [typed]
    everywhere = dashborion(f"k8s {name} list -A -o name").lines
    assert f"{SPACE}/" in "\n".join(everywhere)
    typed = next(one for one in everywhere if one.startswith(f"{SPACE}/"))
    assert dashborion(f"k8s {name} describe {typed}").exit_code == 0


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        pytest.param(f"jobs describe onec -n {SPACE}", 3, "did you mean 'once'?", id="nearly"),
        pytest.param("jobs describe once -n nowhere", 3, "no namespace 'nowhere'", id="nowhere"),
        pytest.param("jobs list -n nowhere", 3, "no namespace 'nowhere'", id="a list of nowhere"),
        pytest.param("nodes describe nope", 3, "no node 'nope' in the cluster", id="node"),
        pytest.param("nodes list -n media", 2, "have no namespace", id="-n for nodes"),
        pytest.param("namespaces describe a -A", 2, "have no namespace", id="-A for namespaces"),
        pytest.param("services describe web -A", 0, "", id="looked for everywhere"),
        pytest.param("ingresses describe ../../nodes", 3, "", id="a path"),
        pytest.param("configmaps describe kube-root-ca.crt -A", 2, "namespaces: ", id="several"),
        pytest.param("services list --columns nope", 2, "no column 'nope'", id="columns"),
        pytest.param("secrets list", 2, "No such command 'secrets'", id="secrets"),
    ],
)
def test_an_unknown_object_is_named(
    dashborion: Cli, kubeconfig: Path, command: str, code: int, said: str
) -> None:
    found = dashborion(f"k8s {command}")
    assert found.exit_code == code
    assert said in found.err


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param(f"-n {SPACE} -l app=plain", ["plain"], id="a label"),
        pytest.param(f"-n {SPACE} -l 'app in (plain,mixed)'", ["mixed", "plain"], id="labels"),
        pytest.param("-A -l app=plain", [f"{SPACE}/plain"], id="everywhere"),
        pytest.param(f"-n {SPACE} -l app=plain,x=y", [], id="nothing"),
    ],
)
def test_selectors_choose_services(
    dashborion: Cli, kubeconfig: Path, options: str, expected: list[str]
) -> None:
    found = dashborion(f"k8s services list {options} -o name")
    assert (found.exit_code, found.lines) == (0, expected)


def test_a_list_without_permission_exits_4(
    dashborion: Cli, kubeconfig: Path, as_user: object
) -> None:
    as_user("nobody")  # type: ignore[operator]
    found = dashborion("k8s cronjobs list -o json")
    assert (found.exit_code, found.out, found.error["code"]) == (4, "", "forbidden")
