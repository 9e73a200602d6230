"""The lists of ``dashborion ecs`` say what AWS answers to the same questions, asked with boto3.

boto3 and not the AWS CLI, which is an extra of its own: both print the API's answers.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.demo.ecs.test_ecs_access_denied import warnings, without_tags
from tests.support.aws import MANY, connect
from tests.support.cli import Cli
from tests.support.fleet_on_ecs import CLUSTER, Fleet


@pytest.fixture
def ecs(fleet: Fleet) -> Any:
    return connect(fleet.aws, "ecs")


def new_calls(fleet: Fleet) -> Counter[str]:
    """The calls since the last time, by the operation's name alone."""
    counts = Counter({
        name.partition(":")[2]: count for name, count in fleet.aws.spy.counts.items()
    })  # fmt: skip
    fleet.aws.spy.reset()
    return counts


def last(arn: str) -> str:
    return arn.rpartition("/")[2]


def everything(ecs: Any, operation: str, key: str, **arguments: Any) -> list[Any]:
    pages = ecs.get_paginator(operation).paginate(**arguments)
    return [one for page in pages for one in page[key]]


def test_task_definition_families_are_those_of_the_api(dashborion: Cli, ecs: Any) -> None:
    theirs = everything(ecs, "list_task_definition_families", "families", status="ACTIVE")
    ours = dashborion("ecs task-definitions list -o json").json
    assert [one["name"] for one in ours] == sorted(theirs)
    assert len(theirs) > 20


def test_revisions_are_those_of_the_api(dashborion: Cli, ecs: Any) -> None:
    arns = everything(ecs, "list_task_definitions", "taskDefinitionArns", familyPrefix="rolling")
    ours = dashborion("ecs task-definitions list rolling -o json").json
    assert (
        [one["name"] for one in ours] == [last(arn) for arn in arns] == ["rolling:1", "rolling:2"]
    )
    for one, arn in zip(ours, arns, strict=True):
        theirs = ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]
        assert (one["family"], one["revision"]) == (theirs["family"], theirs["revision"])
        assert one["images"] == [each["image"] for each in theirs["containerDefinitions"]]
        assert (one["cpu"], one["memory"]) == (theirs["cpu"], theirs["memory"])


def test_a_task_definition_is_described(dashborion: Cli, ecs: Any) -> None:
    theirs = ecs.describe_task_definition(taskDefinition="web")["taskDefinition"]
    ours = dashborion("ecs task-definitions describe web -o json").json
    assert ours["arn"] == theirs["taskDefinitionArn"]
    assert ours["networkMode"] == theirs["networkMode"]
    assert ours["executionRole"] == theirs["executionRoleArn"]
    assert ours["launchTypes"] == theirs["requiresCompatibilities"]
    for one, each in zip(ours["containers"], theirs["containerDefinitions"], strict=True):
        assert (one["name"], one["image"], one["cpu"]) == (
            each["name"], each["image"], each["cpu"],
        )  # fmt: skip
        assert one["environment"] == [pair["name"] for pair in each.get("environment", ())]
        assert one["secrets"] == [pair["name"] for pair in each.get("secrets", ())]
    assert dashborion("ecs task-definitions describe web:1 -o json").json == ours


@pytest.mark.parametrize("output", ["table", "wide", "json", "yaml", "csv"])
def test_values_are_shown_by_raw_alone(dashborion: Cli, fleet: Fleet, output: str) -> None:
    hidden = dashborion(f"ecs task-definitions describe web -o {output}").out
    assert "fast" not in hidden
    assert "parameter/token" not in hidden
    (raw,) = [
        one
        for one in dashborion("ecs task-definitions describe web --raw").json[
            "containerDefinitions"
        ]
        if one["name"] == "app"
    ]
    assert raw["environment"] == [{"name": "MODE", "value": "fast"}]


def test_clusters_are_those_of_the_api(dashborion: Cli, ecs: Any) -> None:
    arns = everything(ecs, "list_clusters", "clusterArns")
    theirs = {one["clusterName"]: one for one in ecs.describe_clusters(clusters=arns)["clusters"]}
    ours = dashborion("ecs clusters list -o json").json
    assert [one["name"] for one in ours] == sorted(theirs) == ["homebox-many", CLUSTER]
    for one in ours:
        found = theirs[one["name"]]
        assert one["status"] == found["status"]
        assert one["services"] == found["activeServicesCount"]
        assert one["running"] == found["runningTasksCount"]
        assert one["pending"] == found["pendingTasksCount"]
        assert one["instances"] == found["registeredContainerInstancesCount"]


def test_the_environments_own_cluster_is_described_without_a_name(
    dashborion: Cli, ecs: Any
) -> None:
    found = dashborion("ecs clusters describe -o json").json
    assert (found["name"], found["labels"]) == (CLUSTER, {"team": "home"})
    assert dashborion(f"ecs clusters describe {CLUSTER} -o json").json == found
    assert dashborion("ecs clusters describe homebox-many -o name").lines == ["homebox-many"]


