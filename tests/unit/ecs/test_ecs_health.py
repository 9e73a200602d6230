"""Which of a service's running tasks are not healthy, and what says so."""

from __future__ import annotations

from typing import Any

import pytest

from dashborion.orchestrators.ecs import balancer_wire, health, wire
from tests.unit.ecs.raw_ecs import DEFINITION, ELB, Raw, convert, service

CHECKED = {"name": "app", "essential": True, "healthCheck": {}}
SIDECAR = {"name": "proxy", "essential": False, "healthCheck": {}}
PLAIN = {"name": "app", "essential": True}
GROUP, OTHER = (f"{ELB}:targetgroup/{name}/0123456789abcdef" for name in ("web", "web-green"))
BEHIND: Raw = {"targetGroupArn": GROUP, "containerName": "app", "containerPort": 80}
BLUE_GREEN: Raw = BEHIND | {"advancedConfiguration": {"alternateTargetGroupArn": OTHER}}


def task(number: int, status: str = "RUNNING", **more: Any) -> wire.Task:
    address = {"name": "privateIPv4Address", "value": f"10.0.0.{number}"}
    raw = {
        "taskArn": f"arn:aws:ecs:eu-west-3:1:task/c/{number}",
        "taskDefinitionArn": DEFINITION,
        "lastStatus": status,
        "desiredStatus": "RUNNING",
        "attachments": [{"type": "ElasticNetworkInterface", "details": [address]}],
    }
    return convert(wire.Task, raw | more)


def target(id_: str, state: str, reason: str | None = None) -> balancer_wire.TargetHealth:
    raw = {"Target": {"Id": id_}, "TargetHealth": {"State": state, "Reason": reason}}
    return convert(balancer_wire.TargetHealth, raw)


def missing(
    *tasks: wire.Task,
    defined: Raw = PLAIN,
    balancers: list[Raw] | None = None,
    targets: dict[str, list[balancer_wire.TargetHealth]] | None = None,
    **more: Any,
) -> str | None:
    definition = convert(
        wire.TaskDefinition, {"taskDefinitionArn": DEFINITION, "containerDefinitions": [defined]}
    )
    counts = {"desiredCount": 2, "runningCount": 2, "loadBalancers": balancers or []}
    asked = service(**counts | more)
    return health.missing(asked, tasks, {DEFINITION: definition}, targets or {})


@pytest.mark.parametrize(
    ("defined", "statuses", "told"),
    [
        pytest.param(CHECKED, ["HEALTHY", "HEALTHY"], None, id="all are healthy"),
        pytest.param(
            CHECKED,
            ["HEALTHY", "UNHEALTHY"],
            "1 of 2 healthy (container health check: UNHEALTHY)",
            id="one is not",
        ),
        pytest.param(
            CHECKED,
            ["UNKNOWN", "UNHEALTHY"],
            "0 of 2 healthy (container health check: UNKNOWN, UNHEALTHY)",
            id="one has not passed it yet",
        ),
        pytest.param(CHECKED, ["HEALTHY", "HEALTHY", "UNKNOWN"], None, id="one more than wanted"),
        pytest.param(PLAIN, ["UNKNOWN", "UNKNOWN"], None, id="there is no check"),
        pytest.param(SIDECAR, ["UNKNOWN", "UNKNOWN"], None, id="only a sidecar has one"),
        pytest.param(CHECKED, ["HEALTHY"], None, id="a list that lags behind says nothing"),
    ],
)
def test_a_containers_check_has_to_pass(
    defined: Raw, statuses: list[str], told: str | None
) -> None:
    tasks = [task(number, healthStatus=status) for number, status in enumerate(statuses, 1)]
    assert missing(*tasks, defined=defined) == told


def test_a_task_of_a_definition_that_may_not_be_read_is_judged_by_what_it_says() -> None:
    bad = [task(1, healthStatus="UNHEALTHY", taskDefinitionArn="x"), task(2, taskDefinitionArn="x")]
    assert missing(*bad) == "1 of 2 healthy (container health check: UNHEALTHY)"


