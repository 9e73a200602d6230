"""Workloads to show, without an orchestrator."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dashborion.models.instance import Container, Instance, InstanceStatus
from dashborion.models.kinds import WorkloadType
from dashborion.models.rollout import Rollout, RolloutState
from dashborion.models.workload import Endpoint, EndpointType, Resources, Workload, WorkloadStatus

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def workload(name: str = "web", **changes: object) -> Workload:
    """A healthy Deployment, three minutes old."""
    fields: dict[str, object] = {
        "project": None,
        "environment": "k8s:demo",
        "namespace": "shop",
        "name": name,
        "type": WorkloadType.DEPLOYMENT,
        "orchestrator": "kubernetes",
        "status": WorkloadStatus.RUNNING,
        "desired": 2,
        "running": 2,
        "available": 2,
        "image": "registry.example.com/team/web:1.2",
        "images": ["registry.example.com/team/web:1.2"],
        "created_at": NOW - timedelta(minutes=3, seconds=20),
        "updated_at": None,
        "cpu": "250m",
        "memory": "128Mi",
        "resources": Resources(cpu_millicores=250, memory_mib=128),
        "rollout": Rollout(state=RolloutState.COMPLETE, revision="1", message=None),
        "endpoints": [Endpoint(type=EndpointType.SERVICE, name="web", address="10.0.0.1", port=80)],
        "labels": {},
    }
    return Workload(**{**fields, **changes})  # type: ignore[arg-type]


def instance(name: str = "web-1", **changes: object) -> Instance:
    """An instance with one container, which runs unless told otherwise."""
    container = Container(
        name="app", status=InstanceStatus.RUNNING, image="app:1", ready=True, restarts=0,
        exit_code=None, reason=None, last_termination=None,
    )  # fmt: skip
    plain: dict[str, object] = {
        "project": None, "environment": "k8s:demo", "namespace": "shop", "id": name, "name": name,
        "workload": "web", "orchestrator": "kubernetes", "status": InstanceStatus.RUNNING,
        "ready": True, "reason": None, "message": None, "health": None, "ip": None, "node": None,
        "zone": None, "revision": "1", "restarts": 0, "created_at": NOW, "started_at": NOW,
        "stopped_at": None, "cpu": None, "memory": None, "containers": [container],
    }  # fmt: skip
    return Instance(**plain | changes)  # type: ignore[arg-type]
