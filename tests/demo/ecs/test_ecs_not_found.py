"""What is not there is exit 3 with what is there instead; what fits twice is exit 2."""

from __future__ import annotations

import pytest

from tests.support.cli import Cli
from tests.support.fleet_on_ecs import CLUSTER, REGION, Fleet

COMMANDS = ["workloads list", "instances list", "workloads describe web", "instances describe web-"]
MISSPELT = f"ecs:{REGION}/homebox-stagin"


@pytest.mark.parametrize("command", [*COMMANDS, "instances list -w web", "env check"])
def test_an_unknown_cluster(dashborion: Cli, fleet: Fleet, command: str) -> None:
    seen = dashborion(f"{command} -e {MISSPELT} -o json", fails_with_rows=command == "env check")
    assert (seen.exit_code, seen.error["code"]) == (3, "not-found")
    assert seen.error["message"] == f"no cluster 'homebox-stagin' in {REGION}"
    assert f"did you mean '{CLUSTER}'" in seen.error["hint"]
    assert seen.error["environment"] == MISSPELT


def test_a_cluster_of_another_region(dashborion: Cli, fleet: Fleet) -> None:
    seen = dashborion(f"workloads list -e ecs:us-east-1/{CLUSTER} -o json")
    assert (seen.exit_code, seen.error["hint"]) == (3, None)
    assert seen.error["message"] == f"no cluster '{CLUSTER}' in us-east-1"


def test_a_cluster_that_was_deleted(dashborion: Cli, own_fleet: Fleet) -> None:
    own_fleet.region.cluster("gone").cluster.status = "INACTIVE"
    seen = dashborion(f"workloads list -e ecs:{REGION}/gone -o json")
    assert (seen.exit_code, seen.error["code"]) == (3, "not-found")


def test_an_unknown_cluster_where_clusters_may_not_be_listed(dashborion: Cli, fleet: Fleet) -> None:
    fleet.aws.faults.deny("ecs:ListClusters")
    seen = dashborion(f"workloads list -e {MISSPELT} -o json")
    assert (seen.exit_code, seen.error["hint"]) == (3, None)


@pytest.mark.parametrize(
    ("command", "noun", "hint"),
    [
        pytest.param("workloads describe wbe", "workload", "did you mean 'web'?", id="nearly"),
        pytest.param("workloads describe zzz", "workload", "known: agent", id="not nearly"),
        pytest.param("workloads list wbe", "workload", "did you mean 'web'?", id="in a list"),
        pytest.param("workloads describe deploy/web", "workload", "", id="another kind"),
        pytest.param("workloads describe deleted", "workload", "", id="deleted"),
        pytest.param("workloads describe ../web", "namespace", "", id="a path"),
        pytest.param("workloads describe 'w b'", "workload", "", id="a space"),
        pytest.param(f"workloads describe {'x' * 300}", "workload", "", id="very long"),
        pytest.param("workloads describe $'web\\x1b'", "workload", "", id="an escape"),
        pytest.param("workloads describe other/web", "namespace", "", id="another namespace"),
        pytest.param("workloads describe web -n homebox-staging", "workload", "", id="without tag"),
        pytest.param("instances list -w wbe", "workload", "did you mean 'web'?", id="of nobody"),
        pytest.param("instances describe zzz", "instance", "known: agent-", id="instance"),
        pytest.param(f"instances describe {'0' * 32}", "instance", "", id="a whole id"),
        pytest.param(f"instances describe {'0' * 36}", "instance", "", id="too long an id"),
        pytest.param("workloads list -n othr", "namespace", "", id="namespace"),
        pytest.param("workloads list -n medai", "namespace", "did you mean 'media'?", id="near"),
        pytest.param("instances list -n medai", "namespace", "did you mean 'media'?", id="of it"),
        pytest.param("workloads describe web -n medai", "namespace", "'media'", id="describe"),
        pytest.param("instances list -w web -n medai", "namespace", "'media'", id="workload in it"),
        pytest.param("instances describe web- -n medai", "namespace", "'media'", id="id in it"),
    ],
)
def test_an_unknown_name(dashborion: Cli, fleet: Fleet, command: str, noun: str, hint: str) -> None:
    seen = dashborion(f"{command} -o json")
    assert (seen.exit_code, seen.error["code"]) == (3, "not-found"), seen.err
    assert f"no {noun} '" in seen.error["message"]
    assert hint in (seen.error["hint"] or "")


def test_a_prefix_of_two_is_an_error_that_lists_them(dashborion: Cli, fleet: Fleet) -> None:
    seen = dashborion("instances describe web- -o json")
    assert (seen.exit_code, seen.error["code"]) == (2, "ambiguous")
    for task in fleet.tasks["web"]:
        assert f"web-{task.id[:6]}" in seen.error["message"]
    assert "more" in seen.error["hint"]


def test_an_instance_of_another_namespace_is_not_found(dashborion: Cli, fleet: Fleet) -> None:
    name = f"db-{fleet.tasks['db'][0].id[:6]}"
    assert dashborion(f"instances describe {name} -n media").exit_code == 0
    assert dashborion(f"instances describe media/{name}").exit_code == 0
    assert dashborion(f"instances describe {name} -n {CLUSTER}").exit_code == 3
    assert dashborion(f"instances describe {CLUSTER}/{name}").exit_code == 3


def test_an_exact_name_is_not_a_prefix(dashborion: Cli, own_fleet: Fleet) -> None:
    """A service may be called as another one's task."""
    task = own_fleet.tasks["web"][0]
    definition = own_fleet.define("longer")
    longer = f"web-{task.id[:6]}"
    own_fleet.cluster.service(longer, definition)
    own_fleet.add(longer, definition)
    seen = dashborion(f"instances describe {longer} -o json")
    assert seen.exit_code == 0, seen.err
    assert seen.json["id"] == task.id


def test_a_running_task_is_found_before_a_stopped_one(dashborion: Cli, fleet: Fleet) -> None:
    found = dashborion("instances describe oom -o json").json
    assert (found["status"], found["workload"]) == ("running", "oom")


def test_a_stopped_task_is_found_when_no_running_one_fits(dashborion: Cli, fleet: Fleet) -> None:
    found = dashborion("instances describe once- -o json").json
    assert (found["status"], found["reason"], found["workload"]) == ("stopped", "Completed", None)


def test_a_service_that_is_draining_can_be_described(dashborion: Cli, fleet: Fleet) -> None:
    assert dashborion("workloads describe draining -o json").json["status"] == "degraded"
