"""A small fleet with one of everything that can be right or wrong with a workload or a pod."""

from functools import partial
from typing import Any

from tests.support.api import Manifest
from tests.support.control_plane import ControlPlane
from tests.support.manifests import (
    autoscaler,
    container,
    daemon_set,
    deployment,
    image,
    ingress,
    job,
    namespace,
    pod,
    service,
    stateful_set,
)

NAMESPACES = ("media", "other", "empty")

# How many pods each workload ends with, and how many of them are ready.
_SETTLED = {
    ("media", "deployments", "web"): (2, 2),
    ("media", "deployments", "crash"): (1, 0),
    ("media", "deployments", "pull"): (1, 0),
    ("media", "deployments", "oom"): (1, 1),
    ("media", "deployments", "unready"): (1, 0),
    ("media", "deployments", "huge"): (1, 0),
    ("media", "deployments", "paused"): (1, 1),
    ("media", "deployments", "idle"): (0, 0),
    ("media", "deployments", "init"): (1, 0),
    ("media", "deployments", "rolling"): (4, 3),
    ("media", "statefulsets", "db"): (2, 2),
    ("other", "deployments", "web"): (1, 1),
    ("other", "deployments", "api"): (1, 1),
}


def populate(control_plane: ControlPlane) -> None:
    """Creates the fleet in `media`, `other` and `empty`; returns when nothing moves any more.

    Needs a running `Kubelet`.
    """
    for name in NAMESPACES:
        control_plane.apply(namespace(name))
    for manifest in (*_workloads(), *_around_web(), *_bare_pods(), *_elsewhere()):
        control_plane.apply(manifest)
    _leave_a_pod_terminating(control_plane)
    _leave_rollouts_unfinished(control_plane)
    control_plane.wait_for("the fleet to settle", lambda: not _unsettled(control_plane))


def _workloads() -> list[Manifest]:
    requests = {"requests": {"cpu": "250m", "memory": "128Mi"}}
    web = deployment(
        "web",
        container(resources=requests, ports=[{"name": "http", "containerPort": 8080}]),
        container("proxy", name="proxy", resources=requests),
        replicas=2,
    )
    web["metadata"]["labels"] |= {"team": "blue"}
    return [
        web,
        # Its rollout shall not be over before its tests: the demo's ten minutes pass in 30 s.
        deployment("crash", container("crash"), progressDeadlineSeconds=36000),
        deployment("pull", container("pull")),
        deployment("oom", container("oom")),
        deployment("unready", container("unready")),
        deployment("huge", container(resources={"requests": {"cpu": "500"}})),
        deployment("paused"),
        deployment("idle", replicas=0),
        deployment("init", init=[container("initcrash", name="migrate")]),
        deployment("rolling", replicas=3, progressDeadlineSeconds=3600),
        service("db", clusterIP="None"),
        stateful_set("db", replicas=2),
        daemon_set("agent"),
        job("once", container("done")),
    ]


def _around_web() -> list[Manifest]:
    return [
        service("web"),
        ingress("web", host="web.example.test"),
        autoscaler("web", low=2, high=6),
    ]


def _bare_pods() -> list[Manifest]:
    return [
        pod("toolbox"),
        pod("failed", container("fail"), restartPolicy="Never"),
        pod("evicted", container("evicted"), restartPolicy="Never"),
        pod("stuck", container("terminating")),
        pod("creating", container("creating")),
        pod("mixed", container("done"), container(name="rest"), restartPolicy="Never"),
        pod("initrun", initContainers=[container("initrun", name="migrate")]),
    ]


def _elsewhere() -> list[Manifest]:
    return [deployment("web", namespace="other"), deployment("api", namespace="other")]


def _leave_a_pod_terminating(control_plane: ControlPlane) -> None:
    path = "/api/v1/namespaces/media/pods/stuck"
    control_plane.wait_for(
        "the pod `stuck` to run",
        lambda: control_plane.request("GET", path)["status"].get("phase") == "Running",
    )
    control_plane.request("DELETE", path)


def _leave_rollouts_unfinished(control_plane: ControlPlane) -> None:
    """`rolling` cannot go on; `paused` may not."""
    for name, ready, change in (
        ("rolling", 3, {"template": _template(image("unready", "2.0"))}),
        ("paused", 1, {"template": _template(image("app", "2.0")), "paused": True}),
    ):
        path = f"/apis/apps/v1/namespaces/media/deployments/{name}"
        control_plane.wait_for(
            f"the first revision of `{name}`",
            partial(_has_ready, control_plane, path, ready),
        )
        control_plane.merge(path, {"spec": change})


def _template(reference: str) -> Manifest:
    return {"spec": {"containers": [{"name": "app", "image": reference}]}}


def _has_ready(control_plane: ControlPlane, path: str, count: int) -> bool:
    return _ready(control_plane.request("GET", path)) == count


def _ready(workload: Manifest) -> int:
    ready: int = workload["status"].get("readyReplicas", 0)
    return ready


def _unsettled(control_plane: ControlPlane) -> list[str]:
    """What still moves."""

    def items(path: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = control_plane.request("GET", path)["items"]
        return found

    moving = []
    for kind in ("deployments", "statefulsets"):
        for each in items(f"/apis/apps/v1/{kind}"):
            metadata, status = each["metadata"], each["status"]
            wanted = _SETTLED.get((metadata["namespace"], kind, metadata["name"]))
            found = status.get("replicas", 0), _ready(each)
            seen = status.get("observedGeneration") == metadata["generation"]
            if wanted is not None and (found != wanted or not seen):
                moving.append(metadata["name"])
    agent = control_plane.request("GET", "/apis/apps/v1/namespaces/media/daemonsets/agent")
    if not 0 < agent["status"]["desiredNumberScheduled"] == agent["status"]["numberReady"]:
        moving.append("agent")
    once = control_plane.request("GET", "/apis/batch/v1/namespaces/media/jobs/once")
    if not once["status"].get("completionTime"):
        moving.append("once")
    moving += [
        each["metadata"]["name"]
        for each in items("/api/v1/pods")
        if "startTime" not in each["status"] and not _is_unschedulable(each)
    ]
    endpoints = control_plane.request("GET", "/api/v1/namespaces/media/endpoints")["items"]
    if not any("subsets" in each for each in endpoints if each["metadata"]["name"] == "web"):
        moving.append("the endpoints of web")
    return moving


def _is_unschedulable(pod: Manifest) -> bool:
    conditions = pod["status"].get("conditions", ())
    return any(each.get("reason") == "Unschedulable" for each in conditions)
