"""What may not be read, does not answer or cannot be decoded costs its part, and is told.

Rows that may be missing are told by the exit code, too (5); none at all, or the one that was
asked for by name, is the error itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from dashborion.demo.ecs.aws_protocol import AwsRequest, refusal
from dashborion.demo.http_server import Answer
from tests.faults.ecs.conftest import Serve
from tests.support.aws_balancing import balancing, behind, group, group_arn, host, rule
from tests.support.aws_objects import AwsObjects, arn, cluster, definition, service, task
from tests.support.cli import Cli, Result

SERVICES = [f"s{number:02}" for number in range(24)]  # three batches
SCALING = "application-autoscaling:DescribeScalableTargets"


def about(text: str, code: str = "AccessDeniedException") -> Callable[..., Answer]:
    """Refuses what names this; AWS says which object of a batch it was."""

    def fault(asked: AwsRequest, do: Callable[[], Answer]) -> Answer:
        named = [one for one in json.dumps(asked.params).split('"') if one.endswith(text)]
        if not named:
            return do()
        message = f"User: x is not authorized to perform: {asked.name} on resource: {named[0]}"
        return refusal(asked, code, message)

    return fault


def warnings(seen: Result) -> list[str]:
    said = [json.loads(line) for line in seen.err.splitlines()]
    return [one["warning"]["message"] for one in said if "warning" in one]


def whole(serve: Serve, *names: str, **more: Any) -> AwsObjects:
    """Services of one task each, everything readable."""
    return serve(
        services=[service(name) for name in names],
        tasks=[task(number, name) for number, name in enumerate(names, 1)],
        definitions=[definition(name) for name in names],
        **more,
    )


# --- Rows ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("denied", ["/s07", "/s23"], ids=["of a batch of ten", "of one of four"])
def test_a_denied_service_costs_its_own_row(dashborion: Cli, serve: Serve, denied: str) -> None:
    aws = whole(serve, *SERVICES)
    aws.faults.add("ecs:DescribeServices", about(denied))

    seen = dashborion("workloads list -o json")

    assert seen.exit_code == 5
    assert [one["name"] for one in seen.json] == [n for n in SERVICES if n != denied[1:]]
    assert "ecs:DescribeServices" in warnings(seen)[0]
    assert denied in warnings(seen)[0]


def test_a_service_that_cannot_be_decoded_costs_its_own_row(dashborion: Cli, serve: Serve) -> None:
    aws = whole(serve, "web", "api")
    aws.objects["services"][0]["desiredCount"] = {"not": "a number"}
    seen = dashborion("workloads list -o json")
    assert (seen.exit_code, [one["name"] for one in seen.json]) == (5, ["api"])


def test_an_unreadable_time_costs_its_own_row(dashborion: Cli, serve: Serve) -> None:
    aws = whole(serve, "web", "api")
    aws.objects["services"][0]["createdAt"] = "when the cows come home"
    seen = dashborion("workloads list -o json")
    assert (seen.exit_code, [one["name"] for one in seen.json]) == (5, ["api"])


def test_all_denied_services_are_the_error(dashborion: Cli, serve: Serve) -> None:
    aws = whole(serve, *SERVICES)
    aws.faults.deny("ecs:DescribeServices")
    seen = dashborion("workloads list -o json")
    assert (seen.exit_code, seen.error["code"]) == (4, "forbidden")
    assert aws.spy.counts["ecs:DescribeServices"] == 3, "what is about all is not asked again"


@pytest.mark.parametrize(
    ("operation", "command"),
    [
        ("ecs:DescribeServices", "workloads describe s07"),
        ("ecs:DescribeServices", "workloads status s07"),
        ("ecs:DescribeServices", "workloads logs s07"),
        ("ecs:DescribeServices", "workloads scale s07 -r 3"),
        ("ecs:DescribeTaskDefinition", "workloads deploy s07 --image app:2 --dry-run"),
        ("ecs:DescribeTaskDefinition", "ecs task-definitions describe s07:1"),
        ("ecs:DescribeTasks", f"instances describe {8:032x}"),
    ],
)
def test_what_is_asked_for_by_name_and_denied_is_the_error(
    dashborion: Cli, serve: Serve, operation: str, command: str
) -> None:
    whole(serve, *SERVICES).faults.deny(operation)

    seen = dashborion(f"{command} -o json")

    assert (seen.exit_code, seen.error["code"], seen.out) == (4, "forbidden", "")
    assert operation in seen.error["message"]


def test_a_page_of_a_list_that_is_lost_costs_itself(
    dashborion: Cli, serve: Serve, naps: list[float]
) -> None:
    aws = whole(serve, *(f"s{number:03}" for number in range(120)))

    def second_page(asked: AwsRequest, do: Callable[[], Answer]) -> Answer:
        is_first = not asked.params.get("nextToken")
        return do() if is_first else refusal(asked, "ThrottlingException", "Rate exceeded")

    aws.faults.add("ecs:ListServices", second_page)
    seen = dashborion("workloads list -o json")
    assert (seen.exit_code, len(seen.json)) == (5, 100)
    assert "ListServices" in warnings(seen)[0]


def test_a_denied_task_costs_its_own_row(dashborion: Cli, serve: Serve) -> None:
    aws = whole(serve, "web", "api")
    aws.faults.add("ecs:DescribeTasks", about("/" + f"{2:032x}"))
    seen = dashborion("instances list -o json")
    assert (seen.exit_code, [one["workload"] for one in seen.json]) == (5, ["web"])


@pytest.mark.parametrize("operation", ["ecs:ListTasks", "ecs:DescribeTasks"])
def test_instances_that_are_denied_cost_a_description_themselves(
    dashborion: Cli, serve: Serve, operation: str
) -> None:
    aws = whole(serve, "web")
    aws.faults.deny(operation)
    seen = dashborion("workloads describe web -o json")
    assert (seen.exit_code, seen.json["instances"]) == (5, [])
    assert seen.json["image"] == "example.test/app:1.0"
    assert operation in warnings(seen)[0]


@pytest.mark.parametrize("operation", ["ecs:ListTasks", "ecs:DescribeTasks"])
def test_instances_that_are_denied_are_the_error_of_their_list(
    dashborion: Cli, serve: Serve, operation: str
) -> None:
    whole(serve, "web").faults.deny(operation)
    assert dashborion("instances list -o json").exit_code == 4


@pytest.mark.parametrize("operation", ["ecs:ListServices", "ecs:DescribeServices"])
@pytest.mark.parametrize("fault", ["deny", "throttle"])
def test_services_that_cannot_be_had_cost_instances_their_tags(
    dashborion: Cli, serve: Serve, naps: list[float], operation: str, fault: str
) -> None:
    aws = whole(serve, "web", "api")
    aws.faults.deny(operation) if fault == "deny" else aws.faults.throttle(operation, times=1000)
    seen = dashborion("instances list -o json")
    assert (seen.exit_code, len(seen.json)) == (0, 2)
    assert operation.partition(":")[2] in warnings(seen)[0]


def test_a_selector_that_cannot_be_applied_is_no_empty_list(dashborion: Cli, serve: Serve) -> None:
    def no_tags(asked: AwsRequest, do: Callable[[], Answer]) -> Answer:
        if "TAGS" not in asked.params.get("include", ()):
            return do()
        message = "User: x is not authorized to perform: ecs:ListTagsForResource on resource: *"
        return refusal(asked, "AccessDeniedException", message)

    whole(serve, "web").faults.add("ecs:DescribeServices", no_tags)
    assert dashborion("workloads list -o json").exit_code == 0
    assert dashborion("workloads list -l team=a -o json").exit_code == 5
    assert dashborion("workloads list -n shop -o json").exit_code == 4


def test_an_instance_is_described_without_its_service(dashborion: Cli, serve: Serve) -> None:
    whole(serve, "web").faults.deny("ecs:DescribeServices")
    seen = dashborion(f"instances describe {1:032x} -o json")
    assert (seen.exit_code, seen.json["workload"], seen.json["events"]) == (0, "web", [])
    assert "ecs:DescribeServices" in warnings(seen)[0]


# --- Decoration ---------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["denied", "throttled", "invalid", "cut short", "broken down"])
@pytest.mark.parametrize(
    "operation",
    [
        SCALING,
        "ecs:ListTaskDefinitions",
        "ecs:DescribeTaskDefinition",
        "elasticloadbalancing:DescribeTargetGroups",
        "elasticloadbalancing:DescribeTargetHealth",
        "elasticloadbalancing:DescribeLoadBalancers",
        "elasticloadbalancing:DescribeListeners",
        "elasticloadbalancing:DescribeRules",
    ],
)
def test_decoration_that_cannot_be_had_costs_itself(
    dashborion: Cli, serve: Serve, naps: list[float], operation: str, fault: str
) -> None:
    aws = whole(serve, "web", **balancing(rule(1, web=1), groups=[group("web")], web=["healthy"]))
    aws.objects["services"][0]["loadBalancers"] = [behind("web")]
    {
        "denied": lambda: aws.faults.deny(operation),
        "throttled": lambda: aws.faults.throttle(operation, times=1000),
        "invalid": lambda: aws.faults.refuse(operation, "ValidationError", "no such thing"),
        "cut short": lambda: aws.faults.cut_body(operation, times=1000),
        "broken down": lambda: aws.faults.break_down(operation, times=1000),
    }[fault]()

    seen = dashborion("workloads describe web -o json")

    assert seen.exit_code == 0, seen.err
    assert [one["name"] for one in seen.json["instances"]] == ["web-000000"]
    is_deleted = operation == "ecs:DescribeTaskDefinition" and fault == "invalid"
    assert bool(warnings(seen)) is not is_deleted
    assert dashborion("workloads list -o json").exit_code == 0


def test_a_deleted_target_group_costs_its_own_endpoint(dashborion: Cli, serve: Serve) -> None:
    names = [f"g{number:02}" for number in range(20)]
    left = names[:-1]
    rules = [rule(number, host(f"{n}.test"), **{n: 1}) for number, n in enumerate(names, 1)]
    serve(
        services=[service(name, loadBalancers=[behind(name)]) for name in names],
        definitions=[definition(name) for name in names],
        **balancing(*rules, groups=[group(name) for name in left]),
    )

    seen = dashborion("workloads list -o json")

    urls = {one["name"]: [way["url"] for way in one["endpoints"]] for one in seen.json}
    assert seen.exit_code == 0
    assert urls == {name: [f"https://{name}.test/"] for name in left} | {names[-1]: []}
    (line,) = seen.err.splitlines()
    assert "DescribeTargetGroups" in line
    assert group_arn(names[-1]) in line


def test_health_that_cannot_be_had_costs_its_own_group(
    dashborion: Cli, serve: Serve, naps: list[float]
) -> None:
    aws = serve(
        services=[service("web", loadBalancers=[behind("web"), behind("api")])],
        definitions=[definition("web")],
        **balancing(
            rule(1, host("web.test"), web=1),
            rule(2, host("api.test"), api=1),
            groups=[group("web"), group("api")],
            web=["healthy"],
            api=["healthy", "unhealthy"],
        ),
    )
    aws.faults.add(
        "elasticloadbalancing:DescribeTargetHealth", about(group_arn("web"), "Throttling")
    )
    ways = dashborion("workloads describe web -o json").json["endpoints"]
    assert {(way["name"], way["healthy"], way["total"]) for way in ways} == {
        ("web", None, None), ("api", 1, 2),
    }  # fmt: skip


# --- Clusters -----------------------------------------------------------------------------------


def test_an_empty_cluster_that_may_not_be_described_is_empty(dashborion: Cli, serve: Serve) -> None:
    serve().faults.deny("ecs:DescribeClusters")
    seen = dashborion("workloads list -o json")
    assert (seen.exit_code, seen.json) == (0, [])
    assert "ecs:DescribeClusters" in warnings(seen)[0]


@pytest.mark.parametrize("state", ["PROVISIONING", "DEPROVISIONING", "FAILED"])
def test_a_clusters_state_is_told(dashborion: Cli, serve: Serve, state: str) -> None:
    serve(clusters=[cluster(status=state)])
    for command in ("workloads list", "instances list", "env check"):
        seen = dashborion(command)
        assert seen.exit_code == 0, seen.err
        assert f"cluster 'docs' is {state}" in seen.err
        assert "no cluster" not in seen.err


def test_a_cluster_that_goes_away_still_has_its_services(dashborion: Cli, serve: Serve) -> None:
    serve(
        clusters=[cluster(status="DEPROVISIONING")],
        services=[service("web")],
        definitions=[definition("web")],
    )
    assert dashborion("workloads list -o name").lines == ["web"]


@pytest.mark.parametrize("state", ["DEPROVISIONING", "INACTIVE"])
def test_a_cluster_that_ecs_denies_has_a_state_all_the_same(
    dashborion: Cli, serve: Serve, state: str
) -> None:
    aws = serve(clusters=[cluster(status=state)])
    aws.faults.refuse("ecs:ListServices", "ClusterNotFoundException", "Cluster not found.")
    seen = dashborion("workloads list")
    assert seen.exit_code == (3 if state == "INACTIVE" else 1)
    assert state in seen.err
    assert "no cluster" not in seen.err
    assert "did you mean" not in seen.err


# --- ECS' own lists -----------------------------------------------------------------------------


def test_a_revision_that_is_denied_costs_its_own_row(dashborion: Cli, serve: Serve) -> None:
    aws = serve(definitions=[definition("web", revision=number) for number in (1, 2, 3)])
    aws.faults.add("ecs:DescribeTaskDefinition", about("web:2"))
    seen = dashborion("ecs task-definitions list web -o json")
    assert (seen.exit_code, [one["revision"] for one in seen.json]) == (5, [1, 3])

    aws.faults.deny("ecs:DescribeTaskDefinition")
    seen = dashborion("ecs task-definitions list web -o json")
    assert seen.exit_code == 5, "two are on disk"


def test_machines_that_are_denied_cost_their_rows(dashborion: Cli, serve: Serve) -> None:
    machines = [
        {"containerInstanceArn": arn("container-instance", f"docs/{n:032x}"), "status": "ACTIVE"}
        for n in (1, 2)
    ]
    aws = serve(containerInstances=machines)
    aws.faults.add("ecs:DescribeContainerInstances", about(f"{2:032x}"))
    seen = dashborion("ecs container-instances list -o json")
    assert (seen.exit_code, len(seen.json)) == (5, 1)
    aws.faults.deny("ecs:DescribeContainerInstances")
    assert dashborion("ecs container-instances list -o json").exit_code == 4


def test_a_check_tells_denied_reads_as_permissions(dashborion: Cli, serve: Serve) -> None:
    aws = whole(serve, "web")
    for operation in ("ListServices", "ListTasks", "DescribeClusters"):
        aws.faults.deny(f"ecs:{operation}")
    (found,) = dashborion("env check -o json").json
    allowed = {one["action"]: one["allowed"] for one in found["permissions"]}
    assert (found["reachable"], found["error"]) == (True, None)
    assert (allowed["list workloads"], allowed["list instances"]) == (False, False)
