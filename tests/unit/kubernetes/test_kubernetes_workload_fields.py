"""What a controller says of itself."""

from __future__ import annotations

from datetime import datetime

import pytest

from dashborion.orchestrators.kubernetes import normalise, wire
from tests.unit.kubernetes.raw_kubernetes import ENVIRONMENT, container, decode
from tests.unit.kubernetes.raw_kubernetes_workloads import (
    daemonset,
    deployment,
    statefulset,
    template,
    workload,
)


@pytest.mark.parametrize(
    ("item", "type_"),
    [
        (deployment(), "k8s-deployment"),
        (statefulset(), "k8s-statefulset"),
        (daemonset(), "k8s-daemonset"),
    ],
)
def test_the_identity_of_a_workload(item: wire.Controller, type_: str) -> None:
    found = workload(item)
    assert (found.name, found.type, found.orchestrator) == ("web", type_, "kubernetes")
    assert (found.project, found.environment, found.namespace) == ("rubix", "staging", "media")
    assert found.labels == {"app": "web"}
    assert str(found.created_at) == "2024-05-01 08:00:00+00:00"


FIRST, SECOND, LATER = (f"2024-05-0{day}T08:00:00Z" for day in (1, 2, 3))


def kept_set(number: int, made: str, former: str | None = None) -> wire.ReplicaSet:
    notes = {"deployment.kubernetes.io/revision": str(number)}
    if former:
        notes["deployment.kubernetes.io/revision-history"] = former
    meta = {"name": f"web-{number}", "creationTimestamp": made, "annotations": notes}
    return decode(wire.ReplicaSet, {"metadata": meta})


def kept_revision(number: int, made: str, written: str | None) -> wire.ControllerRevision:
    fields = [{"manager": "kube-controller-manager", "time": written}] if written else None
    meta = {"name": f"web-c{number}", "creationTimestamp": made, "managedFields": fields}
    return decode(wire.ControllerRevision, {"metadata": meta, "revision": number})


WROTE_TEMPLATE = [
    {"manager": "helm", "time": SECOND, "fieldsV1": {"f:spec": {"f:template": {"f:spec": {}}}}},
    {"manager": "kubectl", "time": LATER, "fieldsV1": {"f:spec": {"f:replicas": {}}}},
    {"manager": "odd", "time": LATER, "fieldsV1": None},
]
ROLLBACK = [kept_set(2, SECOND), kept_set(3, FIRST, "1")]


@pytest.mark.parametrize(
    ("item", "kept", "expected"),
    [
        pytest.param(deployment(), [], None, id="revisions were not asked for"),
        pytest.param(
            deployment(), [kept_set(1, FIRST), kept_set(2, SECOND)], SECOND, id="the newest"
        ),
        pytest.param(
            deployment(meta={"managedFields": WROTE_TEMPLATE}), ROLLBACK, SECOND,
            id="a rollback: when the template was written, not when it was scaled",
        ),
        pytest.param(deployment(), ROLLBACK, None, id="a rollback of which nobody says when"),
        pytest.param(
            statefulset(), [kept_revision(2, SECOND, SECOND), kept_revision(3, FIRST, LATER)],
            LATER, id="a rollback of a StatefulSet: when its revision was written again",
        ),
        pytest.param(
            daemonset(), [kept_revision(1, FIRST, None), kept_revision(2, SECOND, None)], SECOND,
            id="a server that does not say who wrote",
        ),
    ],
)  # fmt: skip
def test_when_what_runs_was_put_there(
    item: wire.Controller, kept: list[normalise.Kept], expected: str | None
) -> None:
    found = normalise.workload(item, ENVIRONMENT, [], kept=kept).updated_at
    assert found == (datetime.fromisoformat(expected) if expected else None)


def test_the_revision_of_a_daemonset_is_the_newest_of_those_that_are_kept() -> None:
    kept = [kept_revision(2, SECOND, None), kept_revision(1, FIRST, None)]
    assert workload(daemonset()).rollout.revision is None
    found = normalise.workload(daemonset(), ENVIRONMENT, [], kept=kept)
    assert found.rollout.revision == "c2"


def test_the_image_is_the_first_containers() -> None:
    pair = [container("app", image="app:2"), container("log", image="log:1")]
    found = workload(deployment(spec={"template": template(pair, [container("init")])}))
    assert (found.image, found.images) == ("app:2", ["app:2", "log:1"])


def test_labels_that_are_null_are_none() -> None:
    assert workload(deployment(meta={"labels": None})).labels == {}
