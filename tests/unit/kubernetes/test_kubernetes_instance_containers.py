"""An instance's containers: which, in what order, and in what state."""

from __future__ import annotations

import pytest

from dashborion.models.instance import Container, Termination
from tests.unit.kubernetes.raw_kubernetes import (
    Raw,
    condition,
    ending,
    instance,
    pod,
    reported,
    running,
    terminated,
    waiting,
)

UNINITIALIZED = [condition("Initialized", "False")]


def only_container(status: Raw) -> Container:
    (found,) = instance(pod(status)).containers
    return found


@pytest.mark.parametrize(
    ("state", "status", "reason", "code"),
    [
        pytest.param({"running": {"startedAt": None}}, "running", None, None, id="running"),
        pytest.param({"waiting": {"reason": "ErrImagePull"}}, "pending", "ErrImagePull", None),
        pytest.param({"waiting": {}}, "pending", None, None, id="waiting"),
        pytest.param({}, "pending", None, None, id="no state"),
        pytest.param({"terminated": ending(0, "Completed")}, "stopped", "Completed", 0),
        pytest.param({"terminated": ending(143)}, "stopped", "ExitCode:143", 143),
        pytest.param({"terminated": ending(139, signal=11)}, "stopped", "Signal:11", 139),
    ],
)
def test_the_state_of_a_container(
    state: Raw, status: str, reason: str | None, code: int | None
) -> None:
    found = only_container(reported("app", state))
    assert (found.status, found.reason, found.exit_code) == (status, reason, code)


def test_readiness_and_restarts_are_the_containers_own() -> None:
    found = only_container(running(ready=False, restartCount=4))
    assert (found.ready, found.restarts) == (False, 4)
    assert only_container(running()).ready


def test_an_out_of_memory_kill_stays_visible_on_a_container_that_runs_again() -> None:
    last = {"terminated": ending(137, "OOMKilled", message="too much")}
    found = only_container(running(restartCount=1, lastState=last))
    assert (found.status, found.reason, found.exit_code) == ("running", None, None)
    assert found.last_termination is not None
    ended = found.last_termination.finished_at
    assert ended is not None
    assert ended.isoformat() == "2024-05-01T09:00:00+00:00"
    assert found.last_termination == Termination(
        reason="OOMKilled", exit_code=137, message="too much", finished_at=ended
    )


@pytest.mark.parametrize(
    ("ended", "reason"),
    [
        pytest.param(ending(139, None, signal=11), "Signal:11", id="signal"),
        pytest.param(ending(137, ""), "ExitCode:137", id="exit code"),
    ],
)
def test_a_past_end_without_a_reason_is_named_like_a_present_one(ended: Raw, reason: str) -> None:
    found = only_container(running(lastState={"terminated": ended}))
    assert found.last_termination is not None
    assert found.last_termination.reason == reason


def test_no_past_end_is_null() -> None:
    assert only_container(running()).last_termination is None
    assert only_container(running(lastState={"waiting": {}})).last_termination is None


def test_regular_ones_come_first_then_sidecars_then_unfinished_init_ones() -> None:
    init = [terminated("fetch", 0), running("proxy"), terminated("migrate", 1)]
    item = pod(
        waiting("web", "PodInitializing"), init=init, sidecars={"proxy"}, conditions=UNINITIALIZED
    )
    found = instance(item).containers
    assert [(one.name, one.init) for one in found] == [
        ("web", False),
        ("proxy", False),
        ("migrate", True),
    ]


def test_a_container_without_status_is_pending() -> None:
    (found,) = instance(pod(status={"phase": "Pending", "containerStatuses": None})).containers
    assert (found.name, found.status, found.ready, found.restarts) == ("app", "pending", False, 0)


def test_specification_gives_the_order_and_the_image() -> None:
    item = pod(
        running("log", image="docker.io/library/log@sha256:1"),
        running("app"),
        spec={"containers": [{"name": "app", "image": "app:2"}, {"name": "log", "image": "log"}]},
    )
    found = instance(item).containers
    assert [(one.name, one.image) for one in found] == [("app", "app:2"), ("log", "log")]
