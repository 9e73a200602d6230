"""``timeline`` of what AWS says: how often it is asked, who did it, and what may not be read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.faults.ecs.conftest import Serve
from tests.support.aws_objects import CLUSTER, arn, definition, deployment, service
from tests.support.cli import Cli

Json = dict[str, Any]
MOVED = 20


def deployed(name: str, number: int, at: float, **more: Any) -> tuple[Json, Json]:
    """A service deployment and the revision that it goes to."""
    revision = arn("service-revision", f"{CLUSTER}/{name}/{name}-{number}")
    made = {
        "serviceDeploymentArn": arn("service-deployment", f"{CLUSTER}/{name}/{name}-{number}"),
        "serviceArn": arn("service", f"{CLUSTER}/{name}"),
        "clusterArn": arn("cluster", CLUSTER),
        "status": "SUCCESSFUL",
        "createdAt": at,
        "updatedAt": at + 5,
        "targetServiceRevision": {"arn": revision},
    }
    target = {
        "serviceRevisionArn": revision,
        "serviceArn": made["serviceArn"],
        "clusterArn": made["clusterArn"],
        "taskDefinition": arn("task-definition", f"{name}:{number}"),
    }
    return made | more, target


def moved(name: str, now: float, **more: Any) -> dict[str, list[Json]]:
    """A service that was given its second definition ten minutes ago."""
    new, target = deployed(name, 2, now - 600, **more)
    old, source = deployed(name, 1, now - 9000)
    second = arn("task-definition", f"{name}:2")
    own = deployment(taskDefinition=second, createdAt=now - 600, updatedAt=now - 500)
    app = {"name": "app", "image": "example.test/app:2.0", "essential": True}
    return {
        "services": [service(name, deployments=[own], taskDefinition=second)],
        "serviceDeployments": [new, old],
        "serviceRevisions": [target, source],
        "definitions": [definition(name), definition(name, app, revision=2)],
    }


def together(*parts: dict[str, list[Json]]) -> dict[str, list[Json]]:
    return {key: [one for part in parts for one in part[key]] for key in parts[0]}


@pytest.fixture
def now() -> float:
    return datetime.now(UTC).timestamp()


def test_a_thousand_services_of_which_twenty_moved_take_140_calls(
    serve: Serve, dashborion: Cli, now: float
) -> None:
    objects = together(*(moved(f"moved{number}", now) for number in range(MOVED)))
    objects["services"] += [service(f"still{number}") for number in range(1000 - MOVED)]
    aws = serve(**objects)
    for _ in range(2):  # the second time, task definitions are known
        aws.spy.reset()
        seen = dashborion("timeline -o json")
        assert seen.exit_code == 0, seen.err
    rolled = [one for one in seen.json if one["kind"] == "rollout"]
    assert len(rolled) == MOVED
    assert {one["summary"] for one in rolled} == {"deployed 2 (image app:1.0 -> 2.0)"}
    (difference,) = rolled[0]["differences"]
    assert (difference["field"], difference["container"]) == ("image", "app")
    assert len(aws.spy.calls) <= 140, aws.spy.counts


def test_a_field_that_is_not_kept_on_disk_is_told_by_its_name(
    serve: Serve, dashborion: Cli, now: float
) -> None:
    objects = moved("web", now)
    app = objects["definitions"][0]["containerDefinitions"][0]
    mode = {"environment": [{"name": "MODE", "value": "hush"}]}
    objects["definitions"][1]["containerDefinitions"] = [app | mode]
    aws = serve(**objects)
    (told,) = dashborion("timeline -o json").json
    assert told["summary"] == "deployed 2 (variables.MODE)"
    (difference,) = told["differences"]
    assert (difference["field"], difference["hidden"]) == ("variables.MODE", True)
    aws.faults.deny("ecs:DescribeTaskDefinition")
    seen = dashborion("timeline --columns message --no-headers")
    assert (seen.exit_code, seen.lines) == (
        0, ["deployed 2 (other fields than images and resources)"],
    )  # fmt: skip
    assert "DescribeTaskDefinition" in seen.err


def test_who_did_it_is_what_cloudtrail_says_of_that_time(
    serve: Serve, dashborion: Cli, now: float
) -> None:
    trail = {"EventName": "UpdateService", "Username": "ana", "EventTime": now - 599}
    secret = {"CloudTrailEvent": '{"requestParameters": {"password": "hush"}}'}
    other = {**trail, "Username": "ben", "EventTime": now - 1200}
    aws = serve(**moved("web", now), trails=[{**trail, **secret}, other])
    seen = dashborion("timeline web --who -o json")
    assert [one["actor"] for one in seen.json] == [{"name": "ana", "via": "cloudtrail"}]
    assert "hush" not in seen.out + seen.err
    assert {name for name in aws.spy.counts if "cloudtrail" in name} == {"cloudtrail:LookupEvents"}
    aws.spy.reset()
    assert [one["actor"] for one in dashborion("timeline web -o json").json] == [None]
    assert aws.spy.of("cloudtrail:*") == []


def test_what_cloudtrail_does_not_know_yet_is_said(
    serve: Serve, dashborion: Cli, now: float
) -> None:
    serve(**moved("web", now))
    (entry,) = dashborion("timeline web --who -o json").json
    assert entry["actor"]["name"] == "not yet known"


def test_alarms_hooks_and_autoscaling_are_told(serve: Serve, dashborion: Cli, now: float) -> None:
    hook = {"hookId": "approval", "status": "AWAITING_ACTION", "expiresAt": now + 600}
    objects = moved(
        "web",
        now,
        status="IN_PROGRESS",
        lifecycleHookDetails=[hook],
        alarms={"status": "TRIGGERED", "triggeredAlarmNames": ["5xx"]},
    )
    scaled = {
        "ResourceId": f"service/{CLUSTER}/web",
        "Description": "Setting desired count to 4.",
        "Cause": "monitor alarm busy in state ALARM triggered policy by-cpu",
        "StartTime": now - 60,
        "StatusCode": "Successful",
    }
    serve(**objects, scalingActivities=[scaled, {**scaled, "ResourceId": "service/other/web"}])
    told = dashborion("timeline web -o json").json
    assert [(one["kind"], one["severity"], one["after"]) for one in told] == [
        ("rollout", "info", "web:2"),
        ("hook", "warning", None),
        ("alarm", "error", None),
        ("scale", "info", "4"),
    ]
    assert told[-1]["actor"] == {"name": "by-cpu", "via": "autoscaling"}
    only = dashborion("timeline --kind alarm,scale --columns kind --no-headers").out.split()
    assert only == ["alarm", "scale"]


@pytest.mark.parametrize(
    "operation",
    ["ecs:ListServiceDeployments", "ecs:ListTasks", "application-autoscaling:*", "cloudtrail:*"],
)
def test_what_may_not_be_read_costs_its_part(
    serve: Serve, dashborion: Cli, now: float, operation: str
) -> None:
    aws = serve(**moved("web", now))
    aws.faults.deny(operation)
    seen = dashborion("timeline web --who -o json")
    assert seen.exit_code in (0, 5)
    assert [one["kind"] for one in seen.json] == ["rollout"]
    assert "not authorized" in seen.err or "AccessDenied" in seen.err or "permission" in seen.err


def test_a_rollback_is_told_by_the_service_alone(serve: Serve, dashborion: Cli, now: float) -> None:
    """The newest deployment is listed first, and may be of the same second."""
    first, second = (arn("task-definition", f"web:{number}") for number in (1, 2))
    bad = {"id": "ecs-svc/2", "status": "INACTIVE", "rolloutState": "FAILED",
           "rolloutStateReason": "it crashed"}  # fmt: skip
    aws = serve(**moved("web", now))
    aws.objects["services"][0]["deployments"] = [
        deployment(taskDefinition=first, createdAt=now - 60, id="ecs-svc/3"),
        deployment(taskDefinition=second, createdAt=now - 60, updatedAt=now - 55, **bad),
    ]
    aws.faults.deny("ecs:ListServiceDeployments")
    told = dashborion("timeline web --kind rollout -o json").json
    assert [(one["summary"], one["after"]) for one in told] == [
        ("deployed 2", "web:2"),
        ("rolled back to 1 (image app:2.0 -> 1.0)", "web:1"),
        ("web:2 failed: it crashed", "web:2"),
    ]


def test_following_tells_what_comes_once(serve: Serve, dashborion: Cli, now: float) -> None:
    aws = serve(**moved("web", now))

    def scaled() -> None:
        aws.objects["scalingActivities"] = [
            {
                "ResourceId": f"service/{CLUSTER}/web",
                "Description": "Setting desired count to 4.",
                "StartTime": datetime.now(UTC).timestamp(),
                "StatusCode": "Successful",
            }
        ]

    def lost() -> None:
        aws.faults.deny("ecs:DescribeServices")

    dashborion.steps = [lambda: None, scaled, lambda: None, lost]
    seen = dashborion("timeline web -f -o json")
    assert seen.exit_code == 4, "what may not be read any more ends it"
    told = [json.loads(line) for line in seen.out.splitlines()]
    assert [one["kind"] for one in told] == ["rollout", "scale"]


@pytest.mark.parametrize("width", [80, 120])
def test_an_entry_is_one_line_on_a_terminal(
    serve: Serve, dashborion: Cli, now: float, width: int
) -> None:
    serve(**moved("web", now))
    lines = dashborion("timeline web", tty=True, width=width).out.splitlines()
    assert [line.split() for line in lines] == [
        ["AGE", "WORKLOAD", "KIND", "MESSAGE"],
        ["10m", "web", "rollout", *["deployed", "2", "(image", "app:1.0", "->", "2.0)"]],
    ]
    assert all(len(line) <= width for line in lines)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("no-such-thing", 3),
        ("--kind strange", 2),
        ("--since tomorrow", 2),
        ("--since 1h --until 2h", 2),
        ("-f --until 1m", 2),
        ("-f -o yaml", 2),
    ],
)
def test_what_cannot_be_told(
    serve: Serve, dashborion: Cli, now: float, words: str, code: int
) -> None:
    serve(**moved("web", now))
    seen = dashborion(f"timeline {words}")
    assert (seen.exit_code, seen.out) == (code, "")
