"""Tables as the API server prints them for ``kubectl get``, which has no columns of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from dashborion.demo.kubernetes.objects import is_ready, last_told
from dashborion.demo.kubernetes.resources import Object, Resource

_COLUMNS: Mapping[str, Mapping[str, str]] = msgspec.yaml.decode(
    Path(__file__).with_suffix(".yaml").read_bytes()
)


def table(resource: Resource, items: Sequence[Object], now: datetime, metadata: Object) -> Object:
    columns = {"Name": "metadata.name", **_COLUMNS.get(resource.plural, {}), "Age": "<age>"}
    if resource.plural == "events":
        columns = dict(_COLUMNS["events"])
    kind = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
    rows = [
        {
            "cells": [_cell(source, item, now) for source in columns.values()],
            "object": {**kind, "metadata": item["metadata"]},
        }
        for item in items
    ]
    definitions = [
        {"name": name, "type": "string", "format": "name" if name == "Name" else ""}
        | {"description": "", "priority": 0}
        for name in columns
    ]
    head = {**kind, "kind": "Table", "metadata": metadata}
    return {**head, "columnDefinitions": definitions, "rows": rows}


def _cell(source: str, item: Object, now: datetime) -> Any:
    if source in ("<age>", "<seen>"):
        created = item["metadata"].get("creationTimestamp")
        return _age(created if source == "<age>" else last_told(item), now)
    if source in _MADE:
        return _MADE[source](item)
    values = [_value(path, item) for path in source.split("/")]
    return values[0] if len(values) == 1 else "/".join(map(str, values))


def _value(path: str, item: Object) -> Any:
    path, _, default = path.partition("|")
    values: list[Any] = [item]
    for key in path.split("."):
        found = [(value or {}).get(key.removesuffix("[]")) for value in values]
        values = [one for many in found for one in many or ()] if key.endswith("[]") else found
    known = [value for value in values if value is not None]
    if "[]" in path:
        return ",".join(map(str, known)) or default
    return known[0] if known else default


def _age(when: str | None, now: datetime) -> str:
    if not when:
        return "<unknown>"
    seconds = max(0, int((now - datetime.fromisoformat(when)).total_seconds()))
    for size, unit, limit in ((1, "s", 120), (60, "m", 120), (3600, "h", 48)):
        if seconds < size * limit:
            return f"{seconds // size}{unit}"
    return f"{seconds // 86400}d"


def _ready(pod: Object) -> str:
    status, first = pod.get("status") or {}, pod["spec"].get("initContainers") or ()
    lasting = [one["name"] for one in first if one.get("restartPolicy") == "Always"]
    lasting += [one["name"] for one in pod["spec"]["containers"]]
    known = [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]
    return f"{sum(one['ready'] and one['name'] in lasting for one in known)}/{len(lasting)}"


def _restarts(pod: Object) -> str:
    part = "initContainerStatuses" if pod_reason(pod).startswith("Init:") else "containerStatuses"
    statuses = (pod.get("status") or {}).get(part) or ()
    return str(sum(status["restartCount"] for status in statuses))


def pod_reason(pod: Object) -> str:
    """The word of ``printPod``, for the states that this cluster's pods get into."""
    status = pod.get("status") or {}
    if pod["metadata"].get("deletionTimestamp"):
        return "Terminating"
    word: str = status.get("reason") or status.get("phase") or "Pending"
    initial = status.get("initContainerStatuses") or ()
    for number, container in enumerate(initial):
        state = container["state"]
        ended, waiting = state.get("terminated"), state.get("waiting") or {}
        is_sidecar = container.get("started") and "running" in state
        if is_sidecar or (ended and ended["exitCode"] == 0):
            continue
        if ended:
            return f"Init:{ended['reason']}"
        if waiting.get("reason", "PodInitializing") != "PodInitializing":
            return f"Init:{waiting['reason']}"
        return f"Init:{number}/{len(initial)}"
    has_running = False
    for container in reversed(status.get("containerStatuses") or ()):
        state = container["state"]
        word = (state.get("waiting") or state.get("terminated") or {}).get("reason") or word
        has_running = has_running or ("running" in state and container["ready"])
    return "NotReady" if word == "Completed" and has_running else word


_MADE: Mapping[str, Callable[[Object], Any]] = {
    "<ready>": _ready,
    "<status>": pod_reason,
    "<restarts>": _restarts,
    "<node>": lambda node: "Ready" if is_ready(node) else "NotReady",
    "<data>": lambda item: len(item.get("data") or {}) + len(item.get("binaryData") or {}),
}
