"""Revisions and autoscaling."""

from __future__ import annotations

from typing import Any

import pytest

from dashborion.orchestrators.ecs import normalise, wire
from tests.unit.ecs.raw_ecs import (
    ABSENT,
    HEAD,
    ago,
    container_definition,
    convert,
    definition,
    service,
)


def arn(number: int) -> str:
    return f"{HEAD}:task-definition/web:{number}"


def scalable(**change: Any) -> wire.ScalableTarget:
    base = {
        "ServiceNamespace": "ecs",
        "ResourceId": "service/homebox-staging/web",
        "ScalableDimension": "ecs:service:DesiredCount",
        "MinCapacity": 2,
        "MaxCapacity": 6,
        "RoleARN": "arn:aws:iam::123456789012:role/scaling",
        "CreationTime": ago(days=1),
    }
    return convert(wire.ScalableTarget, base | change)


def suspended(*, inward: bool, outward: bool) -> dict[str, Any]:
    states = {"DynamicScalingInSuspended": inward, "DynamicScalingOutSuspended": outward}
    return {"SuspendedState": {**states, "ScheduledScalingSuspended": False}}


def test_revisions_are_in_the_order_of_their_numbers() -> None:
    made = [definition(taskDefinitionArn=arn(number)) for number in (9, 10, 2)]
    found = normalise.revisions(made, arn(9))
    assert [(one.revision, one.current) for one in found] == [
        ("web:2", False),
        ("web:9", True),
        ("web:10", False),
    ]


def test_a_revision_has_its_images_and_its_age() -> None:
    made = definition(container_definition("app"), container_definition("proxy"))
    (found,) = normalise.revisions([made], made.task_definition_arn)
    assert found.images == ["registry.example.com/app:1.4.2", "registry.example.com/proxy:1.4.2"]
    assert found.created_at == ago(days=3)


def test_old_definitions_do_not_say_when_they_were_made() -> None:
    (found,) = normalise.revisions([definition(registeredAt=ABSENT)], "")
    assert found.created_at is None


def test_an_autoscaler_has_bounds_and_a_name() -> None:
    found = normalise.autoscaling(scalable(), service(desiredCount=3, runningCount=2))
    assert found is not None
    assert (found.min, found.max, found.current, found.desired) == (2, 6, 2, 3)
    assert found.source == "application-autoscaling/service/homebox-staging/web"
    assert found.suspended is False


@pytest.mark.parametrize(
    ("inward", "outward", "expected"),
    [(True, True, True), (True, False, False), (False, True, False), (False, False, False)],
)
def test_autoscaling_is_suspended_in_both_directions_only(
    *, inward: bool, outward: bool, expected: bool
) -> None:
    found = normalise.autoscaling(scalable(**suspended(inward=inward, outward=outward)), service())
    assert found is not None
    assert found.suspended is expected


def test_no_autoscaler() -> None:
    assert normalise.autoscaling(None, service()) is None
