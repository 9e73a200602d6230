"""Whose a pod is, and which revision of it: along the controller references."""

from __future__ import annotations

import pytest

from dashborion.models.kinds import WorkloadType
from dashborion.models.query import Name
from dashborion.orchestrators.kubernetes import wire
from dashborion.orchestrators.kubernetes.instances import owner as owner_of
from tests.unit.kubernetes.raw_kubernetes import Raw, decode, metadata, owner, pod

HASH = "7d9c5b8f6d"
REPLICASET = f"web-{HASH}"
BY_DEPLOYMENT = owner("Deployment", "web")


def replicaset(*owners: Raw, **change: object) -> dict[str, wire.Meta]:
    numbered = {"deployment.kubernetes.io/revision": "7"}
    whole = metadata(
        REPLICASET, {"ownerReferences": list(owners) or None, "annotations": numbered} | change
    )
    meta = decode(wire.Meta, whole)
    return {meta.uid: meta}


def owned_pod(*owners: Raw, **labels: str) -> wire.Pod:
    return pod(meta={"ownerReferences": list(owners), "labels": labels})


OF_REPLICASET = owned_pod(owner("ReplicaSet", REPLICASET), **{"pod-template-hash": HASH})
DEPLOYMENT = Name("web", WorkloadType.DEPLOYMENT, "media")


def test_a_known_replicaset_leads_to_its_deployment_and_revision() -> None:
    found = owner_of(OF_REPLICASET, replicaset(BY_DEPLOYMENT))
    assert found is not None
    assert (found.name, found.uid, found.revision) == (DEPLOYMENT, "uid-web", "7")


def test_the_replicasets_owner_is_believed_before_its_name() -> None:
    found = owner_of(OF_REPLICASET, replicaset(owner("Deployment", "shop")))
    assert found is not None
    assert found.name.name == "shop"


@pytest.mark.parametrize("annotations", [None, {}])
def test_a_replicaset_without_a_number_has_no_revision(annotations: Raw | None) -> None:
    found = owner_of(OF_REPLICASET, replicaset(BY_DEPLOYMENT, annotations=annotations))
    assert found is not None
    assert found.revision is None


def test_an_unknown_replicaset_is_named_after_its_deployment_and_the_pods_hash() -> None:
    found = owner_of(OF_REPLICASET, {})
    assert found is not None
    assert (found.name, found.uid, found.revision) == (DEPLOYMENT, "", None)


@pytest.mark.parametrize("label", [{}, {"pod-template-hash": "other"}, {"pod-template-hash": ""}])
def test_an_unknown_replicaset_without_the_pods_hash_in_its_name_is_nobodys(label: Raw) -> None:
    assert owner_of(owned_pod(owner("ReplicaSet", REPLICASET), **label), {}) is None


def test_only_a_whole_last_part_is_a_hash() -> None:
    item = owned_pod(owner("ReplicaSet", f"web{HASH}"), **{"pod-template-hash": HASH})
    assert owner_of(item, {}) is None


def test_a_deployment_with_dashes_keeps_them() -> None:
    item = owned_pod(owner("ReplicaSet", f"a-{HASH}-b-{HASH}"), **{"pod-template-hash": HASH})
    found = owner_of(item, {})
    assert found is not None
    assert found.name.name == f"a-{HASH}-b"


@pytest.mark.parametrize(
    "owners",
    [
        pytest.param([], id="bare"),
        pytest.param([owner("Rollout", "web", group="example.com/v1")], id="another rollout's"),
        pytest.param([BY_DEPLOYMENT | {"controller": False}], id="owned but not controlled"),
    ],
)
def test_pods_of_a_replicaset_that_no_deployment_controls_have_no_workload(
    owners: list[Raw],
) -> None:
    assert owner_of(OF_REPLICASET, replicaset(*owners)) is None


def test_a_statefulsets_revision_is_the_hash_without_its_name() -> None:
    item = owned_pod(
        owner("StatefulSet", "db"), **{"controller-revision-hash": "db-6b8f", "app": "db"}
    )
    found = owner_of(item, {})
    assert found is not None
    assert found.name == Name("db", WorkloadType.STATEFULSET, "media")
    assert (found.uid, found.revision) == ("uid-db", "6b8f")


def test_a_daemonsets_revision_is_the_hash() -> None:
    item = owned_pod(owner("DaemonSet", "agent"), **{"controller-revision-hash": "5f7c"})
    found = owner_of(item, {})
    assert found is not None
    assert found.name == Name("agent", WorkloadType.DAEMONSET, "media")
    assert (found.uid, found.revision) == ("uid-agent", "5f7c")


def test_without_the_label_the_revision_is_unknown() -> None:
    found = owner_of(owned_pod(owner("StatefulSet", "db")), {})
    assert found is not None
    assert found.revision is None


@pytest.mark.parametrize(
    "owners",
    [
        pytest.param([], id="none"),
        pytest.param([owner("Job", "nightly", group="batch/v1")], id="a job"),
        pytest.param([owner("Node", "node-a", group="v1")], id="a static pod's node"),
        pytest.param([owner("StatefulSet", "db") | {"controller": None}], id="no controller"),
    ],
)
def test_other_pods_have_no_workload(owners: list[Raw]) -> None:
    assert owner_of(owned_pod(*owners), {}) is None
    assert owner_of(pod(meta={"ownerReferences": None, "labels": None}), {}) is None


def test_only_a_replicasets_name_is_read_as_a_deployments() -> None:
    item = owned_pod(owner("Job", REPLICASET), **{"pod-template-hash": HASH})
    assert owner_of(item, {}) is None


def test_the_controller_counts_among_several_owners() -> None:
    other = owner("StatefulSet", "other") | {"controller": False}
    found = owner_of(owned_pod(other, owner("DaemonSet", "agent")), {})
    assert found is not None
    assert found.name.name == "agent"


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_a_kind_of_the_same_name_in_another_group_is_not_ours(kind: str) -> None:

    # `workloads describe` would not find what `instances list` names.
    item = owned_pod(owner(kind, "db", group="apps.kruise.io/v1beta1"))
    assert owner_of(item, {}) is None
