"""A Deployment's rollout, in kubectl's order."""

from __future__ import annotations

from typing import Any

import pytest

from dashborion.orchestrators.kubernetes.rollout import rollout as judge
from tests.unit.kubernetes.raw_kubernetes import ABSENT, Raw, condition
from tests.unit.kubernetes.raw_kubernetes_workloads import OVERDUE, ROLLED_OUT, ROLLING, deployment

REFUSED = condition("ReplicaFailure", reason="FailedCreate", message="exceeded quota: pods")


def state(
    *conditions: Raw, meta: Raw | None = None, spec: Raw | None = None, **counts: Any
) -> tuple[str, str | None]:
    status: Raw = {"conditions": list(conditions) or [ROLLING], **counts}
    found = judge(deployment(meta=meta, spec=spec, status=status))
    return found.state, found.message


def test_all_updated_and_available_is_complete() -> None:
    assert state(ROLLED_OUT) == ("complete", None)
    assert state(ROLLING) == ("complete", None)


def test_an_unobserved_change_comes_before_everything() -> None:
    paused = {"paused": True}
    found = state(OVERDUE, meta={"generation": 3}, spec=paused, updatedReplicas=0)
    assert found == ("progressing", "waiting for the change to be observed")


def test_a_status_that_nobody_has_written_yet_is_an_unobserved_change() -> None:
    found = judge(deployment(status={"observedGeneration": ABSENT}))
    assert found.state == "progressing"


def test_an_older_generation_than_the_observed_one_is_no_change() -> None:
    assert state(ROLLED_OUT, meta={"generation": 1}) == ("complete", None)


def test_a_missed_deadline_fails_before_any_count_is_looked_at() -> None:
    expected = ("failed", OVERDUE["message"])
    assert state(OVERDUE) == expected
    assert state(OVERDUE, updatedReplicas=1, replicas=4) == expected


@pytest.mark.parametrize("message", [None, ""])
def test_a_missed_deadline_without_a_message_gets_one(message: str | None) -> None:
    assert state(OVERDUE | {"message": message}) == ("failed", "progress deadline exceeded")


def test_the_deadlines_reason_on_another_condition_is_no_failure() -> None:
    other = condition("Available", "False", reason="ProgressDeadlineExceeded")
    assert state(other, ROLLED_OUT) == ("complete", None)


@pytest.mark.parametrize(
    "counts",
    [
        pytest.param({}, id="nothing to do"),
        pytest.param({"updatedReplicas": 0}, id="nothing updated"),
        pytest.param({"replicas": 4}, id="old ones left"),
        pytest.param({"availableReplicas": 0}, id="nothing available"),
    ],
)
def test_paused_comes_before_the_counts(counts: Raw) -> None:
    found, message = state(spec={"paused": True}, **counts)
    assert found == "paused"
    assert message


def test_a_deployment_paused_after_it_missed_its_deadline_is_paused() -> None:
    """No deadline runs meanwhile, but the condition of one that was missed stays."""
    assert state(OVERDUE, spec={"paused": True})[0] == "paused"


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        pytest.param({"updatedReplicas": 2}, "2 of 3 replicas updated", id="updated"),
        pytest.param(
            {"updatedReplicas": 2, "replicas": 4, "availableReplicas": 1},
            "2 of 3 replicas updated",
            id="updated before old and available",
        ),
        pytest.param({"replicas": 5}, "2 old replicas pending termination", id="old"),
        pytest.param(
            {"replicas": 4, "availableReplicas": 0},
            "1 old replicas pending termination",
            id="old before available",
        ),
        pytest.param({"availableReplicas": 2}, "2 of 3 updated replicas available", id="available"),
        pytest.param(
            {"availableReplicas": 4, "updatedReplicas": 5, "replicas": 5},
            "4 of 5 updated replicas available",
            id="available of those updated",
        ),
    ],
)
def test_progress_says_what_it_waits_for(counts: Raw, message: str) -> None:
    assert state(ROLLING, **counts) == ("progressing", message)


@pytest.mark.parametrize("conditions", [[], [condition("Available")]], ids=["none", "another"])
def test_availability_is_waited_for_without_a_progressing_condition(conditions: list[Raw]) -> None:
    found = judge(deployment(status={"conditions": conditions, "availableReplicas": 2}))
    assert found.state == "progressing"


def test_a_pod_that_dies_after_the_rollout_does_not_start_it_again() -> None:
    assert state(ROLLED_OUT, availableReplicas=0) == ("complete", None)


def test_rolled_out_before_does_not_hide_updates_that_are_missing() -> None:
    assert state(ROLLED_OUT, updatedReplicas=2)[0] == "progressing"
    assert state(ROLLED_OUT, replicas=4)[0] == "progressing"


@pytest.mark.parametrize(
    ("spec", "conditions", "counts", "expected"),
    [
        pytest.param({}, [REFUSED, ROLLING], {"updatedReplicas": 1}, "progressing", id="rolling"),
        pytest.param({}, [REFUSED, OVERDUE], {}, "failed", id="failed"),
        pytest.param({"paused": True}, [REFUSED, ROLLING], {}, "paused", id="paused"),
    ],
)
def test_refused_pods_explain_whatever_state_it_is_in(
    spec: Raw, conditions: list[Raw], counts: Raw, expected: str
) -> None:
    assert state(*conditions, spec=spec, **counts) == (expected, "exceeded quota: pods")


def test_a_refusal_that_is_over_explains_nothing() -> None:
    over = REFUSED | {"status": "False"}
    assert state(over, ROLLING, updatedReplicas=2)[1] == "2 of 3 replicas updated"


def test_replicas_default_to_one() -> None:
    one: Raw = {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
    assert judge(deployment(spec={"replicas": ABSENT}, status=one)).state == "complete"
    assert judge(
        deployment(spec={"replicas": None}, status=one | {"updatedReplicas": 0})
    ).state == ("progressing")


def test_scaled_to_zero_is_complete() -> None:
    gone = dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas"), ABSENT)
    assert judge(deployment(spec={"replicas": 0}, status=gone)).state == "complete"


def test_the_revision_is_the_annotations() -> None:
    assert judge(deployment()).revision == "4"


@pytest.mark.parametrize(
    "annotations", [None, ABSENT, {"deployment.kubernetes.io/revision": ABSENT}]
)
def test_without_the_annotation_the_revision_is_unknown(annotations: Raw | None) -> None:
    assert judge(deployment(meta={"annotations": annotations})).revision is None
