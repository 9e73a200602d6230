"""Causes that deployments, hosts, load balancers and autoscalers of a service tell."""

from __future__ import annotations

from typing import Any

import pytest

from dashborion.models.cause import Severity
from dashborion.orchestrators.ecs import balancer_wire, wire
from dashborion.orchestrators.ecs.native_wire import ContainerInstance
from dashborion.orchestrators.ecs.routes import Routes
from tests.unit.ecs.facts import OLD, arn, causes, codes, ended
from tests.unit.ecs.raw_ecs import (
    ABSENT,
    ELB,
    HEAD,
    NOW,
    ago,
    convert,
    deployment,
    rolling,
    service,
    task,
)

GROUP = f"{ELB}:targetgroup/web/0123456789abcdef"
BREAKER = "ECS deployment circuit breaker: tasks failed to start."
ON_EC2 = {"containerInstanceArn": f"{HEAD}:container-instance/homebox-staging/ci1"}


def routes(reason: str | None, description: str = "", state: str = "unhealthy") -> Routes:
    """A target group with one target, the task of ``raw_ecs.task``."""
    group = balancer_wire.TargetGroup(GROUP, "web", "HTTP", 8080)
    health = balancer_wire.TargetState(state, reason, description or None)
    target = balancer_wire.TargetHealth(balancer_wire.Target("10.0.0.7"), health)
    return Routes(groups={GROUP: group}, health={GROUP: [target]})


def said(*messages: str, **change: Any) -> wire.Service:
    """A service with events since its newest deployment, the newest first as ECS lists them."""
    events = [
        {
            "id": str(number),
            "createdAt": ago(minutes=number + 1),
            "message": f"(service web) {text}",
        }
        for number, text in enumerate(messages)
    ]
    return service(events=events, **change)


def made(**change: Any) -> wire.ServiceDeployment:
    base = {
        "serviceDeploymentArn": f"{HEAD}:service-deployment/homebox-staging/web/d1",
        "status": "IN_PROGRESS",
        "updatedAt": ago(minutes=2),
    }
    return convert(wire.ServiceDeployment, base | change)


@pytest.mark.parametrize(
    ("state", "reason", "description", "code"),
    [
        ("unhealthy", "Target.ResponseCodeMismatch", "codes: [502]", "target-status"),
        ("unhealthy", "Target.Timeout", "Request timed out", "target-timeout"),
        ("unhealthy", "Target.FailedHealthChecks", "Health checks failed", "target-refused"),
        ("unused", "Target.NotInUse", "not routed to", "target-unused"),
        ("unused", "Target.InvalidState", "Target is in the stopped state", "target-unused"),
        ("unused", "Target.IpUnusable", "The IP cannot be used", "target-unused"),
    ],
)
def test_a_target_without_traffic_says_why(
    state: str, reason: str, description: str, code: str
) -> None:
    (found,) = causes(task(), routes=routes(reason, description, state))
    assert (found.code, found.reason, found.message) == (code, reason, description)
    assert found.instances == ["web-0f3c5d"]
    assert [one.value for one in found.evidence] == [reason, description]


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("healthy", None),
        ("initial", "Elb.RegistrationInProgress"),
        ("draining", "Target.DeregistrationInProgress"),
        ("unhealthy.draining", "Target.Timeout"),
        ("unhealthy", "Elb.InternalError"),
    ],
)
def test_a_target_on_its_way_in_or_out_is_no_cause(state: str, reason: str | None) -> None:
    assert codes(task(), routes=routes(reason, state=state)) == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Task failed container health checks", "liveness"),
        ("Task failed ELB health checks in (target-group arn:x)", "target-unhealthy"),
        (
            (
                "Task failed ELB health checks in (target-group x) due to (reason Health checks "
                "failed with these codes: [503])"
            ),
            "target-status",
        ),
        ("Task failed ELB health checks (reason Request timed out)", "target-timeout"),
    ],
)
def test_a_task_that_was_stopped_for_a_health_check_says_which(text: str, code: str) -> None:
    found = causes(ended(1, "ServiceSchedulerInitiated", text))[0]
    assert (found.code, found.evidence[0].value) == (code, text)


