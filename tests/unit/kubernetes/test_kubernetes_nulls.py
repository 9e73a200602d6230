"""Go writes empty lists and zero times as null; whole parts may be missing."""

from __future__ import annotations

import pytest

from dashborion.orchestrators.kubernetes import normalise, wire
from tests.unit.kubernetes.raw_kubernetes import Raw, decode, instance
from tests.unit.kubernetes.raw_kubernetes_workloads import workload

BARE: Raw = {"metadata": {"name": "web", "creationTimestamp": None}}
NULLS: Raw = {
    "metadata": {
        "name": "web",
        "creationTimestamp": None,
        "deletionTimestamp": None,
        "labels": None,
        "annotations": None,
        "ownerReferences": None,
    },
    "spec": {
        "replicas": None,
        "paused": None,
        "containers": None,
        "initContainers": None,
        "selector": {"matchLabels": None, "matchExpressions": None},
        "template": {
            "metadata": {"creationTimestamp": None, "labels": None},
            "spec": {"containers": None, "initContainers": None},
        },
        "strategy": {"rollingUpdate": None},
        "updateStrategy": {"rollingUpdate": None},
    },
    "status": {
        "phase": None,
        "conditions": None,
        "containerStatuses": None,
        "initContainerStatuses": None,
        "podIP": None,
        "startTime": None,
    },
}


@pytest.mark.parametrize("type_", [wire.Deployment, wire.StatefulSet, wire.DaemonSet])
@pytest.mark.parametrize("item", [BARE, NULLS], ids=["bare", "nulls"])
def test_nulls_in_a_controller(type_: type[wire.Controller], item: Raw) -> None:
    found = workload(decode(type_, item))
    assert (found.running, found.image, found.images, found.cpu) == (0, None, [], None)


@pytest.mark.parametrize("item", [BARE, NULLS], ids=["bare", "nulls"])
def test_nulls_in_a_pod(item: Raw) -> None:
    found = instance(decode(wire.Pod, item))
    assert (found.status, found.ready, found.containers) == ("pending", False, [])


def test_a_container_status_with_null_times() -> None:
    statuses = [
        {
            "name": "app",
            "started": None,
            "state": {"waiting": None, "running": {"startedAt": None}, "terminated": None},
            "lastState": {"terminated": {"exitCode": 2, "startedAt": None, "finishedAt": None}},
        }
    ]
    spec = {"containers": [{"name": "app", "resources": {"requests": None}}]}
    item = {"metadata": {"name": "web"}, "spec": spec, "status": {"containerStatuses": statuses}}
    (found,) = instance(decode(wire.Pod, item)).containers
    assert found.last_termination is not None
    assert (found.last_termination.reason, found.last_termination.finished_at) == (
        "ExitCode:2",
        None,
    )


def test_nulls_in_an_event() -> None:
    found = normalise.event(decode(wire.Event, {"metadata": {"name": "e"}}))
    assert (found.object, found.reason, found.timestamp) == ("object/", None, None)
