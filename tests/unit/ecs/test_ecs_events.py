"""A service's events: which are bad news, and in which order."""

from __future__ import annotations

from typing import Any

import pytest

from dashborion.models.event import EventType
from dashborion.orchestrators.ecs import events
from tests.unit.ecs.raw_ecs import ABSENT, ago, service


def event(message: str = "", minutes: float | None = 1) -> dict[str, Any]:
    when = {} if minutes is None else {"createdAt": ago(minutes=minutes)}
    return {"id": f"id-{minutes}", "message": message, **when}


@pytest.mark.parametrize(
    "message",
    [
        "(service web) has reached a steady state.",
        "(service web) has started 2 tasks: (task 1) (task 2).",
        "(service web) has stopped 1 running tasks: (task 1).",
        "(service web) registered 1 targets in (target-group arn:x)",
        "(service web) deregistered 1 targets in (target-group arn:x)",
        "(service web) has begun draining connections on 1 tasks.",
        "(service web) (deployment ecs-svc/1) deployment completed.",
        "(service web) updated computedDesiredCount for taskSet ecs-svc/1 to 2.",
    ],
)
def test_progress_is_a_normal_event(message: str) -> None:
    (found,) = events.events(service(events=[event(message)]))
    assert found.type is EventType.NORMAL


@pytest.mark.parametrize(
    "message",
    [
        "(service web) was unable to place a task because no container instance met all of it.",
        "(service web) is unable to consistently start tasks successfully.",
        "(service web) (port 8080) is unhealthy in (target-group arn:x) due to (reason [502]).",
        "(service web) (task 1) failed container health checks.",
        "(service web) (deployment ecs-svc/1) deployment failed: tasks failed to start.",
        "(service web) rolling back to deployment ecs-svc/1.",
        "(service web) operations are being throttled on elb. Will try again later.",
        "(service web) (deployment ecs-svc/1) deployment failed: alarm detected.",
        "(service web) is missing its capacity provider.",
        "(service web) has stopped tasks: An ERROR occurred.",
    ],
)
def test_trouble_is_a_warning_event(message: str) -> None:
    (found,) = events.events(service(events=[event(message)]))
    assert found.type is EventType.WARNING


@pytest.mark.parametrize("name", ["error-reporter", "failover", "alarms", "unable"])
def test_a_services_own_name_is_no_news(name: str) -> None:
    item = service(
        serviceName=name, events=[event(f"(service {name}) has reached a steady state.")]
    )
    assert events.events(item)[0].type is EventType.NORMAL


def test_the_newest_event_is_last() -> None:
    item = service(events=[event("c", 1), event("b", 2), event("a", 3)])
    assert [one.message for one in events.events(item)] == ["a", "b", "c"]


def test_of_one_moment_the_later_one_is_last() -> None:
    item = service(events=[event("second", 1), event("first", 1)])
    assert [one.message for one in events.events(item)] == ["first", "second"]


def test_an_event_without_a_time_is_no_trouble() -> None:
    item = service(events=[event("new", 1), event("x", None), event("y", None)])
    assert [one.message for one in events.events(item)][-1] == "new"


def test_what_an_event_is_about() -> None:
    (found,) = events.events(service(events=[event("x")]))
    assert (found.object, found.count, found.reason) == ("service/web", 1, None)
    assert found.timestamp == ago(minutes=1)


def test_no_events() -> None:
    assert events.events(service(events=ABSENT)) == []
