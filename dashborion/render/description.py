"""One object as a page for people: fields, then a table for each part that has rows.

The page of an object that only one orchestrator has is derived from its model's
attributes: everything that the JSON has is shown, and a new attribute needs no line here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from dashborion.models.ecs import EcsObject
from dashborion.models.instance import InstanceDetail
from dashborion.models.kubernetes import ClusterObject
from dashborion.models.rollout import Change, Rollout
from dashborion.models.workload import Autoscaling, WorkloadDetail
from dashborion.render import table
from dashborion.render.cells import Cell, human, plain
from dashborion.render.columns import View, environment_label
from dashborion.render.views import causes, ecs, instances, kubernetes, workloads
from dashborion.streams import Streams, escape

Fields = Sequence[tuple[str, Cell]]
Sections = Sequence[tuple[str, View, Sequence[Any]]]

_LINE_END = re.compile("\r?\n")
_FIRST = ("name", "project", "environment", "namespace")
_LAST = ("labels", "created_at")
_UPPER_CASE = {"ip": "IP", "ips": "IPs", "cpu": "CPU", "os": "OS", "arn": "ARN", "tls": "TLS"}
_LABELS = {"ingress_class": "Class"}
_VIEWS: Mapping[type[Any], View] = {**kubernetes.PARTS, **ecs.PARTS}


def page(streams: Streams, item: Any, *, now: datetime) -> Iterator[str]:
    """The page; on a terminal with ages and colours, in a pipe with whole values."""
    fields, sections = _content(item)
    width = max(len(label) for label, _ in fields) + 2
    for label, value in fields:
        if value is not None and value != "":
            lines = [human(line, now) if streams.out_tty else plain(line) for line in _lines(value)]
            yield f"{label + ':':<{width}}" + f"\n{'':<{width}}".join(lines) + "\n"
    for title, view, rows in sections:
        if not rows:
            continue
        yield f"\n{title}\n"
        if streams.out_tty:
            yield from table.fitted_table(streams, view.columns, rows, headers=True, now=now)
        else:
            yield from table.tab_separated(view.columns, rows, headers=True)
    for title, body in _texts(item):
        yield f"\n{escape(title)}\n"
        for line in _LINE_END.split(body.removesuffix("\n")):
            yield "\t".join(map(escape, line.split("\t"))) + "\n"


def _lines(value: Cell) -> list[Cell]:
    """A text's lines, or the value; all but the first are indented, so that they forge no field."""
    return [*_LINE_END.split(value.strip("\r\n"))] if isinstance(value, str) else [value]


def _content(item: Any) -> tuple[Fields, Sections]:
    if isinstance(item, WorkloadDetail):
        return _workload(item)
    if isinstance(item, InstanceDetail):
        return _instance(item)
    if isinstance(item, Change) and item.rollout is not None:
        return [*_scalars(item), ("rollout", _rollout(item.rollout))], ()
    if isinstance(item, Rollout):
        return _scalars(item), [("Causes", causes.CAUSES, item.causes or [])]
    if isinstance(item, EcsObject | ClusterObject):
        return _generic_fields(item), _generic_sections(item)
    return _scalars(item), ()


def _workload(item: WorkloadDetail) -> tuple[Fields, Sections]:
    rollout = item.rollout
    fields: Fields = [
        ("Name", item.name),
        ("Type", str(item.type)),
        ("Environment", environment_label(item)),
        ("Namespace", item.namespace),
        ("Status", str(item.status)),
        ("Replicas", f"{item.desired} desired, {item.running} running, {item.available} available"),
        ("Rollout", _rollout(rollout)),
        ("Revision", rollout.revision),
        ("Autoscaler", _autoscaler(item.autoscaling)),
        ("Images", ", ".join(item.images)),
        ("Requests", _requests(item.cpu, item.memory)),
        ("Labels", _line(item.labels)),
        ("Created", item.created_at),
        ("Updated", item.updated_at),
    ]
    return fields, [
        ("Causes", causes.CAUSES, item.causes),
        ("Endpoints", workloads.ENDPOINTS, item.endpoints),
        ("Instances", instances.INSTANCES_OF_WORKLOAD, item.instances),
        ("Revisions", workloads.REVISIONS, item.revisions),
        ("Events", workloads.EVENTS, item.events),
    ]