def test_what_the_targets_say_goes_before_the_tasks_sentence() -> None:
    text = "Task failed ELB health checks in (target-group x)"
    stopped = ended(1, "ServiceSchedulerInitiated", text)
    found = causes(stopped, routes=routes("Target.ResponseCodeMismatch", "codes: [502]"))
    assert next((one.code, one.confidence) for one in found)[0] == "target-status"


@pytest.mark.parametrize(
    ("lasted", "grace", "is_cause"),
    [(1, 0, True), (1, 600, False), (30, 0, False)],
    ids=["at once", "within a grace period", "after half an hour"],
)
def test_a_health_check_that_begins_too_soon_is_a_possible_cause(
    lasted: int, grace: int, is_cause: bool
) -> None:
    text = "Task failed ELB health checks in (target-group x)"
    stopped = ended(
        1, "ServiceSchedulerInitiated", text, startedAt=ago(minutes=lasted + 1),
        stoppedAt=ago(minutes=1),
    )  # fmt: skip
    found = codes(
        stopped,
        on=service(healthCheckGracePeriodSeconds=grace),
        routes=routes("Target.FailedHealthChecks"),
    )
    assert ("health-grace" in found) is is_cause


def test_a_running_task_whose_health_check_fails_is_a_cause_and_explains_the_exit() -> None:
    (found,) = causes(task(healthStatus="UNHEALTHY"))
    assert (found.code, found.reason, found.severity) == ("liveness", "Unhealthy", Severity.ERROR)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"rolloutState": "FAILED", "rolloutStateReason": BREAKER}, "circuit-breaker"),
        ({"rolloutState": "FAILED", "rolloutStateReason": "stopped"}, "rollout-failed"),
        ({"rolloutState": "IN_PROGRESS", "failedTasks": 2}, "restart-loop"),
    ],
)
def test_a_deployment_that_fails_is_a_cause(change: dict[str, Any], code: str) -> None:
    found = causes(on=service(deployments=[deployment(**change)]))[0]
    assert (found.code, found.severity) == (code, Severity.ERROR)


def test_a_deployment_that_was_rolled_back_has_passed() -> None:
    broken = deployment(
        id="ecs-svc/2", status="INACTIVE", rolloutState="FAILED", rolloutStateReason=BREAKER
    )
    (found,) = causes(on=service(deployments=[deployment(), broken]))
    assert (found.code, found.severity) == ("circuit-breaker", Severity.WARNING)


def test_tasks_that_end_again_and_again_uncounted_are_a_loop() -> None:
    items = [ended(number, stoppedAt=ago(minutes=number)) for number in (1, 2, 3)]
    assert any("restart-loop" in (one.code, *one.explains) for one in causes(*items))
    assert not any("restart-loop" in (one.code, *one.explains) for one in causes(*items[:2]))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (
            "is unable to consistently start tasks successfully. For more information",
            "start-backoff",
        ),
        (
            (
                "was unable to stop or start tasks during a deployment because of the service "
                "deployment configuration. Update the minimumHealthyPercent"
            ),
            "rollout-percent",
        ),
        ("operations are being throttled on elb. Will try again later.", "throttled"),
    ],
)
def test_an_event_after_which_nothing_moved_is_a_cause(text: str, code: str) -> None:
    assert code in codes(on=said(text))
    assert codes(on=said("has reached a steady state.", text)) == []
    assert codes(on=said(text, deployments=[deployment(createdAt=NOW)])) == []


