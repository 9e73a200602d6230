"""One object as a page for people: fields, then a table for each part that has rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from dashborion.models.ecs import EcsObject
from dashborion.models.instance import InstanceDetail
from dashborion.models.kubernetes import ClusterObject
from dashborion.models.rollout import Change, Rollout
from dashborion.models.workload import Autoscaling, WorkloadDetail
from dashborion.render import generic_fields, table
from dashborion.render.cells import Cell, human, plain
from dashborion.render.columns import View, environment_label
from dashborion.render.views import instances, workloads
from dashborion.streams import Streams, escape

Fields = Sequence[tuple[str, Cell]]
Sections = Sequence[tuple[str, View, Sequence[Any]]]


def page(streams: Streams, item: Any, *, now: datetime) -> Iterator[str]:
    """The page; on a terminal with ages and colours, in a pipe with whole values."""
    fields, sections = _content(item)
    width = max(len(label) for label, _ in fields) + 2
    for label, value in fields:
        if value is not None and value != "":
            shown = human(value, now) if streams.out_tty else plain(value)
            yield f"{label + ':':<{width}}{shown}\n"
    for title, view, rows in sections:
        if not rows:
            continue
        yield f"\n{title}\n"
        if streams.out_tty:
            yield from table.fitted_table(streams, view.columns, rows, headers=True, now=now)
        else:
            yield from table.tab_separated(view.columns, rows, headers=True)
    for title, body in generic_fields.texts(item):
        yield f"\n{escape(title)}\n"
        yield from (f"{escape(line)}\n" for line in body.splitlines())


def _content(item: Any) -> tuple[Fields, Sections]:
    if isinstance(item, WorkloadDetail):
        return _workload(item)
    if isinstance(item, InstanceDetail):
        return _instance(item)
    if isinstance(item, Change) and item.rollout is not None:
        return [*_scalars(item), ("rollout", _rollout(item.rollout))], ()
    if isinstance(item, EcsObject | ClusterObject):
        return generic_fields.fields(item), generic_fields.sections(item)
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
        ("Labels", generic_fields.line(item.labels)),
        ("Created", item.created_at),
        ("Updated", item.updated_at),
    ]
    return fields, [
        ("Reasons", workloads.REASONS, item.reasons),
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
        ("Labels", generic_fields.line(item.labels)),
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
    return f"{autoscaling.source}: {autoscaling.min} to {autoscaling.max}{wants}{state}"


def _requests(cpu: str | None, memory: str | None) -> str | None:
    parts = [f"{name} {value}" for name, value in (("cpu", cpu), ("memory", memory)) if value]
    return ", ".join(parts) or None
