"""The types of workloads, and the words for kinds of objects on the command line."""

from __future__ import annotations

import re
from enum import StrEnum


class WorkloadType(StrEnum):
    ECS_SERVICE = "ecs-service"
    EXPRESS_SERVICE = "ecs-express-service"
    DEPLOYMENT = "k8s-deployment"
    STATEFULSET = "k8s-statefulset"
    DAEMONSET = "k8s-daemonset"
    ROLLOUT = "k8s-rollout"


_WORDS = {
    WorkloadType.ECS_SERVICE: ("service", "services", "svc"),
    WorkloadType.EXPRESS_SERVICE: ("express", "express-service", "express-services"),
    WorkloadType.DEPLOYMENT: ("deployment", "deployments", "deploy"),
    WorkloadType.STATEFULSET: ("statefulset", "statefulsets", "sts"),
    WorkloadType.DAEMONSET: ("daemonset", "daemonsets", "ds"),
    WorkloadType.ROLLOUT: ("rollout", "rollouts", "ro"),
}

KIND_WORDS = {word: type_ for type_, words in _WORDS.items() for word in (*words, str(type_))}
"""The words for each type, with kubectl's short names."""

KIND_OF = {type_: words[0] for type_, words in _WORDS.items()}
"""The word for a type inside a NAME such as ``deployment/web``."""


def is_meant(wanted: WorkloadType | None, type_: WorkloadType | None) -> bool:
    """Whether a type is one that was asked for: a service of Express mode is a service."""
    is_service = type_ is WorkloadType.EXPRESS_SERVICE and wanted is WorkloadType.ECS_SERVICE
    return wanted in (None, type_) or is_service


INSTANCE_WORDS = frozenset({"pod", "pods", "po", "task", "tasks", "instance", "instances"})

_COMMANDS = {
    "workloads history NAME": ("replicaset", "replicasets", "rs", "controllerrevision",
                               "controllerrevisions"),
    "k8s ingresses describe {}": ("ingress", "ingresses", "ing"),
    "k8s routes describe {}": ("httproute", "httproutes", "grpcroute", "grpcroutes", "route",
                               "routes"),
    "k8s gateways describe {}": ("gateway", "gateways", "gtw"),
    "k8s configmaps describe {}": ("configmap", "configmaps", "cm"),
    "k8s nodes describe {}": ("node", "nodes", "no"),
    "k8s namespaces describe {}": ("namespace", "namespaces", "ns"),
    "k8s events describe {}": ("event", "events", "ev"),
    "k8s jobs describe {}": ("job", "jobs"),
    "k8s cronjobs describe {}": ("cronjob", "cronjobs", "cj"),
    "k8s autoscalers describe {}": ("horizontalpodautoscaler", "horizontalpodautoscalers", "hpa"),
    "ecs task-definitions describe {}": ("task-definition", "task-definitions", "taskdefinition"),
    "ecs clusters describe {}": ("cluster", "clusters"),
    "ecs container-instances list": ("container-instance", "container-instances"),
    "ecs deployments list": ("service-deployment", "service-deployments"),
}  # fmt: skip
_COMMAND_OF = {word: command for command, words in _COMMANDS.items() for word in words}

# kubectl's KIND.GROUP and KIND.VERSION.GROUP
_GROUP = re.compile(
    r"(\.v\d+((alpha|beta)\d+)?)?"
    r"\.(apps|batch|autoscaling|extensions|argoproj\.io|(gateway\.)?networking\.k8s\.io|events\.k8s\.io)$"
)


def kind_word(text: str) -> str:
    """A word for a kind in lower case, without the API group that kubectl writes behind it."""
    return _GROUP.sub("", text.lower())


def workload_type(text: str) -> WorkloadType | None:
    """The type that a word is for, such as ``sts`` or ``deployments.apps``."""
    return KIND_WORDS.get(kind_word(text))


def command_for(text: str, name: str) -> str | None:
    """The command for an object that is neither workload nor instance, None for other words."""
    command = _COMMAND_OF.get(kind_word(text))
    return command and command.format(name)
