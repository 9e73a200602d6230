"""Containers that end or cannot be started: what is a cause, how bad, and what is none."""

from __future__ import annotations

from typing import Any

import pytest

from dashborion.orchestrators.kubernetes import wire
from tests.unit.kubernetes.raw_kubernetes import (
    Raw,
    condition,
    decode,
    ending,
    pod,
    running,
    terminated,
    waiting,
)
from tests.unit.kubernetes.raw_kubernetes_causes import ago, codes, event, found

KILLED = "Stopping container app"


def crashing(code: int, reason: str = "Error", restarts: int = 4) -> Raw:
    ended = ending(code, reason, startedAt=ago(minutes=3), finishedAt=ago(minutes=2))
    waits = {"reason": "CrashLoopBackOff", "message": "back-off 2m40s"}
    return waiting(**waits, restartCount=restarts, lastState={"terminated": ended})


def again(code: int, *, restarts: int, began: str, ended: str, reason: str = "Error") -> Raw:
    """A container that runs after such an end."""
    past = ending(code, reason, startedAt=began, finishedAt=ended)
    return running(restartCount=restarts, lastState={"terminated": past})


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (crashing(0, "Completed"), "exit-0", "CrashLoopBackOff"),
        (crashing(3), "exit", "CrashLoopBackOff"),
        (crashing(137, "OOMKilled"), "oom", "OOMKilled"),
        (crashing(137), "exit-137", "CrashLoopBackOff"),
        (crashing(143), "exit-143", "CrashLoopBackOff"),
        (terminated(code=3, reason="Error"), "exit", "Error"),
    ],
)
def test_an_end_is_a_cause(status: Raw, code: str, reason: str) -> None:
    (finding,) = found(pod(status))
    assert (finding.code, finding.reason, finding.container) == (code, reason, "app")
    assert finding.severity is None
    assert finding.evidence[0].field.endswith("terminated.exitCode")


def test_an_end_has_its_code_and_container_where_the_pod_has_the_same_reason() -> None:
    (finding,) = found(pod(terminated(code=5, reason="Error"), status={"phase": "Failed"}))
    assert (finding.message, finding.evidence[0].value) == ("app exited with 5", "5")


@pytest.mark.parametrize(
    ("status", "severity"),
    [
        (again(3, restarts=1, began=ago(days=2), ended=ago(minutes=3)), "warning"),
        (again(3, restarts=7, began=ago(minutes=5), ended=ago(minutes=3)), None),
        (again(3, restarts=7, began=ago(minutes=70), ended=ago(minutes=40)), None),
        (again(3, restarts=7, began=ago(hours=30), ended=ago(minutes=3)), "warning"),
        (again(3, restarts=7, began=ago(minutes=55), ended=ago(minutes=50)), "warning"),
    ],
    ids=["first-end", "loop", "slow-loop", "seldom", "mended"],
)
def test_what_runs_again_is_a_warning_unless_it_goes_on_ending(
    status: Raw, severity: str | None
) -> None:
    (finding,) = found(pod(status))
    assert finding.severity == severity
    assert finding.stands is (severity is None)


def test_a_run_that_never_began_makes_a_loop_too() -> None:
    """It is said to have begun in 1970."""
    past = ending(128, "StartError", startedAt="1970-01-01T00:00:00Z", finishedAt=ago(minutes=1),
                  message='exec: "/app": permission denied')  # fmt: skip
    status = waiting(reason="CrashLoopBackOff", restartCount=3, lastState={"terminated": past})
    (finding,) = found(pod(status))
    assert (finding.code, finding.reason) == ("exit-126", "StartError")
    assert finding.message == 'exec: "/app": permission denied'


