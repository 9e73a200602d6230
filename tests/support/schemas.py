"""What commands print with ``-o json`` in tests is checked against ``dashborion schema``.

Validators are compiled once for each model. Of a long list some thirty items are looked at: a
thousand of them are made by the same lines.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from functools import cache
from typing import Any

import fastjsonschema

from dashborion.schema import document

LOOKED_AT = 30
PRINTED: dict[str, str | list[str]] = {
    "workloads list": ["Workload"],
    "workloads describe": "WorkloadDetail",
    "workloads scale": "Change",
    "workloads restart": "Change",
    "workloads stop": "Change",
    "workloads start": "Change",
    "workloads deploy": "Change",
    "workloads rollback": "Change",
    "workloads continue": "Change",
    "workloads abort": "Change",
    "workloads pause": "Change",
    "workloads resume": "Change",
    "workloads run": "Run",
    "workloads history": ["Revision"],
    "workloads diff": ["Comparison"],
    "workloads logs": "LogLine",
    "workloads status": "RolloutStatus",
    "workloads why": "Diagnosis",
    "workloads top": ["Usage"],
    "workloads events": ["Event"],
    "instances exec": "ExecCheck",
    "instances list": ["Instance"],
    "instances describe": "InstanceDetail",
    "instances logs": "LogLine",
    "instances stop": "Change",
    "instances why": "Diagnosis",
    "instances top": ["Usage"],
    "k8s ingresses list": ["Ingress"],
    "k8s ingresses describe": "IngressDetail",
    "k8s routes list": ["Route"],
    "k8s routes describe": "RouteDetail",
    "k8s gateways list": ["Gateway"],
    "k8s gateways describe": "GatewayDetail",
    "k8s configmaps list": ["ConfigMap"],
    "k8s configmaps describe": "ConfigMapDetail",
    "k8s services list": ["Service"],
    "k8s services describe": "ServiceDetail",
    "k8s nodes list": ["Node"],
    "k8s nodes top": ["MachineUsage"],
    "k8s nodes describe": "NodeDetail",
    "k8s namespaces list": ["Namespace"],
    "k8s namespaces describe": "NamespaceDetail",
    "k8s events list": ["ClusterEvent"],
    "k8s events describe": "ClusterEvent",
    "k8s jobs list": ["Job"],
    "k8s jobs describe": "JobDetail",
    "k8s cronjobs list": ["CronJob"],
    "k8s cronjobs describe": "CronJobDetail",
    "k8s autoscalers list": ["Autoscaler"],
    "k8s autoscalers describe": "AutoscalerDetail",
    "ecs task-definitions list": ["TaskDefinitionFamily", "TaskDefinition"],
    "ecs task-definitions describe": "TaskDefinitionDetail",
    "ecs task-definitions diff": "Comparison",
    "ecs clusters list": ["Cluster"],
    "ecs clusters describe": "ClusterDetail",
    "ecs container-instances list": ["ContainerInstance"],
    "ecs container-instances top": ["MachineUsage"],
    "ecs deployments list": ["ServiceDeployment"],
    "status": ["EnvironmentHealth"],
    "timeline": ["Entry"],
    "env discover": ["Discovered"],
    "env list": ["EnvironmentInfo"],
    "env show": "EnvironmentInfo",
    "env check": ["Check", "Right"],
}
"""What each command prints: one model, or a list of one of these models."""
_ONE_OR_SEVERAL = {"env show"} | {
    f"workloads {word}" for word in ("status", "why", "scale", "restart", "stop", "start")
}


def check(command: str, out: str, exit_code: int = 0) -> None:
    """Raises AssertionError unless stdout is as the schema of the command's model says.

    What is no JSON of a known command is let be. The array of a list that failed half-way is open.
    """
    words = ["workloads" if word == "services" else word for word in shlex.split(command)]
    name = next((one for one in PRINTED if _begins(words, one.split())), None)
    if name is None or not out or not _is_json(words):
        return
    model = PRINTED[name]
    if "--watch" in words:
        _check_changes(out.splitlines(), model)
        return
    if model == "LogLine" or "-f" in words:  # an object a line
        lines = out.splitlines()
        for line in lines[:: max(1, len(lines) // LOOKED_AT)]:
            _hold(json.loads(line), [model] if isinstance(model, str) else model)
        return
    is_open = exit_code and out.startswith("[") and not out.rstrip().endswith("]")
    printed = json.loads(f"{out}]" if is_open else out)
    if name in _ONE_OR_SEVERAL and isinstance(printed, list):  # of a glob, of all
        model = [str(model)]
    if name == "workloads history" and isinstance(printed, dict):  # of two revisions
        model = "Comparison"
    if isinstance(model, str):
        _hold(printed, [model])
        return
    assert isinstance(printed, list), f"{command}: no list"
    for one in printed[:: max(1, len(printed) // LOOKED_AT)]:
        _hold(one, model)


def _check_changes(lines: list[str], model: str | list[str]) -> None:
    """Rows with what became of them, and what became of environments."""
    for line in lines:
        one = json.loads(line)
        if one["change"] in ("added", "modified", "deleted"):
            del one["change"]
            _hold(one, model if isinstance(model, list) else [model])
        else:
            _hold(one, ["WatchState"])


def _begins(words: list[str], name: list[str]) -> bool:
    """Global options may stand before a command's words."""
    plain = [word for word in words if not word.startswith("-")]
    return plain[: len(name)] == name


def _is_json(words: list[str]) -> bool:
    pairs = list(zip(words, [*words[1:], ""], strict=True))
    said = any(one in ("-o", "--output") and value == "json" for one, value in pairs)
    joined = {"-ojson", "--output=json"} & set(words)
    return bool(said or joined) and not {"--raw", "--help", "--version"} & set(words)


def _hold(printed: Any, models: list[str]) -> None:
    failures = []
    for model in models:
        try:
            validator(model)(printed)
        except fastjsonschema.JsonSchemaValueException as error:
            failures.append(f"{model}: {error.message}")
        else:
            return
    raise AssertionError(f"not as the schema says: {'; '.join(failures)}")


@cache
def validator(model: str) -> Callable[[Any], Any]:
    """Compiled; a property that the schema does not have is an error here."""
    whole = document(model)
    for one in whole["$defs"].values():
        if "properties" in one:
            one["additionalProperties"] = False
    compiled: Callable[[Any], Any] = fastjsonschema.compile(
        {key: value for key, value in whole.items() if key != "$schema"}
    )
    return compiled
