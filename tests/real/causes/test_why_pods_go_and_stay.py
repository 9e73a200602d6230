"""Pods that nodes, the scheduler and drains send away, that wait, or that do not leave."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

from tests.real.causes.conftest import Why
from tests.support.api import ApiError, Manifest
from tests.support.manifests import container, deployment
from tests.support.real_namespace import Space


def asking(cpu: str) -> Manifest:
    return container(resources={"requests": {"cpu": cpu}})


def with_spec(name: str, *containers: Manifest, **spec: object) -> Manifest:
    manifest = deployment(name, *containers)
    manifest["spec"]["template"]["spec"] |= spec
    return manifest


def test_a_scheduling_gate(space: Space, why: Why) -> None:
    gates = [{"name": "example.com/budget"}]
    name = space.add(with_spec("gated", schedulingGates=gates), settled=False)
    space.plane.wait_for("it to be gated", lambda: space.is_unscheduled(name))
    causes = why(name, at=space.name)
    assert causes.keys() == {"gated"}
    assert "example.com/budget" in causes["gated"]["message"]


def test_a_scheduler_that_does_not_exist(space: Space, why: Why) -> None:
    name = space.add(with_spec("unasked", schedulerName="absent"), settled=False)
    space.plane.wait_for("it to be made", lambda: space.pods(name))
    assert "'absent'" in why(name, at=space.name)["not-scheduled"]["message"]
    assert "not-scheduled" not in why(name, at=space.name, minutes=0)


def test_a_pod_of_which_its_node_says_nothing(space: Space, why: Why) -> None:
    name = space.add(deployment("silent", container("creating")), settled=False)
    space.plane.wait_for("it to be made", lambda: space.is_waiting(name, "ContainerCreating"))
    assert why(name, at=space.name)["not-started"]["confidence"] == "possible"
    assert "not-started" not in why(name, at=space.name, minutes=0)


def test_what_something_more_important_has_put_aside(space: Space, why: Why) -> None:
    space.plane.apply(
        {
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "metadata": {"name": "important"},
            "value": 1000,
        }
    )
    manifest = deployment("humble", asking("90"), replicas=2)
    name = space.add(manifest)
    space.add(with_spec("proud", asking("90"), priorityClassName="important"))
    space.plane.wait_for("the other to wait", lambda: space.is_unscheduled(name))
    causes = why(name, at=space.name)
    assert {"preempted", "unschedulable-cpu"} <= causes.keys()
    assert causes["preempted"]["reason"] == "Preempted"


def test_what_the_eviction_api_has_sent_away(space: Space, why: Why) -> None:
    """With a budget that would let no other go."""
    name = space.add(deployment("drained", container("terminating"), replicas=2))
    space.plane.apply(
        {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": {"name": "drained", "namespace": space.name},
            "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": name}}},
        }
    )
    space.plane.wait_for("the budget to be counted", partial(allowed, space, 1))
    pod = space.pods(name)[0]["metadata"]["name"]
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod}}
    space.plane.request("POST", f"{space.path(pod, 'pods')}/eviction", eviction)
    causes = why(name, at=space.name, minutes=0)
    assert causes["drained"]["instances"] == [pod]
    assert causes["drained"]["reason"] == "EvictionByEvictionAPI"
    later = why(name, at=space.name)
    assert later["stuck-terminating"]["instances"] == [pod]
    release(space, name)


def allowed(space: Space, count: int) -> bool:
    path = f"/apis/policy/v1/namespaces/{space.name}/poddisruptionbudgets/drained"
    status = space.plane.request("GET", path)["status"]
    return bool(status.get("disruptionsAllowed") == count)


def test_a_finalizer_that_nobody_removes(space: Space, why: Why) -> None:
    manifest = deployment("finalized")
    manifest["spec"]["template"]["metadata"]["finalizers"] = ["example.com/backup"]
    name = space.add(manifest)
    pod = space.only_pod(name)
    space.delete(pod, "pods")
    causes = why(name, at=space.name)
    assert "example.com/backup" in causes["stuck-terminating"]["message"]
    assert "stuck-terminating" not in why(name, at=space.name, minutes=0)
    release(space, name)


def release(space: Space, name: str) -> None:
    """Have the pods go that would not."""
    space.delete(name)
    space.plane.wait_for("its pods to go", partial(has_let_go, space, name))


def has_let_go(space: Space, name: str) -> bool:
    path = f"/api/v1/namespaces/{space.name}/pods?labelSelector=app%3D{name}"
    found = space.plane.request("GET", path)["items"]
    for pod in found:
        own = space.path(pod["metadata"]["name"], "pods")
        with suppress(ApiError):
            space.plane.merge(own, {"metadata": {"finalizers": None}})
            space.plane.request("DELETE", own, {"gracePeriodSeconds": 0})
    return not found


def test_pods_that_were_evicted(space: Space, why: Why) -> None:
    pod = {"restartPolicy": "Never", "containers": [container("evicted")]}
    manifest = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "outcast"},
        "spec": pod,
    }
    space.add(manifest, settled=False)
    space.plane.wait_for("it to be evicted", partial(phase_is, space, "outcast", "Failed"))
    causes = why("outcast", at=space.name, of="instances")
    assert causes.keys() == {"evicted"}
    assert causes["evicted"]["evidence"][0]["field"] == "status.reason"


def phase_is(space: Space, pod: str, phase: str) -> bool:
    return bool(space.get(pod, "pods")["status"].get("phase") == phase)
