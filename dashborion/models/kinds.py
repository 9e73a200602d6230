"""The types of workloads, and the words for them on the command line."""

from __future__ import annotations

from enum import StrEnum


class WorkloadType(StrEnum):
    ECS_SERVICE = "ecs-service"
    DEPLOYMENT = "k8s-deployment"
    STATEFULSET = "k8s-statefulset"
    DAEMONSET = "k8s-daemonset"


KIND_WORDS = {
    "service": WorkloadType.ECS_SERVICE,
    "services": WorkloadType.ECS_SERVICE,
    "svc": WorkloadType.ECS_SERVICE,
    "deployment": WorkloadType.DEPLOYMENT,
    "deployments": WorkloadType.DEPLOYMENT,
    "deploy": WorkloadType.DEPLOYMENT,
    "deployment.apps": WorkloadType.DEPLOYMENT,
    "statefulset": WorkloadType.STATEFULSET,
    "statefulsets": WorkloadType.STATEFULSET,
    "sts": WorkloadType.STATEFULSET,
    "statefulset.apps": WorkloadType.STATEFULSET,
    "daemonset": WorkloadType.DAEMONSET,
    "daemonsets": WorkloadType.DAEMONSET,
    "ds": WorkloadType.DAEMONSET,
    "daemonset.apps": WorkloadType.DAEMONSET,
    **{str(member): member for member in WorkloadType},
}
"""The words for each type, with kubectl's short names and ``-o name`` forms."""


KIND_OF = {
    WorkloadType.ECS_SERVICE: "service",
    WorkloadType.DEPLOYMENT: "deployment",
    WorkloadType.STATEFULSET: "statefulset",
    WorkloadType.DAEMONSET: "daemonset",
}
"""The word for a type inside a NAME such as ``deployment/web``."""


INSTANCE_WORDS = frozenset({"pod", "pods", "po", "task", "tasks", "instance", "instances"})