def test_container_instances_are_those_of_the_api(dashborion: Cli, ecs: Any) -> None:
    arns = everything(ecs, "list_container_instances", "containerInstanceArns", cluster=CLUSTER)
    answer = ecs.describe_container_instances(cluster=CLUSTER, containerInstances=arns)
    theirs = {last(one["containerInstanceArn"]): one for one in answer["containerInstances"]}
    ours = dashborion("ecs container-instances list -o json").json
    assert [one["name"] for one in ours] == sorted(theirs)
    assert len(ours) == 2
    for one in ours:
        found = theirs[one["name"]]
        assert one["instance"] == found["ec2InstanceId"]
        assert one["status"] == found["status"]
        assert one["connected"] is found["agentConnected"]
        assert one["running"] == found["runningTasksCount"] == 1
        amounts = {each["name"]: each["integerValue"] for each in found["remainingResources"]}
        assert (one["cpuFree"], one["memoryFree"]) == (amounts["CPU"], amounts["MEMORY"])
        assert one["cpuFree"] == one["cpu"] - 512


def test_deployments_of_a_service(dashborion: Cli, ecs: Any) -> None:
    briefs = ecs.list_service_deployments(cluster=CLUSTER, service="failed")["serviceDeployments"]
    arns = [one["serviceDeploymentArn"] for one in briefs]
    answer = ecs.describe_service_deployments(serviceDeploymentArns=arns)["serviceDeployments"]
    theirs = {last(one["serviceDeploymentArn"]): one for one in answer}
    ours = dashborion("ecs deployments list failed -o json").json
    assert [one["name"] for one in ours] == [last(arn) for arn in reversed(arns)]
    assert [one["status"] for one in ours][-2:] == ["ROLLBACK_SUCCESSFUL", "SUCCESSFUL"]
    for one in ours:
        found = theirs[one["name"]]
        assert (one["status"], one["service"]) == (found["status"], "failed")
        assert one["reason"] == found.get("statusReason")
        assert one["failures"] == found["deploymentCircuitBreaker"]["failureCount"]
        assert one["requested"] == found["targetServiceRevision"]["requestedTaskCount"]
    assert [one["taskDefinition"] for one in ours][-2:] == ["failed:2", "failed:1"]


def test_each_services_current_deployment(dashborion: Cli, ecs: Any) -> None:
    arns = everything(ecs, "list_services", "serviceArns", cluster=CLUSTER)
    expected = {}
    for number in range(0, len(arns), 10):
        answer = ecs.describe_services(cluster=CLUSTER, services=arns[number : number + 10])
        for one in answer["services"]:
            if "currentServiceDeployment" in one:
                expected[one["serviceName"]] = last(one["currentServiceDeployment"])
    ours = dashborion("ecs deployments list -o json").json
    assert {one["service"]: one["name"] for one in ours} == expected
    assert {one["service"] for one in ours if one["namespace"] == "media"} == {"web", "db"}
    inside = dashborion("ecs deployments list -n media -o json").json
    assert [one["service"] for one in inside] == ["db", "web"]


def test_a_deployments_lifecycle_stage(dashborion: Cli, own_fleet: Fleet) -> None:
    own_fleet.service("web").deployments[0]["serviceDeployment"] = {
        "status": "IN_PROGRESS", "lifecycleStage": "BAKE_TIME",
        "deploymentConfiguration": {"strategy": "BLUE_GREEN"},
    }  # fmt: skip
    (found,) = dashborion("ecs deployments list web -o json").json
    assert (found["lifecycleStage"], found["strategy"]) == ("BAKE_TIME", "BLUE_GREEN")
    (line,) = dashborion("ecs deployments list web --no-headers --columns status,stage").lines
    assert line == "IN_PROGRESS\tBAKE_TIME"


@pytest.mark.parametrize(
    ("command", "calls"),
    [
        pytest.param("clusters list", {"ListClusters": 1, "DescribeClusters": 1}, id="clusters"),
        pytest.param(
            "container-instances list",
            {"ListContainerInstances": 1, "DescribeContainerInstances": 1},
            id="container instances",
        ),
        pytest.param("task-definitions list", {"ListTaskDefinitionFamilies": 1}, id="families"),
        pytest.param(
            "task-definitions describe web", {"DescribeTaskDefinition": 1}, id="task definition"
        ),
        pytest.param(
            f"deployments list -e {MANY}",
            {
                "ListServices": 2,
                "DescribeServices": 15,
                "DescribeServiceDeployments": 8,
                "DescribeServiceRevisions": 8,
            },
            id="150 deployments",
        ),
    ],
)
def test_pages_and_batches_are_at_their_largest(
    dashborion: Cli, fleet: Fleet, command: str, calls: dict[str, int]
) -> None:
    assert dashborion(f"ecs {command}").exit_code == 0
    assert new_calls(fleet) == calls