@pytest.mark.parametrize(
    "item",
    [
        pod(),
        pod(terminated(), status={"phase": "Succeeded"}, spec={"restartPolicy": "OnFailure"}),
        pod(terminated(restartCount=2), spec={"restartPolicy": "OnFailure"}),
        pod(init=[terminated("before", lastState={"terminated": ending(1)}, restartCount=3)]),
        pod(crashing(137), meta={"deletionTimestamp": ago(seconds=5)}),
        pod(crashing(137), status={"phase": "Failed", "reason": "Evicted"}),
        pod(crashing(143), conditions=[condition("DisruptionTarget")]),
        pod(again(143, restarts=1, began=ago(days=2), ended=ago(minutes=3))),
        pod(again(0, restarts=1, began=ago(days=2), ended=ago(minutes=3), reason="Completed")),
    ],
    ids=["well", "done", "one-of-two-done", "init-done", "deleted", "evicted", "disrupted",
         "asked-once", "ended-once"],
)  # fmt: skip
def test_other_ends_are_no_causes(item: wire.Pod) -> None:
    assert set(codes(item)) <= {"evicted"}


@pytest.mark.parametrize("message", [KILLED, "Container app definition changed, will be restarted"])
def test_what_the_kubelet_has_stopped_is_no_cause(message: str) -> None:
    killing = event("Killing", message, at=ago(minutes=2, seconds=30))
    assert codes(pod(crashing(137)), events=[killing]) == []


def test_what_was_stopped_in_an_earlier_run_says_nothing_of_this_end() -> None:
    killing = event("Killing", KILLED, at=ago(minutes=20))
    assert codes(pod(crashing(137)), events=[killing]) == ["exit-137"]


def test_events_of_a_pod_that_had_the_name_before_say_nothing() -> None:
    killing = event("Killing", KILLED, at=ago(minutes=2, seconds=30))
    killing["involvedObject"]["uid"] = "of-another"
    assert codes(pod(crashing(137)), events=[killing]) == ["exit-137"]


@pytest.mark.parametrize(
    ("init", "sidecars", "code"),
    [
        (terminated("before", 4, "Error"), (), "init-failed"),
        (terminated("before", 137, "OOMKilled"), (), "oom"),
        (terminated("side", 4, "Error", restartCount=1), ("side",), "exit"),
    ],
    ids=["fails", "out-of-memory", "sidecar"],
)
def test_an_init_container_that_fails(init: Raw, sidecars: tuple[str, ...], code: str) -> None:
    assert codes(pod(waiting(reason="PodInitializing"), init=[init], sidecars=sidecars)) == [code]


@pytest.mark.parametrize(("pressure", "code"), [("True", "oom-node"), ("Unknown", "exit-137")])
def test_a_kill_on_a_node_without_memory(pressure: str, code: str) -> None:
    raw = {"metadata": {"name": "node-a"},
           "status": {"conditions": [condition("MemoryPressure", pressure)]}}  # fmt: skip
    nodes = {"node-a": decode(wire.Node, raw)}
    assert codes(pod(crashing(137)), nodes=nodes) == [code]


@pytest.mark.parametrize(
    ("reason", "message", "code"),
    [
        ("RunContainerError", 'exec: "nothing": executable file not found', "exit-127"),
        ("RunContainerError", "mkdir /etc/passwd: not a directory", "create-failed"),
        ("CreateContainerError", "context deadline exceeded", "create-failed"),
        ("PostStartHookError", "exit status 9", "hook-failed"),
        ("NobodyKnows", "what it is", "other"),
    ],
)
def test_a_container_that_cannot_be_started(reason: str, message: str, code: str) -> None:
    (finding,) = found(pod(waiting(reason=reason, message=message)))
    assert (finding.code, finding.reason, finding.message) == (code, reason, message)


def test_the_limit_of_what_ran_out_of_memory_is_named() -> None:
    limits: dict[str, Any] = {"name": "app", "resources": {"limits": {"memory": "64Mi"}}}
    (finding,) = found(pod(crashing(137, "OOMKilled"), spec={"containers": [limits]}))
    assert finding.message == "app was killed at its memory limit of 64Mi"


def test_ends_of_debug_containers_are_nobodys() -> None:
    debugging = {"ephemeralContainerStatuses": [terminated("debugger", 1, "Error")]}
    assert codes(pod(status=debugging)) == []
