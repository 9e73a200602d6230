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

from dashborion.errors import listing
from dashborion.models.ecs import EcsObject
from dashborion.models.event import Event
from dashborion.models.exec_check import ExecCheck
from dashborion.models.instance import Instance, InstanceDetail
from dashborion.models.kubernetes import ClusterObject
from dashborion.models.rollout import Change, Rollout
from dashborion.models.workload import Autoscaling, WorkloadDetail
from dashborion.render import table
from dashborion.render.cells import Cell, human, painted, plain
from dashborion.render.columns import BAD, STYLES, View, environment_label
from dashborion.render.views import causes, ecs, instances, kubernetes, workloads
from dashborion.streams import Streams, escape, one_line

Field = tuple[str, Cell] | tuple[str, Cell, str]  # a label, a value, and perhaps a colour
Fields = Sequence[Field]
Section = tuple[str, View, Sequence[Any]]
Sections = Sequence[Section]
Part = list[Field] | Section

_LINE_END = re.compile("\r?\n")
_FIRST = ("name", "project", "environment", "namespace")
_LAST = ("labels", "created_at")
_UPPER_CASE = {"ip": "IP", "ips": "IPs", "cpu": "CPU", "os": "OS", "arn": "ARN", "tls": "TLS"}
_LABELS = {"ingress_class": "Class"}
_VIEWS: Mapping[type[Any], View] = {**kubernetes.PARTS, **ecs.PARTS}


def page(streams: Streams, item: Any, *, now: datetime, drawn: bool) -> Iterator[str]:
    """The page; ``drawn`` for people with ages, else with whole values and all rows."""
    parts = _parts(item)
    width = max(len(one[0]) for part in parts if isinstance(part, list) for one in part) + 2
    is_first = True
    for part in parts:
        if isinstance(part, list):
            shown = [one for one in part if one[1] is not None and one[1] != ""]
            if shown and not is_first:
                yield "\n"
            for label, value, *style in shown:
                lines = [human(one, now) if drawn else plain(one) for one in _lines(value)]
                text = f"\n{'':<{width}}".join(lines)
                colour = style[0] if style else ""
                yield f"{label + ':':<{width}}{painted(streams, text, colour)}\n"
        elif part[2]:
            yield from _section(streams, *part, now=now, drawn=drawn)
        is_first = False
    for title, body in _texts(item):
        yield f"\n{escape(title)}\n"
        for line in _LINE_END.split(body.removesuffix("\n")):
            yield "\t".join(map(escape, line.split("\t"))) + "\n"


def _section(
    streams: Streams, title: str, view: View, rows: Sequence[Any], *, now: datetime, drawn: bool
) -> Iterator[str]:
    """A title and a table; what is left out of it is counted below."""
    yield f"\n{painted(streams, title, 'bold')}\n"
    if not drawn:
        yield from table.aligned(view.columns, rows)
        return
    shown, left = _shown(rows) if rows and isinstance(rows[0], Event | Instance) else (rows, "")
    columns = table.telling(view.columns, shown, streams.width, now=now)
    yield from table.fitted_table(streams, columns, shown, headers=True, now=now)
    if left:
        yield f"{left}\n"


SHOWN_EVENTS, SHOWN_STOPPED = 10, 3


def _shown(rows: Sequence[Any]) -> tuple[Sequence[Any], str]:
    """What people look at first: what runs and the newest that stopped; the newest events."""
    if isinstance(rows[0], Event):
        folded = _folded(rows)
        left = len(folded) - SHOWN_EVENTS
        newest = folded[-SHOWN_EVENTS:]
        warnings = [one for one in newest if one.type == "warning"]
        ordered = [*reversed(warnings), *(one for one in reversed(newest) if one not in warnings)]
        return ordered, f"+{left} older" if left > 0 else ""
    stopped = [one for one in rows if one.status == "stopped"]
    stopped.sort(key=lambda one: (one.stopped_at is not None, one.stopped_at), reverse=True)
    going = sorted((one for one in rows if one not in stopped), key=lambda one: not one.ready)
    left = len(stopped) - SHOWN_STOPPED
    return [*going, *stopped[:SHOWN_STOPPED]], f"+{left} stopped" if left > 0 else ""


def _folded(events: Sequence[Event]) -> list[Event]:
    """Events that say the same of the same object as one, at the time of the newest."""
    known: dict[tuple[Any, ...], Event] = {}
    for event in events:
        key = (event.type, event.reason, event.message, event.object)
        before = known.pop(key, None)
        count = event.count + (before.count if before else 0)
        known[key] = msgspec.structs.replace(event, count=count)
    return list(known.values())


def _lines(value: Cell) -> list[Cell]:
    """A text's lines, or the value; all but the first are indented, so that they forge no field."""
    return [*_LINE_END.split(value.strip("\r\n"))] if isinstance(value, str) else [value]


def _parts(item: Any) -> Sequence[Part]:
    if isinstance(item, WorkloadDetail):
        return _workload(item)
    if isinstance(item, InstanceDetail):
        fields, sections = _instance(item)
    elif isinstance(item, ExecCheck):
        fields = [("Instance", item.instance), ("Possible", instances.MET[item.possible])]
        sections = [("Requirements", instances.REQUIREMENTS, item.requirements)]
    elif isinstance(item, Change) and item.rollout is not None:
        fields, sections = [*_scalars(item), ("rollout", _rollout(item.rollout))], ()
    elif isinstance(item, Rollout):
        fields, sections = _scalars(item), [("Causes", causes.CAUSES, item.causes or [])]
    elif isinstance(item, EcsObject | ClusterObject):
        fields, sections = _generic_fields(item), _generic_sections(item)
    else:
        fields, sections = _scalars(item), ()
    return [list(fields), *sections]


def _workload(item: WorkloadDetail) -> Sequence[Part]:
    """First how it is and what is wrong, then what there is of it, then what it is."""
    rollout = item.rollout
    worst = next((one for one in item.causes if one.severity == "error"), None)
    status = f"{item.status}: {worst.title}" if worst else str(item.status)
    return [
        [
            ("Name", item.name),
            ("Status", status, BAD if worst else STYLES.get(item.status, "")),
            (
                "Replicas",
                f"{item.desired} desired, {item.running} running, {item.available} available",
            ),
            ("Rollout", _rollout(rollout), STYLES.get(rollout.state, "")),
        ],
        ("Causes", causes.CAUSES, item.causes),
        ("Instances", instances.INSTANCES_OF_WORKLOAD, item.instances),
        ("Endpoints", workloads.ENDPOINTS, item.endpoints),
        [
            ("Type", str(item.type)),
            ("Environment", environment_label(item)),
            ("Namespace", item.namespace),
            ("Revision", rollout.revision),
            ("Autoscaler", _autoscaler(item.autoscaling)),
            ("Images", ", ".join(item.images)),
            ("Requests", _requests(item.cpu, item.memory)),
            ("Labels", _line(item.labels)),
            ("Created", item.created_at),
            ("Updated", item.updated_at),
        ],
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
    first: list[Field] = [("Name", item.name), ("Environment", environment_label(item))]
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
    """A title and a body for each text of several lines: a ConfigMap's values, what to do."""
    if isinstance(item, ExecCheck):
        advice: dict[str, list[str]] = {}
        for one in item.requirements:
            if one.advice and not one.met:
                advice.setdefault(one_line(one.advice), []).append(one.requirement)
        lines = [f"{listing(names, most=1)}: {text}" for text, names in advice.items()]
        return [("What to do", "\n".join(lines))] if lines else []
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
