"""The containers' part in the pod's word: from last to first, so that the first one wins."""

from __future__ import annotations

import pytest

from dashborion.orchestrators.kubernetes.instances import state_word
from tests.unit.kubernetes.raw_kubernetes import (
    Raw,
    condition,
    ending,
    pod,
    reported,
    running,
    terminated,
    waiting,
)

UNREADY = [condition("Ready", "False", reason="ContainersNotReady")]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        *(
            pytest.param({"waiting": {"reason": reason}}, reason, id=reason)
            for reason in (
                "ContainerCreating",
                "CrashLoopBackOff",
                "ImagePullBackOff",
                "ErrImagePull",
                "InvalidImageName",
                "ErrImageNeverPull",
                "RegistryUnavailable",
                "CreateContainerConfigError",
                "CreateContainerError",
                "RunContainerError",
            )
        ),
        pytest.param({"terminated": ending(0, "Completed")}, "Completed", id="completed"),
        pytest.param({"terminated": ending(137, "OOMKilled", signal=9)}, "OOMKilled", id="reason"),
        pytest.param({"terminated": ending(137, "", signal=9)}, "Signal:9", id="signal"),
        pytest.param({"terminated": ending(3, None)}, "ExitCode:3", id="exit code"),
        pytest.param({"terminated": ending(0, None)}, "ExitCode:0", id="exit code zero"),
        pytest.param(
            {"waiting": {"reason": "CrashLoopBackOff"}, "terminated": ending(1, "Error")},
            "CrashLoopBackOff",
            id="waiting before terminated",
        ),
        pytest.param(
            {"waiting": {}, "terminated": ending(1, "Error")},
            "Error",
            id="terminated where waiting has no reason",
        ),
        pytest.param({"waiting": {"reason": ""}}, "Running", id="waiting for nothing said"),
        pytest.param({"running": {"startedAt": None}}, "Running", id="running"),
        pytest.param({}, "Running", id="no state"),
    ],
)
def test_the_state_word_of_one_container(state: Raw, expected: str) -> None:
    assert state_word(pod(reported("app", state))) == expected


def test_of_two_that_fail_the_first_wins() -> None:
    first, second = waiting("app", "CrashLoopBackOff"), waiting("log", "ImagePullBackOff")
    assert state_word(pod(first, second)) == "CrashLoopBackOff"
    assert state_word(pod(second, first)) == "ImagePullBackOff"


@pytest.mark.parametrize("turn", [1, -1], ids=["fails first", "fails last"])
def test_a_failing_container_gives_the_word_beside_a_running_one(turn: int) -> None:
    statuses = [waiting("app", "CrashLoopBackOff"), running("log")][::turn]
    assert state_word(pod(*statuses)) == "CrashLoopBackOff"


@pytest.mark.parametrize("turn", [1, -1], ids=["done first", "done last"])
def test_one_completed_beside_one_running_is_running_when_the_pod_is_ready(turn: int) -> None:
    statuses = [terminated("job", 0, "Completed"), running("log")][::turn]
    assert state_word(pod(*statuses)) == "Running"


@pytest.mark.parametrize(
    "conditions",
    [
        pytest.param(UNREADY, id="false"),
        pytest.param([condition("Ready", "Unknown")], id="unknown"),
        pytest.param([condition("Initialized")], id="unsaid"),
    ],
)
def test_one_completed_beside_one_running_is_not_ready_otherwise(conditions: list[Raw]) -> None:
    item = pod(terminated("job", 0, "Completed"), running("log"), conditions=conditions)
    assert state_word(item) == "NotReady"


def test_running_without_being_ready_does_not_hide_a_completed_container() -> None:
    item = pod(terminated("job", 0, "Completed"), running("log", ready=False), conditions=UNREADY)
    assert state_word(item) == "Completed"


def test_a_failed_second_container_shows_behind_a_completed_first_one() -> None:
    item = pod(terminated("job", 0, "Completed"), terminated("log", 1, "Error"))
    assert state_word(item) == "Error"


def test_an_unready_running_container_keeps_the_phases_word() -> None:
    assert state_word(pod(running(ready=False), conditions=UNREADY)) == "Running"


def test_a_past_termination_does_not_name_a_running_pod() -> None:
    item = pod(running(restartCount=1, lastState={"terminated": ending(137, "OOMKilled")}))
    assert state_word(item) == "Running"
