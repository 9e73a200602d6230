"""ECS is asked again and again: throttling, credentials that expire, what each look costs."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.faults.ecs.conftest import Serve
from tests.support.aws_objects import AwsObjects, definition, service, task
from tests.support.cli import Cli, Screen


@pytest.fixture
def aws(serve: Serve, monkeypatch: pytest.MonkeyPatch, naps: list[float]) -> AwsObjects:
    for name in ("FEW_SECONDS", "READS_A_SECOND"):
        value = 0.05 if name == "FEW_SECONDS" else 1000
        monkeypatch.setattr(f"dashborion.orchestrators.ecs.watched.{name}", value)
    monkeypatch.setattr("dashborion.orchestrators.aws.pace.READS_A_SECOND", 1000)
    return serve(
        services=[service("web"), service("api")],
        tasks=[task(1, "web")],
        definitions=[definition("web", {"name": "app", "image": "app:1"})],
    )


def watch(
    dashborion: Cli, *steps: tuple[str, Callable[[], object]]
) -> list[tuple[str, str | None]]:
    """What is told while these steps are taken, each when a text has been written."""
    left = list(steps)

    def enough(screen: Screen) -> bool:
        while left and left[0][0] in screen.getvalue():
            left.pop(0)[1]()
        return not left

    seen = dashborion("workloads list --watch -o json --interval 0", enough=enough)
    return [(one["change"], one.get("name")) for one in map(json.loads, seen.lines)]


SYNCED, DONE = '"synced"', lambda: None
FIRST = [("added", "api"), ("added", "web"), ("synced", None)]


def test_a_service_that_moves_comes_and_goes_is_told_once(dashborion: Cli, aws: AwsObjects) -> None:
    services = aws.objects["services"]
    told = watch(
        dashborion,
        (SYNCED, lambda: services[0].update(desiredCount=5)),
        ('"modified"', lambda: services.append(service("new"))),
        ('"new"', lambda: services.pop(1)),
        ('"deleted"', DONE),
    )
    assert told == [*FIRST, ("modified", "web"), ("added", "new"), ("deleted", "api")]


def test_throttling_loses_and_deletes_nothing(dashborion: Cli, aws: AwsObjects) -> None:
    def throttle() -> None:
        aws.faults.throttle("ecs:ListServices", times=12)
        aws.objects["services"][0].update(desiredCount=5)

    told = watch(dashborion, (SYNCED, throttle), ('"modified"', DONE))
    assert told == [*FIRST, ("modified", "web")]
    assert "ThrottlingException" in dashborion.raw_err or "throttled" in dashborion.raw_err


def test_a_token_that_expires_is_told_and_what_changed_meanwhile_is_not_lost(
    dashborion: Cli, aws: AwsObjects
) -> None:
    def expire() -> None:
        aws.faults.expire_token("ecs:ListServices")

    def log_in() -> None:
        aws.faults.clear()
        aws.objects["services"].pop(0)

    told = watch(dashborion, (SYNCED, expire), ('"failed"', log_in), ('"deleted"', DONE))
    assert told[:3] == FIRST
    assert [one for one in told[3:] if one[0] != "synced"] == [("failed", None), ("deleted", "web")]
