"""``reason`` or ``status`` is the word that kubectl prints; ``message`` explains it."""

from __future__ import annotations

import pytest

from dashborion.orchestrators.kubernetes.instances import state_word
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

DELETED = {"deletionTimestamp": "2024-05-01T10:00:00Z"}
NOWHERE = condition(
    "PodScheduled", "False", reason="Unschedulable", message="0/3 nodes are available"
)
UNREADY = condition(
    "Ready", "False", reason="ContainersNotReady", message="containers with unready status: [app]"
)
NO_CONTAINERS = {"phase": "Pending", "containerStatuses": None}


def test_a_plainly_running_pod_has_neither() -> None:
    found = instance(pod())
    assert (found.reason, found.message) == (None, None)


def test_a_plainly_pending_pod_has_neither() -> None:
    found = instance(pod(conditions=[], status=NO_CONTAINERS))
    assert (found.status, found.reason, found.message) == ("pending", None, None)


@pytest.mark.parametrize(
    ("statuses", "meta", "reason"),
    [
        pytest.param([waiting(reason="CrashLoopBackOff")], {}, "CrashLoopBackOff", id="waiting"),
        pytest.param([terminated(code=1, reason="Error")], {}, "Error", id="terminated"),
        pytest.param([running()], DELETED, "Terminating", id="deleted"),
    ],
)
def test_the_state_word_is_the_reason(statuses: list[Raw], meta: Raw, reason: str) -> None:
    assert instance(pod(*statuses, meta=meta)).reason == reason


@pytest.mark.parametrize(
    ("phase", "code", "reason"), [("Succeeded", 0, "Completed"), ("Failed", 1, "Error")]
)
def test_a_finished_pod_says_how_it_ended(phase: str, code: int, reason: str) -> None:
    found = instance(pod(terminated(code=code, reason=reason), status={"phase": phase}))
    assert (found.status, found.reason) == ("stopped", reason)


def test_an_unschedulable_pod_says_so_where_kubectl_says_pending() -> None:
    found = instance(pod(conditions=[NOWHERE], status=NO_CONTAINERS))
    assert (found.status, found.reason) == ("pending", "Unschedulable")
    assert found.message == "0/3 nodes are available"


def test_an_eviction_keeps_its_own_message() -> None:
    told = {
        "phase": "Failed",
        "reason": "Evicted",
        "message": "The node was low on resource: memory.",
        "containerStatuses": None,
        "conditions": None,
    }
    found = instance(pod(status=told))
    assert (found.status, found.reason) == ("stopped", "Evicted")
    assert found.message == "The node was low on resource: memory."


def test_reason_or_status_is_kubectls_word_when_a_phase_disagrees_with_its_containers() -> None:
    item = pod(reported("app", {}))
    found = instance(item)
    assert (found.status, found.reason, state_word(item)) == ("pending", "Running", "Running")


def test_a_waiting_container_explains_itself() -> None:
    said = "back-off 5m0s restarting failed container"
    item = pod(running("log"), waiting("web", "CrashLoopBackOff", said), conditions=[UNREADY])
    assert instance(item).message == said


def test_a_terminated_container_explains_itself() -> None:
    state = {"terminated": ending(1, "Error", message="no such table")}
    assert instance(pod(reported("app", state))).message == "no such table"


def test_of_two_waiting_containers_the_first_explains_as_it_names() -> None:
    one, two = waiting("a", "ErrImagePull", "no image"), waiting("b", "CrashLoopBackOff", "again")
    found = instance(pod(one, two))
    assert (found.reason, found.message) == ("ErrImagePull", "no image")


def test_a_failing_init_container_explains_before_those_that_wait_for_it() -> None:
    migrate = waiting("migrate", "CrashLoopBackOff", "back-off 10s")
    behind = waiting("app", "PodInitializing", "waits for init")
    item = pod(behind, init=[migrate], conditions=[condition("Initialized", "False")])
    assert instance(item).message == "back-off 10s"


def test_an_unready_pod_says_which_containers_are() -> None:
    item = pod(running(ready=False), conditions=[UNREADY])
    assert instance(item).message == "containers with unready status: [app]"


def test_a_completed_pod_is_not_blamed_for_being_unready() -> None:
    ended = terminated(code=0, reason="Completed")
    item = pod(ended, conditions=[UNREADY], status={"phase": "Succeeded"})
    assert instance(item).message is None


@pytest.mark.parametrize(
    ("app", "expected"),
    [
        pytest.param(running(), None, id="in a healthy pod"),
        pytest.param(
            waiting(reason="CrashLoopBackOff", message="back-off"), "back-off", id="crash"
        ),
    ],
)
def test_the_last_words_of_an_init_container_that_succeeded_explain_nothing(
    app: Raw, expected: str | None
) -> None:

    migrate = reported("migrate", {"terminated": ending(0, "Completed", message="3 migrations")})
    assert instance(pod(app, init=[migrate])).message == expected