def _instance(item: InstanceDetail) -> tuple[Fields, Sections]:
    fields: Fields = [
        ("Name", item.name),
        ("ID", item.id if item.id != item.name else None),
        ("Workload", item.workload),
        ("Environment", environment_label(item)),
        ("Namespace", item.namespace),
        ("Status", ", ".join(filter(None, (str(item.status), item.reason)))),
        ("Message", item.message),
        ("Health", item.health),
        ("Revision", item.revision),
        ("IP", item.ip),
        ("Node", ", ".join(filter(None, (item.node, item.zone)))),
        ("Requests", _requests(item.cpu, item.memory)),
        ("Labels", _line(item.labels)),
        ("Created", item.created_at),
        ("Started", item.started_at),
        ("Stopped", item.stopped_at),
    ]
    return fields, [
        ("Containers", instances.CONTAINERS, item.containers),
        ("Events", workloads.EVENTS, item.events),
    ]


def _scalars(item: Any) -> Fields:
    """The plain fields of any other model, named as in the JSON."""
    values = msgspec.to_builtins(item, builtin_types=(datetime,))
    return [(key, value) for key, value in values.items() if not isinstance(value, dict | list)]


def _rollout(item: Rollout) -> str:
    return ", ".join(filter(None, (str(item.state), item.message)))


def _autoscaler(autoscaling: Autoscaling | None) -> str | None:
    if autoscaling is None:
        return None
    state = ", suspended" if autoscaling.suspended else ""
    wants = "" if autoscaling.desired is None else f", wants {autoscaling.desired}"
    bounds = f"{autoscaling.min} to {autoscaling.max}"
    if autoscaling.contradicts:
        bounds = f"at least {autoscaling.min} and at most {autoscaling.max}, which contradict"
    return f"{autoscaling.source}: {bounds}{wants}{state}"


def _requests(cpu: str | None, memory: str | None) -> str | None:
    parts = [f"{name} {value}" for name, value in (("cpu", cpu), ("memory", memory)) if value]
    return ", ".join(parts) or None


def _generic_fields(item: Any) -> Fields:
    """Label and value of each attribute that fits on a line, labels and age last."""
    names = [name for name in item.__struct_fields__ if name not in (*_FIRST, *_LAST)]
    first: list[tuple[str, Cell]] = [("Name", item.name), ("Environment", environment_label(item))]
    if hasattr(item, "namespace"):
        first.append(("Namespace", item.namespace))
    ordered = [*names, *(name for name in _LAST if hasattr(item, name))]
    return first + [(_label(name), _line(getattr(item, name))) for name in ordered]


def _generic_sections(item: Any) -> Sections:
    """A title and a table for each list of objects."""
    return [
        (_label(name), _VIEWS[type(value[0])], value)
        for name in item.__struct_fields__
        if isinstance(value := getattr(item, name), list) and value and type(value[0]) in _VIEWS
    ]


def _texts(item: Any) -> list[tuple[str, str]]:
    """A title and a body for each text of several lines: the values of a ConfigMap."""
    data: Mapping[str, str] = getattr(item, "data", {})
    sizes: Mapping[str, int] = getattr(item, "binary_data", {})
    return [
        *((f"Data: {key}", value) for key, value in sorted(data.items())),
        *((f"Data: {key}", f"({size} bytes)") for key, size in sorted(sizes.items())),
    ]


def _label(name: str) -> str:
    """``External IPs`` for ``external_ips``."""
    if name in _LABELS:
        return _LABELS[name]
    words = [_UPPER_CASE.get(word, word) for word in name.removesuffix("_at").split("_")]
    return " ".join([words[0][0].upper() + words[0][1:], *words[1:]])


def _line(value: Any) -> Cell:
    """The value on one line; None if it is unknown or has a table or a text of its own."""
    if isinstance(value, dict):
        if any(not isinstance(text, str) or "\n" in text for text in value.values()):
            return None
        return ", ".join(f"{key}={text}" for key, text in sorted(value.items()))
    if isinstance(value, list):
        if any(isinstance(entry, msgspec.Struct) for entry in value):
            return None
        return ", ".join(map(str, value)) or None
    if value is None or isinstance(value, bool | int | float | datetime):
        return value
    return str(value)