def test_a_deployment_that_cannot_move_names_its_limits() -> None:
    text = "was unable to stop or start tasks during a deployment because of the configuration"
    (found,) = [one for one in causes(on=said(text)) if one.code == "rollout-percent"]
    assert [one.value for one in found.evidence[1:]] == ["100", "200"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"alarms": {"status": "TRIGGERED", "triggeredAlarmNames": ["5xx"]}}, "alarm"),
        ({"lifecycleHookDetails": [{"status": "AWAITING_ACTION"}]}, "hook-waiting"),
        ({"lifecycleHookDetails": [{"status": "FAILED"}]}, "rollout-hook-failed"),
        ({"lifecycleHookDetails": [{"status": "TIMED_OUT"}]}, "rollout-hook-failed"),
        ({"lifecycleStage": "BAKE_TIME"}, "bake"),
    ],
)
def test_the_newer_api_tells_of_alarms_hooks_and_stages(change: dict[str, Any], code: str) -> None:
    assert code in codes(on=rolling(), made=made(**change))
    assert code not in codes(on=rolling(), made=made(**change | {"status": "SUCCESSFUL"}))


def test_old_tasks_that_still_run_are_drained_and_may_be_protected() -> None:
    old = task(startedBy=OLD)
    found = causes(task(taskArn=arn(1)), old, protected={"0f3c5d7e9a1b2c3d4e5f60718293a4b5": NOW})
    assert [one.code for one in found] == ["draining", "protected"]
    assert {one.severity for one in found} == {Severity.INFO}
    assert found[1].instances == ["web-0f3c5d"]


def test_a_service_that_is_being_deleted_says_so() -> None:
    (found,) = causes(on=service(status="DRAINING"))
    assert (found.code, found.severity) == ("draining", Severity.ERROR)


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        ("SpotInterruption", "Your Spot Task was interrupted.", "spot"),
        ("TerminationNotice", "Your task is stopped for maintenance", "retired"),
        ("InfrastructureHealth", "The instance is impaired", "retired"),
        ("UserInitiated", "stopped with dashborion", "by-hand"),
        (None, "Host EC2 (instance i-0123456789abcdef0) terminated.", "retired"),
    ],
)
def test_a_stop_that_is_not_the_services_fault_is_no_error(
    code: str | None, text: str, expected: str
) -> None:
    (found,) = causes(ended(1, code, text, exitCode=143))
    assert (found.code, found.message) == (expected, text)
    assert found.severity is not Severity.ERROR


def test_a_task_whose_agent_is_not_heard_of_is_a_cause_and_its_draining_instance_another() -> None:
    lost = task(connectivity="DISCONNECTED", **ON_EC2)
    machine = ContainerInstance(ON_EC2["containerInstanceArn"], status="DRAINING")
    assert codes(lost) == ["node-agent"]
    assert codes(lost, machines=[machine])[0] == "node-agent"
    assert codes(task(connectivity="DISCONNECTED")) == []  # on Fargate it says nothing


@pytest.mark.parametrize(("minutes", "expected"), [(3, []), (20, ["stuck-terminating"])])
def test_a_task_that_should_have_stopped_long_ago_is_a_cause(
    minutes: int, expected: list[str]
) -> None:
    stopping = task(desiredStatus="STOPPED", stoppingAt=ago(minutes=minutes))
    assert codes(stopping) == expected


def test_a_suspended_autoscaler_and_one_at_its_maximum_are_information() -> None:
    flags = wire.Suspended(dynamic_scaling_in_suspended=True, dynamic_scaling_out_suspended=True)
    off = wire.ScalableTarget(min_capacity=1, max_capacity=9, suspended_state=flags)
    full = wire.ScalableTarget(min_capacity=1, max_capacity=2)
    free = wire.ScalableTarget(min_capacity=1, max_capacity=3)
    found = [causes(scaling=[target]) for target in (off, full, free)]
    assert [[one.code for one in told] for told in found] == [
        ["autoscaler-off"],
        ["autoscaler-limit"],
        [],
    ]


def test_a_service_at_zero_says_so_and_one_that_is_well_says_nothing() -> None:
    assert codes(on=service(desiredCount=0, runningCount=0)) == ["zero"]
    assert codes(task(), on=service(healthCheckGracePeriodSeconds=ABSENT)) == []
