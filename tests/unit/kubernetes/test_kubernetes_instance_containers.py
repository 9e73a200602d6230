"""An instance's containers: which, in what order, and in what state."""

from __future__ import annotations

from typing import Any

import pytest

from dashborion.models.instance import Container, Termination
from dashborion.orchestrators.kubernetes import runs, wire
from dashborion.render.views.instances import INSTANCES
from tests.unit.kubernetes.raw_kubernetes import (
    ABSENT,
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


def test_an_ephemeral_container_is_one_that_does_not_count_as_ready() -> None:
    debugger = {"name": "debugger", "image": "x/busybox:1"}
    found = instance(
        pod(
            running(),
            spec={"ephemeralContainers": [debugger]},
            status={"ephemeralContainerStatuses": [terminated("debugger", 137, "Error")]},
        )
    )
    assert [(one.name, one.init, one.status) for one in found.containers] == [
        ("app", False, "running"),
        ("debugger", True, "stopped"),
    ]
    assert INSTANCES.column("ready").value(found) == "1/1"
    assert (found.status, found.reason, found.restarts) == ("running", None, 0)


@pytest.mark.parametrize("ids", [True, False], ids=["ids", "none, as of a virtual kubelet"])
def test_a_container_without_an_id_has_a_log_too(*, ids: bool) -> None:
    def of(state: Raw, **more: Any) -> wire.Pod:
        id_ = {} if ids else {"containerID": ABSENT}
        return pod(reported("app", state, **(id_ | more)))

    last = {"terminated": ending(1) if ids else ending(1, containerID="")}
    first = runs.latest_run(of({"running": {}}), "app")
    ended = runs.latest_run(of({"waiting": {}}, restartCount=1, lastState=last), "app")
    second_pod = of({"running": {}}, restartCount=1, lastState=last)
    second = runs.latest_run(second_pod, "app")
    assert first
    assert ended
    assert second
    assert (first.restarts, ended.restarts, second.restarts) == (0, 0, 1)
    assert ids or first.id == ended.id != second.id
    assert runs.previous_run_id(second_pod, "app") == ended.id
    assert runs.latest_run(of({"waiting": {}}, containerID=ABSENT), "app") is None
