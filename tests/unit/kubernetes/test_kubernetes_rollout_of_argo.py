"""An Argo Rollout's rollout: its controller's phase, and for whom it waits."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from dashborion.models.rollout import Traffic
from dashborion.orchestrators.kubernetes import argo
from dashborion.orchestrators.kubernetes.argo_wire import Rollout
from dashborion.orchestrators.kubernetes.instances import owner
from dashborion.orchestrators.kubernetes.normalise import type_of
from dashborion.orchestrators.kubernetes.rollout import is_unobserved, scaled
from dashborion.orchestrators.kubernetes.rollout import rollout as judge
from dashborion.orchestrators.kubernetes.wire import Meta, Pod

Raw = dict[str, Any]
AT = "2026-11-27T12:00:00Z"
STEPS = {"canary": {"steps": [{"setWeight": 20}, {"pause": {}}, {"pause": {"duration": 60}}]}}
BLUE_GREEN: Raw = {"blueGreen": {"activeService": "web", "autoPromotionEnabled": False}}
IN_TIME: Raw = {"blueGreen": {"activeService": "web", "autoPromotionSeconds": 30}}
HEALTHY: Raw = {"phase": "Healthy", "stableRS": "aa", "currentPodHash": "aa"}


def rollout(strategy: Raw | None = None, /, spec: Raw | None = None, **status: Any) -> Rollout:
    raw = {
        "metadata": {"name": "web", "generation": 3, "uid": "u"},
        "spec": {"replicas": 4, "strategy": strategy or STEPS} | (spec or {}),
        "status": {"observedGeneration": "3", "replicas": 4, "updatedReplicas": 1} | status,
    }
    return msgspec.convert(raw, Rollout)


def paused(reason: str, step: int | None = None) -> Raw:
    waits = [{"reason": reason, "startTime": AT}]
    status: Raw = {"phase": "Paused", "message": reason, "pauseConditions": waits}
    return {**status, "controllerPause": True, "currentStepIndex": step}


@pytest.mark.parametrize(
    ("item", "state", "message"),
    [
        pytest.param(rollout(**HEALTHY), "complete", None, id="healthy"),
        pytest.param(
            rollout(phase="Progressing", message="more replicas need to be updated"),
            "progressing", "more replicas need to be updated", id="progressing",
        ),
        pytest.param(
            rollout(phase="Degraded", message="RolloutAborted: by alice", abort=True),
            "failed", "RolloutAborted: by alice", id="aborted",
        ),
        pytest.param(
            rollout(spec={"paused": True}, phase="Degraded", message="ProgressDeadlineExceeded: x"),
            "paused", "paused by `spec.paused`", id="by hand, after a deadline that stays",
        ),
        pytest.param(
            rollout(**(paused("CanaryPauseStep", 1) | {"message": None})),
            "paused", "step 2 of 3: CanaryPauseStep", id="at a pause that has no message",
        ),
        pytest.param(
            rollout(**paused("CanaryPauseStep", 1)),
            "paused", "step 2 of 3: CanaryPauseStep", id="at a pause without an end",
        ),
        pytest.param(
            rollout(**paused("CanaryPauseStep", 2)),
            "progressing", "step 3 of 3, 60: CanaryPauseStep", id="at a timed pause",
        ),
        pytest.param(
            rollout(BLUE_GREEN, **paused("BlueGreenPause")),
            "paused", "BlueGreenPause", id="before a promotion",
        ),
        pytest.param(
            rollout(IN_TIME, **paused("BlueGreenPause")),
            "progressing", "BlueGreenPause", id="before one that comes by itself",
        ),
        pytest.param(
            rollout(**paused("InconclusiveAnalysisRun", 2)),
            "paused", "step 3 of 3, 60: InconclusiveAnalysisRun", id="an inconclusive analysis",
        ),
        pytest.param(
            rollout(phase="Paused", controllerPause=True),
            "progressing", "waiting for the controller to go on", id="just continued",
        ),
        pytest.param(
            rollout(phase="Thinking"), "progressing", "Thinking", id="a phase nobody knows yet"
        ),
        pytest.param(
            rollout(observedGeneration="2", **HEALTHY),
            "progressing", "waiting for the change to be observed", id="before it is observed",
        ),
        pytest.param(
            rollout(observedGeneration=""),
            "progressing", "waiting for the change to be observed", id="without a controller",
        ),
    ],
)  # fmt: skip
def test_the_phase_says_how_far_it_is_and_its_pauses_for_whom_it_waits(
    item: Rollout, state: str, message: str | None
) -> None:
    found = judge(item)
    assert (found.state, found.message) == (state, message)
    assert (found.waiting_for is not None) == (state == "paused")
    assert type_of(item) == "k8s-rollout"


def test_a_generation_that_was_a_hash_once_tells_nothing() -> None:
    assert not is_unobserved(rollout(observedGeneration="5d8f6c9b7"))


@pytest.mark.parametrize(
    ("item", "production", "test"),
    [
        pytest.param(rollout(**HEALTHY), 100.0, None, id="all of it is stable"),
        pytest.param(
            rollout(stableRS="aa", currentPodHash="bb"), 25.0, None, id="by replicas, unrouted"
        ),
        pytest.param(
            rollout(
                stableRS="aa", currentPodHash="bb", canary={"weights": {"canary": {"weight": 5}}}
            ),
            5.0, None, id="by a router's weight",
        ),
        pytest.param(
            rollout(BLUE_GREEN, currentPodHash="bb", blueGreen={"activeSelector": "aa"}),
            0.0, 100.0, id="a preview",
        ),
        pytest.param(
            rollout(BLUE_GREEN, currentPodHash="bb", blueGreen={"activeSelector": "bb"}),
            100.0, 100.0, id="promoted",
        ),
    ],
)  # fmt: skip
def test_how_much_goes_to_the_newest_revision(
    item: Rollout, production: float, test: float | None
) -> None:
    assert judge(item).traffic == Traffic(production=production, test=test)


@pytest.mark.parametrize(
    ("strategy", "stages", "pauses"),
    [
        (STEPS, ["STEP-1", "STEP-2", "STEP-3"], ["STEP-2"]),
        (BLUE_GREEN, [], ["BlueGreenPause"]),
        (IN_TIME, [], []),
        ({"canary": {}}, [], []),
    ],
)
def test_where_a_new_one_would_wait(strategy: Raw, stages: list[str], pauses: list[str]) -> None:
    item = rollout(strategy)
    assert (argo.stages(item), argo.pauses(item)) == (stages, pauses)


def test_a_pod_whose_replicaset_is_not_known_is_told_by_its_hash() -> None:
    raw = {
        "metadata": {
            "name": "web-5d9-x",
            "labels": {"rollouts-pod-template-hash": "5d9"},
            "ownerReferences": [
                {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-5d9", "uid": "r",
                 "controller": True}
            ],
        }
    }  # fmt: skip
    found = owner(msgspec.convert(raw, Pod), {})
    assert found is not None
    assert (found.name.name, found.name.type) == ("web", "k8s-rollout")
    made_by = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "web", "uid": "u"}
    replicaset = msgspec.convert(
        {
            "name": "web-5d9",
            "annotations": {"rollout.argoproj.io/revision": "7"},
            "ownerReferences": [made_by | {"controller": True}],
        },
        Meta,
    )
    found = owner(msgspec.convert(raw, Pod), {"r": replicaset})
    assert found is not None
    assert (found.uid, found.revision, found.name.type) == ("u", "7", "k8s-rollout")


@pytest.mark.parametrize(
    ("desired", "status", "done"),
    [
        pytest.param(3, {"replicas": 4, "availableReplicas": 4}, True, id="shares are rounded up"),
        pytest.param(4, {"replicas": 8, "availableReplicas": 8}, True, id="a preview beside them"),
        pytest.param(3, {"replicas": 4, "availableReplicas": 2}, False, id="too few available"),
        pytest.param(0, {"replicas": 1, "availableReplicas": 1}, False, id="one is left of none"),
        pytest.param(
            3, {"replicas": 4, "availableReplicas": 4, **HEALTHY}, False, id="of one revision"
        ),
    ],
)
def test_between_two_revisions_there_may_be_more_than_wanted(
    desired: int, status: Raw, done: bool
) -> None:
    between = {"stableRS": "aa", "currentPodHash": "bb"}
    item = rollout(spec={"replicas": desired}, **(between | status))
    assert scaled(item).done is done