def test_a_task_that_is_stopped_is_not_counted() -> None:
    ends = task(3, desiredStatus="STOPPED", healthStatus="HEALTHY")
    unwell = [task(1, healthStatus="UNKNOWN"), task(2, healthStatus="HEALTHY")]
    assert "1 of 2 healthy" in (missing(*unwell, ends, defined=CHECKED) or "")


HEALTHY = [target("10.0.0.1", "healthy"), target("10.0.0.2", "healthy")]
INITIAL = target("10.0.0.2", "initial", "Elb.RegistrationInProgress")


@pytest.mark.parametrize(
    ("targets", "told"),
    [
        pytest.param({GROUP: HEALTHY}, None, id="all are healthy"),
        pytest.param(
            {GROUP: [HEALTHY[0], INITIAL]},
            "1 of 2 healthy in target group web (initial)",
            id="one is being registered",
        ),
        pytest.param({GROUP: []}, "0 of 2 healthy in target group web", id="none is registered"),
        pytest.param(
            {GROUP: [HEALTHY[0], target("10.0.0.9", "healthy")]},
            "1 of 2 healthy in target group web",
            id="another's target does not count",
        ),
        pytest.param(
            {GROUP: [target(f"10.0.0.{n}", "unused", "Target.NotInUse") for n in (1, 2)]},
            None,
            id="a group that no listener uses is not judged",
        ),
        pytest.param(
            {GROUP: [HEALTHY[0], target("10.0.0.2", "unused", "Target.NotInUse")]},
            "1 of 2 healthy in target group web (unused)",
            id="one in a zone that the balancer does not serve",
        ),
        pytest.param({}, None, id="what may not be read is not judged"),
        pytest.param(
            {GROUP: [target("i-1", "healthy"), target("i-1", "healthy")]},
            None,
            id="two ports of a container instance",
        ),
        pytest.param(
            {GROUP: [target("i-1", "healthy"), target("i-2", "unhealthy")]},
            "1 of 2 healthy in target group web (unhealthy)",
            id="container instances",
        ),
    ],
)
def test_the_targets_have_to_be_healthy(
    targets: dict[str, list[balancer_wire.TargetHealth]], told: str | None
) -> None:
    assert missing(task(1), task(2), balancers=[BEHIND], targets=targets) == told


@pytest.mark.parametrize(
    ("green", "told"),
    [
        pytest.param(HEALTHY, None, id="they are in the other group"),
        pytest.param(
            [HEALTHY[0]], "1 of 2 healthy in target group web-green", id="one is not there"
        ),
    ],
)
def test_of_two_groups_the_tasks_are_in_one(
    green: list[balancer_wire.TargetHealth], told: str | None
) -> None:
    targets = {GROUP: [target("10.0.0.8", "draining")], OTHER: green}
    assert missing(task(1), task(2), balancers=[BLUE_GREEN], targets=targets) == told


def test_another_controllers_service_is_judged_by_its_leading_task_set() -> None:
    """``loadBalancers`` of the service goes on naming the group that it began with."""
    green = {"id": "ecs-svc/2", "status": "PRIMARY", "loadBalancers": [{"targetGroupArn": OTHER}]}
    blue = {"id": "ecs-svc/1", "status": "ACTIVE", "loadBalancers": [BEHIND]}
    controlled = {"taskSets": [blue, green]}
    assert health.groups_of(service(loadBalancers=[BEHIND], **controlled)) == [[OTHER]]


def test_no_more_is_wanted_than_runs() -> None:
    """A task set runs its share of the desired count."""
    half: Raw = {"desiredCount": 4, "runningCount": 2}
    targets = {GROUP: HEALTHY}
    assert missing(task(1), task(2), balancers=[BEHIND], targets=targets, **half) is None
