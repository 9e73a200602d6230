"""What the API refuses: who may not, who is not known, and what is not there."""

from __future__ import annotations

import json

import pytest

from tests.support.cli import Cli
from tests.support.kubeconfigs import TOKEN, Kube
from tests.support.misbehaviour import page, status
from tests.support.stub_api import Api

FORBIDDEN = 'User "jane" cannot list resource "{}" in API group "apps" in the namespace "default"'
EVERY_KIND = ("deployments", "statefulsets", "daemonsets")
READS = [
    pytest.param("workloads list", id="workloads list"),
    pytest.param("workloads describe web", id="workloads describe"),
    pytest.param("instances list", id="instances list"),
    pytest.param("instances describe web-1", id="instances describe"),
]


@pytest.mark.parametrize("more", ["", " -v", " --debug"])
@pytest.mark.parametrize("command", READS)
def test_credentials_that_are_not_accepted_end_with_4_naming_call_and_user(
    dashborion: Cli, cluster: Api, command: str, more: str
) -> None:
    cluster.token = "something else"

    seen = dashborion(f"{command} -o json{more}")

    assert seen.exit_code == 4
    assert seen.error["code"] == "credentials"
    assert "GET /api" in seen.error["message"]
    assert "here-user" in seen.error["message"]
    assert seen.error["environment"] == "k8s:here"
    assert seen.error["hint"]


def test_credentials_that_are_not_accepted_are_tried_twice_and_no_more(
    dashborion: Cli, cluster: Api
) -> None:
    cluster.token = "something else"

    assert dashborion("instances describe web-1").exit_code == 4

    assert len(cluster.to("pods")) == 2


def test_a_forbidden_kind_costs_its_rows_which_the_exit_code_tells(
    dashborion: Cli, cluster: Api
) -> None:
    message = FORBIDDEN.format("statefulsets")
    cluster.on("*/statefulsets", status(403, message, reason="Forbidden"))

    seen = dashborion("workloads list -o name")

    assert seen.exit_code == 5
    assert seen.lines == ["api", "web"]
    assert f"warning: k8s:here: {message}" in seen.err


def test_a_forbidden_kind_is_a_warning_object_when_errors_are_json(
    dashborion: Cli, cluster: Api
) -> None:
    message = FORBIDDEN.format("statefulsets")
    cluster.on("*/statefulsets", status(403, message, reason="Forbidden"))

    seen = dashborion("workloads list -o json")

    assert [one["name"] for one in seen.json] == ["api", "web"]
    warning = json.loads(seen.err.splitlines()[0])["warning"]
    assert (warning["message"], warning["environment"]) == (message, "k8s:here")


def test_forbidden_kinds_all_together_are_an_error(dashborion: Cli, cluster: Api) -> None:
    for kind in EVERY_KIND:
        cluster.on(f"*/{kind}", status(403, FORBIDDEN.format(kind), reason="Forbidden"))

    seen = dashborion("workloads list -o json")

    assert seen.exit_code == 4
    assert seen.error["code"] == "forbidden"
    assert seen.error["message"] == FORBIDDEN.format("deployments")


def test_the_only_kind_asked_for_being_forbidden_is_an_error(dashborion: Cli, cluster: Api) -> None:
    cluster.on("*/statefulsets", status(403, FORBIDDEN.format("statefulsets")))

    assert dashborion("workloads list --type sts").exit_code == 4


def test_forbidden_replicasets_do_not_cost_the_instances(dashborion: Cli, cluster: Api) -> None:
    cluster.on("*/replicasets", status(403, FORBIDDEN.format("replicasets")))

    seen = dashborion("instances list -o name")

    assert (seen.exit_code, seen.lines) == (0, ["web-1"])
    assert "replicasets" in seen.err


@pytest.mark.parametrize("plural", ["pods", "events", "services", "replicasets", "ingresses"])
def test_a_forbidden_part_of_a_description_costs_that_part_and_a_warning(
    dashborion: Cli, cluster: Api, plural: str
) -> None:
    cluster.on(f"*/{plural}", status(403, FORBIDDEN.format(plural)))

    seen = dashborion("workloads describe web -o json")

    assert seen.exit_code == 0
    assert seen.json["name"] == "web"
    assert plural in seen.err


def test_a_proxy_that_forbids_without_a_status_is_still_named_with_call_and_user(
    dashborion: Cli, cluster: Api
) -> None:
    cluster.on("*/pods", page(403))

    seen = dashborion("instances list -o json")

    assert seen.exit_code == 4
    assert "GET /api/v1/namespaces/default/pods" in seen.error["message"]
    assert "here-user" in seen.error["message"]
    assert "nginx" not in seen.err


@pytest.mark.parametrize("command", [*READS, pytest.param("env check", id="env check")])
def test_a_server_that_knows_no_path_is_not_an_empty_cluster(
    dashborion: Cli, cluster: Api, command: str
) -> None:
    cluster.on("*", page(404))

    seen = dashborion(f"{command} -o json", fails_with_rows=command == "env check")

    assert seen.exit_code == 6
    assert seen.error["code"] == "bad-answer"
    assert cluster.url in seen.error["message"]


def test_a_namespace_is_asked_for_only_when_a_list_came_back_empty(
    dashborion: Cli, cluster: Api
) -> None:
    assert dashborion("workloads list").exit_code == 0
    assert cluster.to("namespaces") == []

    seen = dashborion("workloads list -n defualt -o json")

    assert seen.exit_code == 3
    assert seen.error["message"] == "no namespace 'defualt' in the cluster"
    assert "'default'" in seen.error["hint"]


def test_without_permission_for_namespaces_the_list_is_empty(dashborion: Cli, cluster: Api) -> None:
    cluster.on("/api/v1/namespaces*t", status(403, "namespaces is forbidden"))
    cluster.objects.clear()

    seen = dashborion("workloads list -o json")

    assert (seen.exit_code, seen.json) == (0, [])


@pytest.mark.parametrize("selector", ["!!", "Cost Center=a=b"])
def test_a_selector_that_the_api_refuses_is_a_usage_error(
    dashborion: Cli, cluster: Api, selector: str
) -> None:
    """Tags of ECS have blanks and equal signs; labels have neither, and the API says so."""
    cluster.on("*", status(400, f"unable to parse requirement: found '{selector}'"))

    seen = dashborion(f"workloads list -l '{selector}' -o json")

    assert (seen.exit_code, seen.error["code"]) == (2, "usage")
    assert "unable to parse requirement" in seen.error["message"]


def test_credentials_go_to_the_server_and_nowhere_else(
    dashborion: Cli, cluster: Api, kube: Kube
) -> None:
    kube(cluster.url)

    assert dashborion("workloads list -v --debug").exit_code == 0

    assert {one.headers["authorization"] for one in cluster.requests} == {f"Bearer {TOKEN}"}
