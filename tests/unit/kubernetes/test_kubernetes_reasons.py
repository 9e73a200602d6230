"""Why a workload is not as it should be: its instances' troubles, grouped, then its conditions."""

from __future__ import annotations

from datetime import datetime

import pytest

from dashborion.models.event import Event, EventType
from dashborion.models.instance import Instance
from dashborion.models.workload import Reason
from dashborion.orchestrators.kubernetes import reasons as rules
from dashborion.orchestrators.kubernetes.reasons import Facts
from tests.unit.kubernetes.raw_kubernetes import (
    Raw,
    condition,
    ending,
    instance,
    pod,
    running,
    terminated,
    waiting,
)
from tests.unit.kubernetes.raw_kubernetes_workloads import OVERDUE, deployment

KILLED = {"terminated": ending(137, "OOMKilled")}
UNREADY = [condition("Ready", "False", reason="ContainersNotReady", message="unready: [app]")]


def pod_instance(name: str, *statuses: Raw, **more: object) -> Instance:
    return instance(pod(*statuses, meta={"name": name}, **more))  # type: ignore[arg-type]


def crashing(name: str, message: str = "back-off") -> Instance:
    return pod_instance(name, waiting(reason="CrashLoopBackOff", message=message))


def reasons(*instances: Instance, events: list[Event] | None = None) -> list[Reason]:
    return rules.reasons(Facts(item=deployment(), instances=instances, events=events or []))


def event_of(name: str, time: str) -> Event:
    return Event(
        timestamp=datetime.fromisoformat(time),
        type=EventType.WARNING,
        reason="BackOff",
        message="",
        object=f"pod/{name}",
        count=1,
    )


def test_healthy_instances_have_none() -> None:
    assert reasons(pod_instance("a"), pod_instance("b")) == []


def test_instances_are_grouped_by_reason_the_largest_group_first() -> None:
    stuck = pod_instance("z", waiting(reason="ImagePullBackOff"))
    found = reasons(stuck, crashing("a"), crashing("b"))
    assert [(item.reason, item.count, item.instances) for item in found] == [
        ("CrashLoopBackOff", 2, ["a", "b"]),
        ("ImagePullBackOff", 1, ["z"]),
    ]


def test_one_message_stands_for_a_group() -> None:
    (found,) = reasons(crashing("a", "back-off 10s"), crashing("b", ""))
    assert found.message == "back-off 10s"


@pytest.mark.parametrize("reason", ["Completed", "ContainerCreating", "Terminating"])
def test_ordinary_states_are_no_reasons(reason: str) -> None:
    items = {
        "Completed": pod_instance(
            "a", terminated(reason="Completed"), status={"phase": "Succeeded"}
        ),
        "ContainerCreating": pod_instance("a", waiting(reason="ContainerCreating")),
        "Terminating": instance(pod(meta={"deletionTimestamp": "2024-05-01T10:00:00Z"})),
    }
    assert items[reason].reason == reason
    assert reasons(items[reason]) == []


@pytest.mark.parametrize("reason", ["PodInitializing", "Init:0/1"])
def test_initializing_is_ordinary_too(reason: str) -> None:

    # init container lists its progress as what is wrong.
    init = [running("migrate")] if reason == "Init:0/1" else [terminated("migrate", 0)]
    conditions = [condition("Initialized", "False" if reason == "Init:0/1" else "True")]
    item = pod_instance("a", waiting(reason="PodInitializing"), init=init, conditions=conditions)
    assert item.reason == reason
    assert reasons(item) == []


def test_an_init_container_that_fails_is_a_reason() -> None:
    conditions = [condition("Initialized", "False")]
    init = [waiting("migrate", "CrashLoopBackOff")]
    item = pod_instance("a", waiting(reason="PodInitializing"), init=init, conditions=conditions)
    assert [found.reason for found in reasons(item)] == ["Init:CrashLoopBackOff"]


