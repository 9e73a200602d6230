"""Raw API objects, as small as they can be."""

from __future__ import annotations

from typing import Any

Manifest = dict[str, Any]

KINDS = {
    "deployments": ("apps/v1", "Deployment"),
    "statefulsets": ("apps/v1", "StatefulSet"),
    "daemonsets": ("apps/v1", "DaemonSet"),
    "replicasets": ("apps/v1", "ReplicaSet"),
    "controllerrevisions": ("apps/v1", "ControllerRevision"),
    "pods": ("v1", "Pod"),
    "services": ("v1", "Service"),
    "endpoints": ("v1", "Endpoints"),
    "events": ("v1", "Event"),
    "namespaces": ("v1", "Namespace"),
    "nodes": ("v1", "Node"),
    "ingresses": ("networking.k8s.io/v1", "Ingress"),
    "endpointslices": ("discovery.k8s.io/v1", "EndpointSlice"),
    "horizontalpodautoscalers": ("autoscaling/v1", "HorizontalPodAutoscaler"),
    "configmaps": ("v1", "ConfigMap"),
    "jobs": ("batch/v1", "Job"),
    "cronjobs": ("batch/v1", "CronJob"),
}
CREATED = "2026-01-02T03:04:05Z"


def metadata(
    name: str, namespace: str | None = "default", labels: dict[str, str] | None = None
) -> Manifest:
    space = {} if namespace is None else {"namespace": namespace}
    uid = f"uid-of-{namespace}-{name}"
    return {"name": name, "uid": uid, "creationTimestamp": CREATED, "labels": labels, **space}


def deployment(
    name: str = "web",
    namespace: str = "default",
    *,
    image: str = "example.com/web:1",
    message: str = "has minimum availability",
    labels: dict[str, str] | None = None,
) -> Manifest:
    """One replica, up."""
    labels = {"app": "web", **(labels or {})}
    containers = [{"name": "main", "image": image}]
    progressing = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {**metadata(name, namespace, labels), "generation": 1},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
        },
        "status": {
            "observedGeneration": 1,
            "replicas": 1,
            "updatedReplicas": 1,
            "readyReplicas": 1,
            "availableReplicas": 1,
            "conditions": [{**progressing, "message": message}],
        },
    }


def statefulset(name: str = "db", namespace: str = "default") -> Manifest:
    made = deployment(name, namespace)
    return {**made, "kind": "StatefulSet", "status": {**made["status"], "conditions": None}}


def pod(
    name: str = "web-1",
    namespace: str = "default",
    *,
    image: str = "example.com/web:1",
    message: str | None = None,
    reason: str | None = None,
) -> Manifest:
    """A pod whose container waits, for the reason given, or runs."""
    waiting = {"waiting": {"reason": reason, "message": message}}
    running = {"running": {"startedAt": CREATED}}
    container = {
        "name": "main",
        "image": image,
        "ready": reason is None,
        "state": waiting if reason else running,
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata(name, namespace, {"app": "web"}),
        "spec": {"containers": [{"name": "main", "image": image}]},
        "status": {"phase": "Running", "containerStatuses": [container]},
    }


def event(message: str, *, uid: str) -> Manifest:
    return {
        "metadata": metadata("event-1"),
        "involvedObject": {"kind": "Pod", "name": "web-1", "uid": uid},
        "type": "Warning",
        "reason": "Failed",
        "message": message,
        "lastTimestamp": CREATED,
    }


def fleet() -> dict[str, list[Manifest]]:
    """A Deployment, a StatefulSet and a pod, in a namespace ``default``."""
    return {
        "deployments": [deployment("web"), deployment("api")],
        "statefulsets": [statefulset("db")],
        "pods": [pod("web-1")],
        "namespaces": [{"metadata": metadata("default", None)}],
    }
