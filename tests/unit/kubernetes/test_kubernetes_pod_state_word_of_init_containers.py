"""``Init:…``: the first init container that is not done names the pod's state."""

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

UNINITIALIZED = [condition("Initialized", "False", reason="ContainersNotInitialized")]
BEHIND = waiting(reason="PodInitializing")
DONE = terminated("fetch", 0, "Completed")


def init_word(*init: Raw, sidecars: tuple[str, ...] = (), app: Raw = BEHIND) -> str:
    pending = {"phase": "Pending"}
    return state_word(
        pod(app, init=init, sidecars=sidecars, conditions=UNINITIALIZED, status=pending)
    )


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        pytest.param({"terminated": ending(1, "Error")}, "Init:Error", id="reason"),
        pytest.param(
            {"terminated": ending(137, "OOMKilled", signal=9)}, "Init:OOMKilled", id="reason first"
        ),
        pytest.param({"terminated": ending(137, None, signal=9)}, "Init:Signal:9", id="signal"),
        pytest.param({"terminated": ending(3, "")}, "Init:ExitCode:3", id="exit code"),
        pytest.param(
            {"waiting": {"reason": "CrashLoopBackOff"}}, "Init:CrashLoopBackOff", id="back-off"
        ),
        pytest.param(
            {"waiting": {"reason": "ImagePullBackOff"}}, "Init:ImagePullBackOff", id="image"
        ),
        pytest.param({"waiting": {"reason": "PodInitializing"}}, "Init:0/1", id="not yet"),
        pytest.param({"waiting": {}}, "Init:0/1", id="waiting without a reason"),
        pytest.param({"running": {"startedAt": None}}, "Init:0/1", id="running"),
        pytest.param({}, "Init:0/1", id="no state"),
    ],
)
def test_the_state_word_of_one_init_container(state: Raw, expected: str) -> None:
    assert init_word(reported("migrate", state)) == expected


def test_finished_init_containers_are_counted() -> None:
    later = waiting("warm", "PodInitializing")
    assert init_word(DONE, running("migrate"), later) == "Init:1/3"


def test_the_first_unfinished_init_container_hides_those_after_it() -> None:
    broken = waiting("warm", "CrashLoopBackOff")
    assert init_word(DONE, running("migrate"), broken) == "Init:1/3"


def test_success_needs_exit_code_zero_not_a_reason() -> None:
    assert init_word(terminated("fetch", 2, "Completed")) == "Init:Completed"


def test_initialization_hides_the_containers_behind_it() -> None:
    crashed = waiting(reason="CrashLoopBackOff")
    assert init_word(running("migrate"), app=crashed) == "Init:0/1"


def test_all_done_leaves_the_word_to_the_containers() -> None:
    assert init_word(DONE) == "PodInitializing"


def test_a_started_sidecar_is_done_and_counts() -> None:
    assert init_word(running("proxy"), running("migrate"), sidecars=("proxy",)) == "Init:1/2"


def test_a_started_sidecar_that_fails_now_does_not_hold_the_pod_up() -> None:
    crashed = waiting("proxy", "CrashLoopBackOff", started=True)
    assert init_word(crashed, running("migrate"), sidecars=("proxy",)) == "Init:1/2"


@pytest.mark.parametrize("started", [False, None])
def test_a_sidecar_that_has_not_started_holds_the_pod_up(started: bool | None) -> None:
    assert init_word(running("proxy", started=started), sidecars=("proxy",)) == "Init:0/1"


def test_a_sidecar_that_cannot_start_says_why() -> None:
    assert init_word(waiting("proxy", "ErrImagePull"), sidecars=("proxy",)) == "Init:ErrImagePull"


def test_being_started_is_nothing_for_an_ordinary_init_container() -> None:
    assert init_word(running("migrate", started=True)) == "Init:0/1"


@pytest.mark.parametrize("policy", ["Never", "OnFailure"])
def test_only_restart_policy_always_makes_a_sidecar(policy: str) -> None:
    item = pod(
        BEHIND,
        init=[running("migrate")],
        conditions=UNINITIALIZED,
        spec={"initContainers": [{"name": "migrate", "restartPolicy": policy}]},
    )
    assert state_word(item) == "Init:0/1"


def test_once_initialized_a_failing_container_overwrites_a_failing_sidecar() -> None:
    proxy = terminated("proxy", 1, "Error", started=False)
    app = waiting(reason="CrashLoopBackOff")
    assert state_word(pod(app, init=[proxy], sidecars={"proxy"})) == "CrashLoopBackOff"


def test_once_initialized_running_containers_leave_a_sidecars_failure_standing() -> None:
    proxy = waiting("proxy", "CrashLoopBackOff", started=False)
    assert state_word(pod(running(), init=[proxy], sidecars={"proxy"})) == "Init:CrashLoopBackOff"


def test_an_init_container_overwrites_the_pods_own_reason() -> None:
    item = pod(BEHIND, init=[running("a")], conditions=UNINITIALIZED, status={"reason": "Odd"})
    assert state_word(item) == "Init:0/1"