def test_a_second_list_of_revisions_describes_none(dashborion: Cli, fleet: Fleet) -> None:
    dashborion("ecs task-definitions list rolling")
    new_calls(fleet)
    dashborion("ecs task-definitions list rolling")
    assert new_calls(fleet) == {"ListTaskDefinitions": 1}


def test_250_revisions_are_not_asked_for_when_twenty_are_wanted(
    dashborion: Cli, own_fleet: Fleet
) -> None:
    for _ in range(250):
        own_fleet.define("busy")
    new_calls(own_fleet)
    found = dashborion("ecs task-definitions list busy -o json").json
    assert [one["revision"] for one in found] == list(range(231, 251))
    assert new_calls(own_fleet) == {"ListTaskDefinitions": 1, "DescribeTaskDefinition": 20}
    found = dashborion("ecs task-definitions list busy --limit 120 -o json").json
    assert [one["revision"] for one in found] == list(range(131, 251))


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        pytest.param("task-definitions list wbe", 3, "did you mean 'web'?", id="family"),
        pytest.param("task-definitions describe wbe", 3, "did you mean 'web'?", id="describe"),
        pytest.param("task-definitions describe web:7", 3, "no revision '7'", id="revision"),
        pytest.param("task-definitions describe web:x", 3, "no revision 'x'", id="no number"),
        pytest.param("clusters describe nope", 3, "no cluster 'nope'", id="cluster"),
        pytest.param("deployments list nope", 3, "no workload 'nope'", id="service"),
        pytest.param("deployments list -n nope", 3, "no namespace 'nope'", id="namespace"),
        pytest.param("clusters list -n media", 2, "have no namespace", id="-n"),
        pytest.param("task-definitions list --limit 0", 2, "limit", id="limit"),
    ],
)
def test_an_unknown_object_is_named(
    dashborion: Cli, fleet: Fleet, command: str, code: int, said: str
) -> None:
    found = dashborion(f"ecs {command}")
    assert (found.exit_code, found.out) == (code, "")
    assert said in found.err


@pytest.mark.parametrize(
    ("command", "action"),
    [
        ("task-definitions list", "ecs:ListTaskDefinitionFamilies"),
        ("task-definitions list web", "ecs:ListTaskDefinitions"),
        ("task-definitions describe web", "ecs:DescribeTaskDefinition"),
        ("clusters list", "ecs:ListClusters"),
        ("clusters describe", "ecs:DescribeClusters"),
        ("container-instances list", "ecs:ListContainerInstances"),
        ("container-instances list", "ecs:DescribeContainerInstances"),
        ("deployments list web", "ecs:ListServiceDeployments"),
        ("deployments list", "ecs:DescribeServiceDeployments"),
    ],
)
def test_a_denied_call_exits_4_and_is_named(
    dashborion: Cli, fleet: Fleet, command: str, action: str
) -> None:
    fleet.aws.faults.deny(action)
    found = dashborion(f"ecs {command} -o json")
    assert (found.exit_code, found.error["code"]) == (4, "forbidden")
    assert action in found.error["message"]


@pytest.mark.parametrize(
    ("command", "operation"),
    [
        ("task-definitions describe web", "ecs:DescribeTaskDefinition"),
        ("clusters describe", "ecs:DescribeClusters"),
    ],
)
def test_tags_that_may_not_be_read_cost_themselves_and_a_warning(
    dashborion: Cli, fleet: Fleet, command: str, operation: str
) -> None:
    fleet.aws.faults.add(operation, without_tags("ecs:ListTagsForResource"))
    found = dashborion(f"ecs {command} -o json")
    assert (found.exit_code, found.json["labels"]) == (0, {})
    assert len(warnings(found)) == 1


def test_without_the_right_to_revisions_the_task_definition_is_unknown(
    dashborion: Cli, fleet: Fleet
) -> None:
    fleet.aws.faults.deny("ecs:DescribeServiceRevisions")
    found = dashborion("ecs deployments list web -o json")
    assert found.exit_code == 0
    assert {one["taskDefinition"] for one in found.json} == {None}
    assert "DescribeServiceRevisions" in found.err


@pytest.mark.parametrize("line", ["task-definitions describe", "task-definitions list"])
def test_tab_offers_families(dashborion: Cli, ecs: Any, line: str) -> None:
    theirs = everything(ecs, "list_task_definition_families", "families", status="ACTIVE")
    assert dashborion.complete(f"dashborion ecs {line} ") == sorted(theirs)


def test_tab_offers_clusters_and_the_services_that_are_deployed(
    dashborion: Cli, fleet: Fleet
) -> None:
    assert CLUSTER in dashborion.complete("dashborion ecs clusters describe ")
    services = [one["name"] for one in dashborion("workloads list -o json").json]
    assert set(dashborion.complete("dashborion ecs deployments list ")) <= set(services)
    assert dashborion.complete(f"dashborion ecs deployments list {services[0]}")
