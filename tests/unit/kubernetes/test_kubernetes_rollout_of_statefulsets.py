"""A StatefulSet's rollout: kubectl's order, with the hole in it closed."""

from __future__ import annotations

import pytest

from dashborion.models.rollout import RolloutState
from dashborion.orchestrators.kubernetes.rollout import rollout as judge
from tests.unit.kubernetes.raw_kubernetes import ABSENT, Raw
from tests.unit.kubernetes.raw_kubernetes_workloads import statefulset

NEW = {"updateRevision": "web-9c8d"}
ON_DELETE = {"updateStrategy": {"type": "OnDelete", "rollingUpdate": ABSENT}}
UNOBSERVED = "waiting for the change to be observed"


def partitioned(partition: int | None) -> Raw:
    return {"updateStrategy": {"rollingUpdate": {"partition": partition}}}


def test_all_on_one_revision_is_complete() -> None:
    found = judge(statefulset())
    assert (found.state, found.message, found.revision) == ("complete", None, "6b8f9d4c77")


@pytest.mark.parametrize(
    "change", [{"meta": {"generation": 3}}, {"status": {"observedGeneration": 0}}]
)
def test_an_unobserved_change_comes_first(change: dict[str, Raw]) -> None:
    found = judge(statefulset(**change))
    assert (found.state, found.message) == ("progressing", UNOBSERVED)


def test_a_set_that_was_never_observed_is_unobserved_even_at_generation_zero() -> None:
    item = statefulset(meta={"generation": 0}, status={"observedGeneration": ABSENT})
    assert judge(item).message == UNOBSERVED


def test_an_unobserved_change_comes_before_on_delete() -> None:
    item = statefulset(spec=ON_DELETE, meta={"generation": 3}, status={"updatedReplicas": 0})
    assert judge(item).message == UNOBSERVED


def test_missing_updates_are_progress() -> None:
    found = judge(statefulset(status=NEW | {"updatedReplicas": 1, "currentReplicas": 2}))
    assert (found.state, found.message) == ("progressing", "1 of 3 replicas updated")
    assert found.revision == "9c8d"


@pytest.mark.parametrize(
    "strategy",
    [
        pytest.param(partitioned(0), id="partition zero"),
        pytest.param(partitioned(None), id="partition null"),
        pytest.param({"updateStrategy": {"rollingUpdate": ABSENT}}, id="no rolling update"),
        pytest.param(
            {"updateStrategy": {"rollingUpdate": {"partition": ABSENT}}}, id="kubectl's hole"
        ),
    ],
)
def test_missing_updates_are_seen_however_the_strategy_is_written(strategy: Raw) -> None:
    assert (
        judge(statefulset(spec=strategy, status=NEW | {"updatedReplicas": 2})).state
        == "progressing"
    )


@pytest.mark.parametrize(
    "counts",
    [
        pytest.param({"readyReplicas": 2, "availableReplicas": 2}, id="the last one is not ready"),
        pytest.param({}, id="the controller has not closed it yet"),
    ],
)
def test_revisions_that_differ_are_a_rollout_even_when_every_pod_is_updated(
    counts: Raw,
) -> None:

    # broken image is `complete` the moment its pod is replaced: `restart --wait` would exit 0.
    assert judge(statefulset(status=NEW | counts)).state == "progressing"


def test_a_pod_that_dies_after_the_rollout_does_not_start_it_again() -> None:
    assert (
        judge(statefulset(status={"readyReplicas": 2, "availableReplicas": 2})).state == "complete"
    )


def test_replicas_beyond_those_wanted_are_waited_for() -> None:
    found = judge(statefulset(spec={"replicas": 1}))
    assert (found.state, found.message) == ("progressing", "2 replicas pending termination")


@pytest.mark.parametrize(
    ("partition", "updated", "state", "message"),
    [
        pytest.param(2, 1, "complete", "replicas below 2 keep their revision", id="done"),
        pytest.param(2, 0, "progressing", "0 of 1 replicas updated", id="under way"),
        pytest.param(3, 0, "complete", "replicas below 3 keep their revision", id="holds all"),
        pytest.param(9, 0, "complete", "replicas below 9 keep their revision", id="beyond all"),
    ],
)
def test_a_partition_asks_for_the_replicas_above_it(
    partition: int, updated: int, state: str, message: str
) -> None:
    found = judge(
        statefulset(spec=partitioned(partition), status=NEW | {"updatedReplicas": updated})
    )
    assert (found.state, found.message) == (state, message)


def test_a_partitioned_rollout_waits_until_its_updated_pods_are_ready() -> None:

    # closes a partitioned rollout, so readiness is all that tells a broken canary from a good one.
    counts = {"updatedReplicas": 1, "readyReplicas": 2, "availableReplicas": 2}
    assert judge(statefulset(spec=partitioned(2), status=NEW | counts)).state == "progressing"


def test_on_delete_says_that_pods_wait_to_be_deleted() -> None:
    found = judge(statefulset(spec=ON_DELETE, status=NEW | {"updatedReplicas": 1}))
    assert found.state == "paused"
    assert found.message == "OnDelete: 2 pods keep the old revision until they are deleted"


def test_on_delete_is_complete_when_all_were_deleted() -> None:
    assert judge(statefulset(spec=ON_DELETE, status=NEW)).state == "complete"


def test_on_delete_without_a_change_is_progress_while_pods_are_missing() -> None:

    counts = {"replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1}
    assert judge(statefulset(spec=ON_DELETE, status=counts)).state == "progressing"


def test_replicas_default_to_one() -> None:
    counts = {"replicas": 1, "updatedReplicas": 1, "readyReplicas": 1}
    found = judge(statefulset(spec={"replicas": ABSENT}, status=counts))
    assert found.state is RolloutState.COMPLETE
    assert judge(
        statefulset(spec={"replicas": None}, status=counts | {"updatedReplicas": 0})
    ).state == ("progressing")


@pytest.mark.parametrize("revision", [None, "", ABSENT])
def test_an_unknown_revision_is_null(revision: str | None) -> None:
    assert judge(statefulset(status={"updateRevision": revision})).revision is None