def test_a_past_end_is_a_reason_although_the_container_runs_again() -> None:
    (found,) = reasons(pod_instance("a", running(restartCount=1, lastState=KILLED)))
    assert (found.reason, found.message) == ("OOMKilled", "app exited with 137")


def test_a_past_end_speaks_for_itself_where_it_left_words() -> None:
    last = {"terminated": ending(1, "Error", message="no such table")}
    (found,) = reasons(pod_instance("a", running(lastState=last)))
    assert (found.reason, found.message) == ("Error", "no such table")


def test_a_past_completion_is_ordinary() -> None:
    last = {"terminated": ending(0, "Completed")}
    assert reasons(pod_instance("a", running(lastState=last))) == []


def test_a_crash_comes_before_its_cause() -> None:
    item = pod_instance("a", waiting(reason="CrashLoopBackOff", lastState=KILLED))
    assert [found.reason for found in reasons(item)] == ["CrashLoopBackOff", "OOMKilled"]


def test_two_containers_with_the_same_past_count_an_instance_once() -> None:
    item = pod_instance("a", running("app", lastState=KILLED), running("log", lastState=KILLED))
    (found,) = reasons(item)
    assert (found.count, found.instances, found.message) == (1, ["a"], "app exited with 137")


def test_unready_without_another_reason_is_one() -> None:
    (found,) = reasons(pod_instance("a", running(ready=False), conditions=UNREADY))
    assert (found.reason, found.message) == ("NotReady", "unready: [app]")


def test_unready_with_another_reason_is_that_one() -> None:
    item = pod_instance("a", running(ready=False, lastState=KILLED), conditions=UNREADY)
    assert [found.reason for found in reasons(item)] == ["OOMKilled"]


def test_a_reason_was_last_seen_when_one_of_its_instances_was_last_heard_of() -> None:
    events = [
        event_of("a", "2024-05-01T11:00:00+00:00"),
        event_of("b", "2024-05-01T12:00:00+00:00"),
    ]
    (found,) = reasons(crashing("a"), crashing("b"), events=events)
    assert str(found.last_seen) == "2024-05-01 12:00:00+00:00"


def test_a_past_end_is_a_time_too_and_creation_the_last_resort() -> None:
    killed = pod_instance("a", running(lastState=KILLED))
    assert str(reasons(killed)[0].last_seen) == "2024-05-01 09:00:00+00:00"
    assert str(reasons(crashing("a"))[0].last_seen) == "2024-05-01 08:00:00+00:00"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        pytest.param(OVERDUE, "ProgressDeadlineExceeded", id="Progressing"),
        pytest.param(
            condition("Available", "False", reason="MinimumReplicasUnavailable"),
            "MinimumReplicasUnavailable",
            id="Available",
        ),
        pytest.param(
            condition("ReplicaFailure", "True", reason="FailedCreate"), "FailedCreate", id="Failure"
        ),
        pytest.param(condition("Available", "False"), "Available", id="without a reason"),
        pytest.param(condition("Available", "True", reason="Fine"), None, id="fine"),
        pytest.param(condition("Progressing", "Unknown", reason="Paused"), None, id="unknown"),
        pytest.param(condition("ReplicaFailure", "False"), None, id="failure over"),
    ],
)
def test_the_workloads_own_conditions_come_last(said: Raw, reason: str | None) -> None:
    item = deployment(status={"conditions": [said]})
    found = rules.reasons(Facts(item=item, instances=[crashing("a")]))
    expected = ["CrashLoopBackOff", *([reason] if reason else [])]
    assert [one.reason for one in found] == expected


def test_a_condition_was_seen_when_it_was_last_updated() -> None:
    (found,) = rules.reasons(Facts(item=deployment(status={"conditions": [OVERDUE]})))
    assert str(found.last_seen) == "2024-05-01 08:01:00+00:00"
    assert (found.message, found.instances, found.count) == (OVERDUE["message"], [], 1)
