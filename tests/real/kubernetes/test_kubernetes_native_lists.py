"""On the real control plane, every list says what ``kubectl get`` says, object by object."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Cli
from tests.support.kind_samples import KINDS, SPACE, WORDS
from tests.support.kubectl import kubectl, kubectl_items

CLUSTERWIDE = ("nodes", "namespaces")


def place(kind: str) -> str:
    return "" if kind in CLUSTERWIDE else f" -n {SPACE}"


def keys(item: Any) -> int:
    return len(item.get("data", {})) + len(item.get("binaryData", {}))


def containers(template: Any) -> list[str]:
    return [one["name"] for one in template["spec"]["containers"]]


def template(item: Any) -> Any:
    return item["spec"]["jobTemplate"]["spec"]["template"]


# What each kind says beyond its name, by the path in the API's own object.
FIELDS: dict[str, dict[str, Callable[[Any], Any]]] = {
    "ingresses": {
        "class": lambda one: one["spec"].get("ingressClassName"),
        "hosts": lambda one: [rule["host"] for rule in one["spec"].get("rules", ())],
        "tlsHosts": lambda one: [h for tls in one["spec"].get("tls", ()) for h in tls["hosts"]],
    },
    "configmaps": {"keys": keys},
    "services": {
        "type": lambda one: one["spec"]["type"],
        "clusterIP": lambda one: one["spec"].get("clusterIP"),
        "selector": lambda one: one["spec"].get("selector"),
    },
    "nodes": {
        "version": lambda one: one["status"]["nodeInfo"]["kubeletVersion"] or None,
        "osImage": lambda one: one["status"]["nodeInfo"]["osImage"],
        "memory": lambda one: one["status"]["allocatable"]["memory"],
    },
    "namespaces": {"status": lambda one: one["status"]["phase"]},
    "events": {
        "reason": lambda one: one["reason"],
        "message": lambda one: one["message"],
        "count": lambda one: one.get("count") or 1,
        "type": lambda one: one["type"].lower(),
    },
    "jobs": {
        "completions": lambda one: one["spec"].get("completions"),
        "parallelism": lambda one: one["spec"]["parallelism"],
        "succeeded": lambda one: one["status"].get("succeeded", 0),
        "completedAt": lambda one: one["status"].get("completionTime"),
        "containers": lambda one: containers(one["spec"]["template"]),
    },
    "cronjobs": {
        "schedule": lambda one: one["spec"]["schedule"],
        "suspended": lambda one: one["spec"]["suspend"],
        "lastScheduledAt": lambda one: one["status"].get("lastScheduleTime"),
        "containers": lambda one: containers(template(one)),
    },
    "autoscalers": {
        "min": lambda one: one["spec"].get("minReplicas", 1),
        "max": lambda one: one["spec"]["maxReplicas"],
        "replicas": lambda one: one["status"].get("currentReplicas", 0),
    },
}

# What kubectl's columns are called here.
COLUMNS = {
    "ingresses": ["CLASS", "HOSTS", "ADDRESS", "PORTS"],
    "configmaps": ["DATA=KEYS"],
    "services": ["TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)=PORTS", "SELECTOR"],
    "nodes": ["STATUS", "ROLES", "VERSION", "INTERNAL-IP", "EXTERNAL-IP", "OS-IMAGE",
              "KERNEL-VERSION", "CONTAINER-RUNTIME"],
    "namespaces": ["STATUS"],
    "events": ["REASON", "OBJECT", "SUBOBJECT", "SOURCE", "MESSAGE", "COUNT"],
    "jobs": ["COMPLETIONS", "CONTAINERS", "IMAGES"],
    "cronjobs": ["SCHEDULE", "ACTIVE", "CONTAINERS", "IMAGES"],
    "autoscalers": ["REFERENCE", "MINPODS=MIN", "MAXPODS=MAX", "REPLICAS"],
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_object_agrees_with_kubectl(dashborion: Cli, kubeconfig: Path, kind: str) -> None:
    ours = dashborion(f"k8s {kind} list{place(kind)} -o json").json
    theirs = kubectl_items(kubeconfig, f"get {WORDS.get(kind, kind)}{place(kind)}")
    by_name = {one["metadata"]["name"]: one for one in theirs}
    assert by_name
    assert sorted(one["name"] for one in ours) == sorted(by_name)
    for one in ours:
        item = by_name[one["name"]]
        assert one["createdAt"] == item["metadata"]["creationTimestamp"]
        assert one["labels"] == item["metadata"].get("labels", {})
        assert one.get("namespace") == item["metadata"].get("namespace")
        for name, told in FIELDS[kind].items():
            assert one[name] == told(item), (one["name"], name)


@pytest.mark.parametrize("kind", KINDS)
def test_every_column_agrees_with_kubectl(dashborion: Cli, kubeconfig: Path, kind: str) -> None:
    ours = table(dashborion(f"k8s {kind} list{place(kind)} -o wide").lines)
    printed = kubectl(kubeconfig, f"get {WORDS.get(kind, kind)}{place(kind)} -o wide")
    theirs = cut(printed.splitlines())
    for pair in COLUMNS[kind]:
        name, _, here = pair.partition("=")
        expected = {one["NAME"]: one[name] for one in theirs}
        if name == "KERNEL-VERSION":  # a server of 1.20 does not print the architecture
            expected = {key: f"{kernel.split()[0]} (amd64)" for key, kernel in expected.items()}
        assert {one["NAME"]: one[here or name] for one in ours} == expected


@pytest.mark.parametrize("kind", KINDS)
def test_raw_is_what_kubectl_prints(dashborion: Cli, kubeconfig: Path, kind: str) -> None:
    word = WORDS.get(kind, kind)
    ours = dashborion(f"k8s {kind} list{place(kind)} --raw").json
    if kind == "autoscalers":  # of which kubectl likes an old server's oldest version best
        (version,) = {one["apiVersion"] for one in ours}
        group, _, number = version.partition("/")
        word = f"horizontalpodautoscalers.{number}.{group}"
    theirs = kubectl_items(kubeconfig, f"get {word}{place(kind)}")
    assert sorted(map(json.dumps, map(settled, ours))) == sorted(
        map(json.dumps, map(settled, theirs))
    )


def settled(item: Any) -> Any:
    """Without what moves between two looks, and with its keys in order."""
    moving = ("resourceVersion", "managedFields")
    metadata = {key: value for key, value in item["metadata"].items() if key not in moving}
    whole = {**item, "metadata": metadata}
    if item["kind"] in ("Node", "HorizontalPodAutoscaler"):
        whole.pop("status")
    return json.loads(json.dumps(whole, sort_keys=True))


def table(lines: list[str]) -> list[dict[str, str]]:
    header, *rows = [line.split("\t") for line in lines]
    return [dict(zip(header, row, strict=True)) for row in rows]


def cut(lines: list[str]) -> list[dict[str, str]]:
    """kubectl's table by the places of its headers; what it has no value for is ``-``."""
    header = lines[0]
    names = [name for name in header.split("  ") if name.strip()]
    starts = [header.index(name.strip()) for name in names]
    ends = [*starts[1:], None]
    return [
        {
            name.strip(): {"<none>": "-", "<pending>": "pending", "": "-"}.get(cell, cell)
            for name, start, end in zip(names, starts, ends, strict=True)
            for cell in [line[start:end].strip()]
        }
        for line in lines[1:]
    ]
