"""Manifests in a line or two: tests name what matters to them and get the rest."""

from collections.abc import Sequence
from typing import Any

from tests.support.api import Manifest

_REGISTRY = "example.com"


def namespace(name: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def container(behaviour: str = "app", *, name: str = "app", **fields: Any) -> Manifest:
    """`behaviour` is the name of the image; `containers.py` says what each one does."""
    return {"name": name, "image": image(behaviour), **fields}


def image(behaviour: str, tag: str = "1.0") -> str:
    return f"{_REGISTRY}/{behaviour}:{tag}"


def pod(name: str, *containers: Manifest, namespace: str = "media", **spec: Any) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": {"containers": list(containers or [container()]), **spec},
    }


def deployment(
    name: str,
    *containers: Manifest,
    replicas: int = 1,
    namespace: str = "media",
    init: Sequence[Manifest] = (),
    **spec: Any,
) -> Manifest:
    return _workload(
        "Deployment", name, containers, namespace=namespace, init=init, replicas=replicas, **spec
    )


def rollout(
    name: str,
    *containers: Manifest,
    strategy: Manifest,
    replicas: int = 1,
    namespace: str = "media",
    **spec: Any,
) -> Manifest:
    """An Argo Rollout."""
    made = _workload(
        "Rollout", name, containers, namespace=namespace, replicas=replicas, strategy=strategy,
        **spec,
    )  # fmt: skip
    return {**made, "apiVersion": "argoproj.io/v1alpha1"}


def stateful_set(
    name: str, *containers: Manifest, replicas: int = 1, namespace: str = "media", **spec: Any
) -> Manifest:
    """Needs a headless Service of the same name."""
    return _workload(
        "StatefulSet",
        name,
        containers,
        namespace=namespace,
        serviceName=name,
        replicas=replicas,
        **spec,
    )


def daemon_set(name: str, *containers: Manifest, namespace: str = "media") -> Manifest:
    return _workload("DaemonSet", name, containers, namespace=namespace)


def service(name: str, *, namespace: str = "media", **spec: Any) -> Manifest:
    """Port 80 to 8080 of the pods labelled `app: NAME`."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": {
            "selector": {"app": name},
            "ports": [{"name": "http", "port": 80, "targetPort": 8080}],
            **spec,
        },
    }


def ingress(name: str, *, host: str, namespace: str = "media") -> Manifest:
    """HTTPS at `host` to port 80 of the Service of the same name."""
    backend = {"service": {"name": name, "port": {"number": 80}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": {
            "tls": [{"hosts": [host], "secretName": f"{name}-tls"}],
            "rules": [{"host": host, "http": {"paths": [path]}}],
        },
    }


def autoscaler(name: str, *, low: int, high: int, namespace: str = "media") -> Manifest:
    """Of the Deployment of the same name."""
    return {
        "apiVersion": "autoscaling/v1",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "minReplicas": low,
            "maxReplicas": high,
            "targetCPUUtilizationPercentage": 70,
        },
    }


def job(name: str, *containers: Manifest, namespace: str = "media") -> Manifest:
    template = {"containers": list(containers), "restartPolicy": "Never"}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"template": {"spec": template}},
    }


def _workload(
    kind: str,
    name: str,
    containers: Sequence[Manifest],
    *,
    namespace: str,
    init: Sequence[Manifest] = (),
    **spec: Any,
) -> Manifest:
    labels = {"app": name}
    pods: Manifest = {"containers": list(containers or [container()])}
    if init:
        pods["initContainers"] = list(init)
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pods},
            **spec,
        },
    }
