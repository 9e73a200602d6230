"""The types of workloads, and the words for them on the command line."""

from __future__ import annotations

from enum import StrEnum


class WorkloadType(StrEnum):
    ECS_SERVICE = "ecs-service"
    DEPLOYMENT = "k8s-deployment"
    STATEFULSET = "k8s-statefulset"
    DAEMONSET = "k8s-daemonset"


_WORDS = {
    WorkloadType.ECS_SERVICE: ("service", "services", "svc"),
    WorkloadType.DEPLOYMENT: ("deployment", "deployments", "deploy", "deployment.apps"),
    WorkloadType.STATEFULSET: ("statefulset", "statefulsets", "sts", "statefulset.apps"),
    WorkloadType.DAEMONSET: ("daemonset", "daemonsets", "ds", "daemonset.apps"),
}

KIND_WORDS = {word: type_ for type_, words in _WORDS.items() for word in (*words, str(type_))}
"""The words for each type, with kubectl's short names and ``-o name`` forms."""

KIND_OF = {type_: words[0] for type_, words in _WORDS.items()}
"""The word for a type inside a NAME such as ``deployment/web``."""

INSTANCE_WORDS = frozenset({"pod", "pods", "po", "task", "tasks", "instance", "instances"})
