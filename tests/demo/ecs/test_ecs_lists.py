"""Namespaces from tags, selectors, patterns, statuses, types and sorting, on ECS."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.aws import write_config
from tests.support.cli import Cli
from tests.support.fleet_on_ecs import CLUSTER, REGION, Fleet

ELSEWHERE = [
    "agent", "blue-green", "crash", "external", "failed", "huge", "idle", "old", "oom", "pull",
    "rolling", "spot", "unready",
]  # fmt: skip
IN_MEDIA = ["db", "web"]
NOT_WELL = ["crash", "huge", "pull", "unready"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param("", ELSEWHERE + IN_MEDIA, id="the whole cluster"),
        pytest.param("-A", ELSEWHERE + IN_MEDIA, id="all namespaces"),
        pytest.param("-n media", IN_MEDIA, id="a tag's value"),
        pytest.param(f"-n {CLUSTER}", ELSEWHERE, id="what has no tag"),
        pytest.param("'*o*'", ["old", "oom", "rolling", "spot"], id="a pattern"),
        pytest.param("web db", IN_MEDIA, id="two names"),
        pytest.param("service/db", ["db"], id="a kind and a name"),
        pytest.param("media/web", ["web"], id="a namespace and a name"),
        pytest.param("'*/web'", ["web"], id="any namespace and a name"),
        pytest.param("'nothing*'", [], id="a pattern that fits nothing"),
        pytest.param("-l team=blue", ["web"], id="a tag"),
        pytest.param("-l 'namespace=media,team!=blue'", ["db"], id="two tags"),
        pytest.param("-l 'team in (blue,red)'", ["web"], id="a set of tags"),
        pytest.param("--type ecs-service -n media", IN_MEDIA, id="a type"),
        pytest.param("--type svc -n media", IN_MEDIA, id="a type's other name"),
        pytest.param("--type deployment", [], id="a type of another orchestrator"),
        pytest.param("--status stopped", ["idle"], id="a status"),
        pytest.param("--status degraded", NOT_WELL, id="what is not well"),
        pytest.param("-n media --sort -name", IN_MEDIA[::-1], id="sorted"),
    ],
)
def test_options_choose_workloads(
    dashborion: Cli, fleet: Fleet, options: str, expected: list[str]
) -> None:
    result = dashborion(f"workloads list {options} -o json")
    assert result.exit_code == 0, result.err
    assert [one["name"] for one in result.json] == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param("-w web", ["web"] * 2, id="of a workload"),
        pytest.param("-w media/db", ["db"] * 2, id="in its namespace"),
        pytest.param("-w service/db", ["db"] * 2, id="of a kind and a name"),
        pytest.param("-w idle", [], id="of a workload at zero"),
        pytest.param("-n media", ["db", "db", "web", "web"], id="a namespace"),
        pytest.param("-l team=blue", ["web", "web"], id="its workload's tag"),
        pytest.param("-w rolling --status pending", ["rolling"], id="pending"),
        pytest.param("-w crash", [], id="none that runs"),
        pytest.param("-w crash --all", ["crash"] * 3, id="stopped ones too"),
        pytest.param("-w oom --status stopped", ["oom"], id="stopped ones alone"),
        pytest.param("-w draining", ["draining"], id="one that is being stopped"),
    ],
)
def test_options_choose_instances(
    dashborion: Cli, fleet: Fleet, options: str, expected: list[str]
) -> None:
    result = dashborion(f"instances list {options} -o json")
    assert result.exit_code == 0, result.err
    assert [one["workload"] for one in result.json] == expected


def test_tasks_of_a_service_are_in_its_namespace(dashborion: Cli, fleet: Fleet) -> None:
    found = dashborion("instances list --all -o json").json
    spaces = {one["workload"]: one["namespace"] for one in found}
    assert (spaces["web"], spaces["db"], spaces["oom"]) == ("media", "media", CLUSTER)
    assert spaces[None] == CLUSTER


def test_a_task_run_by_hand_is_in_the_namespace_of_its_own_tag(
    dashborion: Cli, own_fleet: Fleet
) -> None:
    own_fleet.add("batch", own_fleet.define("batch"), tags={"namespace": "media"})
    found = dashborion("instances list -n media -o json").json
    assert {one["workload"] for one in found} == {"web", "db", None}


def test_the_tags_key_can_be_set(dashborion: Cli, fleet: Fleet, home: Path) -> None:
    here = {"cluster": CLUSTER, "region": REGION, "namespace_tag": "team"}
    write_config(home, {"here": here})
    found = dashborion("workloads list -e here -o json").json
    assert {one["name"]: one["namespace"] for one in found}["web"] == "blue"
    assert {one["name"] for one in dashborion("workloads list -e here -n blue -o json").json} == {
        "web"
    }


def test_names_are_as_short_as_they_can_be(dashborion: Cli, fleet: Fleet) -> None:
    assert dashborion("workloads list -n media -o name").lines == ["db", "web"]
    names = dashborion("workloads list -A -o name").lines
    assert {"media/web", f"{CLUSTER}/old"} <= set(names)
    for name in ("media/web", f"{CLUSTER}/old"):
        assert dashborion(f"workloads describe {name} -o name").exit_code == 0


def test_every_instances_name_and_id_is_found_again(dashborion: Cli, fleet: Fleet) -> None:
    listed = {one["workload"]: one for one in dashborion("instances list --all -o json").json}
    for one in (listed["oom"], listed["old"], listed[None]):
        for typed in (one["id"], one["name"], one["id"][:9], f"{one['namespace']}/{one['name']}"):
            found = dashborion(f"instances describe {typed} -o json")
            assert found.exit_code == 0, found.err
            assert found.json["id"] == one["id"]


def test_an_empty_cluster_says_so(dashborion: Cli, own_fleet: Fleet) -> None:
    own_fleet.region.cluster("empty")
    for command in ("workloads list", "instances list"):
        result = dashborion(f"{command} -e ecs:{REGION}/empty")
        assert result.exit_code == 0
        assert "found" in result.err
        assert dashborion(f"{command} -e ecs:{REGION}/empty -o json").json == []
