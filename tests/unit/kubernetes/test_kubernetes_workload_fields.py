"""What a controller says of itself."""

from __future__ import annotations

import pytest

from dashborion.orchestrators.kubernetes import wire
from tests.unit.kubernetes.raw_kubernetes import container
from tests.unit.kubernetes.raw_kubernetes_workloads import (
    ROLLED_OUT,
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


def test_a_deployment_was_updated_when_it_last_progressed() -> None:
    assert str(workload(deployment()).updated_at) == "2024-05-01 08:01:00+00:00"


@pytest.mark.parametrize("conditions", [None, [], [ROLLED_OUT | {"type": "Available"}]])
def test_without_a_progressing_condition_nobody_knows_when(conditions: list[object] | None) -> None:
    assert workload(deployment(status={"conditions": conditions})).updated_at is None


@pytest.mark.parametrize("item", [statefulset(), daemonset()])
def test_other_kinds_do_not_say_when_they_were_updated(item: wire.Controller) -> None:
    assert workload(item).updated_at is None


def test_the_image_is_the_first_containers() -> None:
    pair = [container("app", image="app:2"), container("log", image="log:1")]
    found = workload(deployment(spec={"template": template(pair, [container("init")])}))
    assert (found.image, found.images) == ("app:2", ["app:2", "log:1"])


def test_labels_that_are_null_are_none() -> None:
    assert workload(deployment(meta={"labels": None})).labels == {}
