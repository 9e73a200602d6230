"""The pod's one word, before its containers have a say and after all is over."""

from __future__ import annotations

import pytest

from dashborion.orchestrators.kubernetes.instances import state_word
from tests.unit.kubernetes.raw_kubernetes import Raw, condition, pod, running, terminated, waiting

DELETED = {"deletionTimestamp": "2024-05-01T10:00:00Z", "deletionGracePeriodSeconds": 30}
GATED = condition("PodScheduled", "False", reason="SchedulingGated", message="blocked by gates")
NOWHERE = condition("PodScheduled", "False", reason="Unschedulable", message="0/3 nodes")


@pytest.mark.parametrize("phase", ["Pending", "Running", "Succeeded", "Failed", "Unknown"])
def test_the_phase_stands_where_nothing_is_more_particular(phase: str) -> None:
    item = pod(status={"phase": phase, "containerStatuses": None})
    assert state_word(item) == phase


@pytest.mark.parametrize(
    "reason",
    ["Evicted", "NodeLost", "Preempting", "UnexpectedAdmissionError", "DeadlineExceeded"],
)
def test_the_pods_own_reason_overwrites_the_phase(reason: str) -> None:
    item = pod(status={"phase": "Failed", "reason": reason, "containerStatuses": None})
    assert state_word(item) == reason


def test_an_empty_reason_overwrites_nothing() -> None:
    assert state_word(pod(status={"reason": ""})) == "Running"


def test_a_scheduling_gate_overwrites_phase_and_reason() -> None:
    status = {"phase": "Pending", "reason": "Whatever", "containerStatuses": []}
    assert state_word(pod(conditions=[GATED], status=status)) == "SchedulingGated"


def test_an_unschedulable_pod_is_pending_in_kubectls_words() -> None:
    item = pod(conditions=[NOWHERE], status={"phase": "Pending", "containerStatuses": []})
    assert state_word(item) == "Pending"


def test_a_gate_on_another_condition_says_nothing() -> None:
    other = condition("Ready", "False", reason="SchedulingGated")
    item = pod(conditions=[other], status={"phase": "Pending", "containerStatuses": []})
    assert state_word(item) == "Pending"


def test_a_container_overwrites_the_pods_own_reason() -> None:
    item = pod(terminated(code=137, reason="OOMKilled"), status={"reason": "Evicted"})
    assert state_word(item) == "OOMKilled"


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(running(), id="running"),
        pytest.param(waiting(reason="CrashLoopBackOff"), id="crash looping"),
        pytest.param(terminated(code=1, reason="Error"), id="terminated"),
    ],
)
def test_deletion_overwrites_what_the_containers_say(status: Raw) -> None:
    assert state_word(pod(status, meta=DELETED)) == "Terminating"


def test_deletion_overwrites_initialization() -> None:
    item = pod(waiting(reason="PodInitializing"), init=[running("migrate")], meta=DELETED)
    assert state_word(item) == "Terminating"


@pytest.mark.parametrize(
    ("phase", "code", "reason"), [("Succeeded", 0, "Completed"), ("Failed", 1, "Error")]
)
def test_a_finished_pod_that_is_being_deleted_is_not_terminating(
    phase: str, code: int, reason: str
) -> None:
    item = pod(terminated(code=code, reason=reason), status={"phase": phase}, meta=DELETED)
    assert state_word(item) == reason


@pytest.mark.parametrize("phase", ["Running", "Pending", "Failed"])
def test_a_deleted_pod_on_a_lost_node_is_unknown_whatever_its_phase(phase: str) -> None:
    item = pod(status={"phase": phase, "reason": "NodeLost"}, meta=DELETED)
    assert state_word(item) == "Unknown"


def test_a_pod_on_a_lost_node_that_nobody_deleted_says_so() -> None:
    assert state_word(pod(status={"reason": "NodeLost"})) == "NodeLost"
