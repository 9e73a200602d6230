"""One object as a page for people: fields, then a table for each part that has rows.

The page of an object that only one orchestrator has is derived from its model's
attributes: everything that the JSON has is shown, and a new attribute needs no line here.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from dashborion.errors import listing, short
from dashborion.models.base import environment_label
from dashborion.models.cause import LogTail
from dashborion.models.ecs import EcsObject
from dashborion.models.event import Event
from dashborion.models.exec_check import ExecCheck
from dashborion.models.instance import Instance, InstanceDetail
from dashborion.models.kubernetes import ClusterObject
from dashborion.models.limits import Limits
from dashborion.models.managed import ManagedBy
from dashborion.models.rollout import Change, Rollout, Traffic
from dashborion.models.workload import Autoscaling, WorkloadDetail
from dashborion.render import page_parts, table
from dashborion.render.cells import Cell, human, painted, plain
from dashborion.render.columns import BAD, STYLES, View
from dashborion.render.log_lines import harmless
from dashborion.render.views import causes, ecs, instances, kubernetes, workloads
from dashborion.render.views.causes import of_tail
from dashborion.streams import Streams, escape, one_line

Field = tuple[str, Cell] | tuple[str, Cell, str]  # a label, a value, and perhaps a colour
Fields = Sequence[Field]
Section = tuple[str, View, Sequence[Any]]
Sections = Sequence[Section]
Part = list[Field] | Section

_NARROWEST = 40  # columns of a value
_LINE_END = re.compile("\r?\n")
_FIRST = ("name", "project", "environment", "namespace")
_WRONG = ("status", "reason", "message")
_LAST = ("labels", "created_at")
_UPPER_CASE = {"ip": "IP", "ips": "IPs", "cpu": "CPU", "os": "OS", "arn": "ARN", "tls": "TLS"}
_LABELS = {"ingress_class": "Class", "gateway_class": "Class"}
_VIEWS: Mapping[type[Any], View] = {**kubernetes.PARTS, **ecs.PARTS}


def page(streams: Streams, item: Any, *, now: datetime, drawn: bool) -> Iterator[str]:
    """The page; ``drawn`` for people with ages, else with whole values and all rows."""
    parts: Sequence[Part] = _parts(item)
    parts = [
        [one for one in part if one[1] is not None and one[1] != ""]
        if isinstance(part, list)
        else part
        for part in parts
    ]
    labels = (len(one[0]) for part in parts if isinstance(part, list) for one in part)
    width = max(labels, default=0) + 2
    is_first = True
    for part in parts:
        if isinstance(part, list):
            if part and not is_first:
                yield "\n"
            for label, value, *style in part:
                room = streams.width - width if drawn else None
                lines = [part for one in _lines(value) for part in _wrapped(one, now, room)]
                text = f"\n{'':<{width}}".join(lines)
                colour = style[0] if style else ""
                yield f"{label + ':':<{width}}{painted(streams, text, colour)}\n"
        elif part[2]:
            subject = str(getattr(item, "name", ""))
            yield from _section(streams, *part, subject=subject, now=now, drawn=drawn)
        is_first = False
    for title, body in _texts(item):
        yield f"\n{painted(streams, escape(title), 'bold')}\n"
        for line in _LINE_END.split(body.removesuffix("\n")):
            yield f"{harmless(line)}\n"


def _section(
    streams: Streams,
    title: str,
    view: View,
    rows: Sequence[Any],
    *,
    subject: str,
    now: datetime,
    drawn: bool,
) -> Iterator[str]:
    """A title and a table; what is left out of it is counted below."""
    yield f"\n{painted(streams, title, 'bold')}\n"
    if not drawn:
        yield from table.aligned(view.columns, rows)
        return
    left = ""
    if isinstance(rows[0], Event):
        view = workloads.EVENT_ROWS
        rows, left = page_parts.events(rows, subject, now)
    elif isinstance(rows[0], Instance):
        rows, left = page_parts.instances(rows)
    columns = table.telling(view.columns, rows, streams.width, now=now)
    yield from table.fitted_table(streams, columns, rows, headers=True, now=now, wraps=True)
    if left:
        yield f"{left}\n"


def _wrapped(value: Cell, now: datetime, room: int | None) -> list[str]:
    """A line of a value, on several for people if it has no room; names are not broken."""
    if room is None:
        return [plain(value)]
    text = human(value, now)
    most = max(room, _NARROWEST)
    return textwrap.wrap(text, most, break_long_words=False, break_on_hyphens=False) or [text]


def _lines(value: Cell) -> list[Cell]:
    """A text's lines, or the value; all but the first are indented, so that they forge no field."""
    return [*_LINE_END.split(value.strip("\r\n"))] if isinstance(value, str) else [value]


def _parts(item: Any) -> Sequence[Part]:
    if isinstance(item, WorkloadDetail):
        return _workload(item)
    if isinstance(item, InstanceDetail):
        return _instance(item)
    fields: Fields
    sections: Sections
    if isinstance(item, ExecCheck):
        fields = [("Instance", item.instance), ("Possible", instances.MET[item.possible])]
        sections = [("Requirements", instances.REQUIREMENTS, item.requirements)]
    elif isinstance(item, Change):
        fields = _scalars(item)
        sections = [("Revisions", workloads.REVISIONS, item.revisions or [])]
        fields = [*fields, ("Managed by", _managed_by(item.managed_by))]
        if item.rollout is not None:
            fields = [*fields, ("Rollout", _rollout(item.rollout))]
    elif isinstance(item, Rollout):
        fields = [*_scalars(item), ("Traffic", _traffic(item.traffic))]
        sections = [("Causes", causes.CAUSES, item.causes or [])]
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
        ("Limits and probes", workloads.LIMITS, _telling(item.limits)),
        [
            ("Type", str(item.type)),
            ("Environment", environment_label(item)),
            ("Namespace", item.namespace),
            ("Revision", rollout.revision),
            ("Autoscaler", _autoscaler(item.autoscaling)),
            ("Managed by", _managed_by(item.managed_by)),
            ("Images", ", ".join(item.images)),
            ("Requests", _requests(item.cpu, item.memory)),
            ("Labels", _line(item.labels)),
            ("Created", item.created_at),
            ("Updated", item.updated_at),
        ],
        ("Revisions", workloads.REVISIONS, item.revisions),
        ("Events", workloads.EVENTS_OF_PAGE, item.events),
    ]


