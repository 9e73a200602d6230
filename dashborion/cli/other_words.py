"""Words of other tools: which command is meant. Nothing here runs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from shlex import join

SHORT: Mapping[str, str] = {"w": "workloads", "i": "instances", "ls": "list"}
"""Other names that are accepted."""

_ROOT: Mapping[str, str] = {
    "get": "workloads list", "list": "workloads list", "ls": "workloads list",
    "ps": "instances list",
    "deployments": "workloads list", "pods": "instances list",
    "po": "instances list", "tasks": "instances list", "instance": "instances list",
    "workload": "workloads list", "nodes": "k8s nodes list", "clusters": "ecs clusters list",
    "contexts": "env list", "ctx": "env list", "config": "env list", "use": "env use",
    "exec": "instances exec", "shell": "instances exec", "stop": "instances stop",
    "delete": "instances stop", "rollout": "workloads status", "undo": "workloads rollback",
    "image": "workloads deploy", "update": "workloads deploy", "tail": "workloads logs",
    "check": "env check", "usage": "workloads top", "stats": "instances top",
    "diff": "workloads diff", "compare": "workloads diff",
    "promote": "workloads deploy",
}  # fmt: skip
_IN_GROUP: Mapping[str, str] = {
    "get": "list", "show": "describe", "inspect": "describe", "ps": "list", "delete": "stop",
    "rm": "stop", "kill": "stop", "shell": "exec", "tail": "logs", "undo": "rollback",
    "update": "deploy", "rollout": "status", "compare": "diff", "promote": "deploy",
}  # fmt: skip
_ROLLOUT = {
    "status": "status", "undo": "rollback", "history": "history", "restart": "restart",
}  # fmt: skip
_KINDS = {
    **dict.fromkeys(("deployments", "deployment", "deploy", "statefulsets"), "workloads"),
    **dict.fromkeys(("daemonsets", "services", "rollouts"), "workloads"),
    **dict.fromkeys(("pods", "pod", "po", "tasks"), "instances"),
    **dict.fromkeys(("httproutes", "grpcroutes"), "k8s routes"), "gateways": "k8s gateways",
    **{kind: f"k8s {kind}" for kind in ("nodes", "ingresses", "events", "jobs", "configmaps")},
}  # fmt: skip


def meant(
    path: str, words: Sequence[str], commands: Sequence[str], workloads: Sequence[str]
) -> str:
    """The command that was most likely meant, as it is typed; empty if there is none.

    Args:
        path: the group, such as ``dashborion k8s``.
        words: what was typed after it; the first is no command.
        commands: the group's.
        workloads: those of ``dashborion workloads``.
    """
    word, rest = words[0], list(words[1:])
    if " " in path:
        instead = _IN_GROUP.get(word)
        return f"{path} {join([instead, *rest])}" if instead and instead in commands else ""
    if word == "get" and rest and rest[0] in _KINDS:
        return f"{path} {_KINDS[rest[0]]} list"
    if word == "scale" and len(rest) == 2 and rest[1].isdecimal():
        return f"{path} workloads scale {join(rest[:1])} -r {rest[1]}"
    if word == "rollout" and rest:
        of_rollout = _ROLLOUT.get(rest[0], "status")
        return f"{path} workloads {of_rollout} {join(rest[rest[0] in _ROLLOUT :])}".rstrip()
    instead = f"workloads {word}" if word in workloads else _ROOT.get(word, "")
    return f"{path} {instead} {join(rest)}".rstrip() if instead else ""