def _telling(limits: Sequence[Limits]) -> list[Limits]:
    return [one for one in limits if not one.says_nothing]


def _instance(item: InstanceDetail) -> Sequence[Part]:
    """First how it is and what is wrong, as for a workload."""
    status = ", ".join(filter(None, (str(item.status), item.reason)))
    return [
        [
            ("Name", item.name),
            ("Status", status, instances.style(item)),
            ("Message", item.message),
            ("Health", item.health, BAD if item.health == "unhealthy" else ""),
        ],
        ("Containers", instances.CONTAINERS, item.containers),
        ("Limits and probes", workloads.LIMITS, _telling(item.limits)),
        [
            ("ID", item.id if item.id != item.name else None),
            ("Workload", item.workload),
            ("Owner", str(item.owner) if item.owner else None),
            ("Environment", environment_label(item)),
            ("Namespace", item.namespace),
            ("Revision", item.revision),
            ("IP", item.ip),
            ("Node", item.node),
            ("Zone", item.zone),
            ("Requests", _requests(item.cpu, item.memory)),
            ("Labels", _line(item.labels)),
            ("Created", item.created_at),
            ("Started", item.started_at),
            ("Stopped", item.stopped_at),
        ],
        ("Events", workloads.EVENTS_OF_PAGE, item.events),
    ]


def _scalars(item: Any) -> Fields:
    """The plain fields of any other model."""
    values = msgspec.to_builtins(item, builtin_types=(datetime,)).values()
    named = zip(item.__struct_fields__, values, strict=True)
    return [_field(name, value) for name, value in named if not isinstance(value, dict | list)]


def _field(name: str, value: Cell) -> Field:
    """An attribute with its label, coloured if it is a status."""
    return (_label(name), value, STYLES.get(str(value), "") if name in ("status", "state") else "")


def _rollout(item: Rollout) -> str:
    return ", ".join(filter(None, (str(item.state), item.message)))


def _traffic(item: Traffic | None) -> str | None:
    """``10% of production, 100% of test``: what the newest revision has."""
    if item is None:
        return None
    shares = (("production", item.production), ("test", item.test))
    return ", ".join(f"{share:g}% of {of}" for of, share in shares if share is not None)


def _autoscaler(autoscaling: Autoscaling | None) -> str | None:
    if autoscaling is None:
        return None
    state = ", suspended" if autoscaling.suspended else ""
    wants = "" if autoscaling.desired is None else f", wants {autoscaling.desired}"
    bounds = f"{autoscaling.min} to {autoscaling.max}"
    if autoscaling.contradicts:
        bounds = f"at least {autoscaling.min} and at most {autoscaling.max}, which contradict"
    return f"{autoscaling.source}: {bounds}{wants}{state}"


def _managed_by(managed: ManagedBy | None) -> str | None:
    return short(managed) if managed else None


def _requests(cpu: str | None, memory: str | None) -> str | None:
    parts = [f"{name} {value}" for name, value in (("cpu", cpu), ("memory", memory)) if value]
    return ", ".join(parts) or None


def _generic_fields(item: Any) -> Fields:
    """Label and value of each attribute that fits on a line.

    First how it is and what is wrong, labels and age last.
    """

    def fields(names: Iterable[str]) -> list[Field]:
        known = (name for name in names if hasattr(item, name))
        return [_field(name, _line(getattr(item, name))) for name in known]

    apart = (*_FIRST, *_WRONG, *_LAST)
    others = [name for name in item.__struct_fields__ if name not in apart]
    place: Field = ("Environment", environment_label(item))
    return [
        *fields(("name", *_WRONG)), place, *fields(("namespace",)), *fields((*others, *_LAST))
    ]  # fmt: skip


def _generic_sections(item: Any) -> Sections:
    """A title and a table for each list of objects."""
    return [
        (_label(name), _VIEWS[type(value[0])], value)
        for name in item.__struct_fields__
        if isinstance(value := getattr(item, name), list) and value and type(value[0]) in _VIEWS
    ]


def _texts(item: Any) -> list[tuple[str, str]]:
    """A title and a body for each text of several lines: a ConfigMap's values, last log
    lines, what to do.
    """
    if isinstance(item, ExecCheck):
        advice: dict[str, list[str]] = {}
        for one in item.requirements:
            if one.advice and not one.met:
                advice.setdefault(one_line(one.advice), []).append(one.requirement)
        lines = [f"{listing(names, most=1)}: {text}" for text, names in advice.items()]
        return [("What to do", "\n".join(lines))] if lines else []
    data: Mapping[str, str] = getattr(item, "data", {})
    sizes: Mapping[str, int] = getattr(item, "binary_data", {})
    log: Sequence[LogTail] = getattr(item, "log", ())
    return [
        *((f"Data: {key}", value) for key, value in sorted(data.items())),
        *((f"Data: {key}", f"({size} bytes)") for key, size in sorted(sizes.items())),
        *((f"Last log line of {of_tail(tail)}", "\n".join(tail.lines)) for tail in log),
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
