"""Workloads, and the parts of their descriptions."""

from __future__ import annotations

import re

from dashborion.models.event import Event
from dashborion.models.kinds import KIND_OF
from dashborion.models.limits import Limits, Probe
from dashborion.models.workload import Endpoint, Workload
from dashborion.render.columns import (
    BAD,
    GOOD,
    STYLES,
    View,
    column,
    created_column,
    healthy_column,
    joined,
    location_columns,
    memory,
    message_column,
    name_column,
    short_image,
    status_column,
    with_unit,
)


def _endpoints(workload: Workload) -> str | None:
    return ", ".join(dict.fromkeys(map(_way, workload.endpoints))) or None


def _way(endpoint: Endpoint) -> str:
    """The URL or the host, and the conditions behind the name, which has no space of its own."""
    _, space, conditions = endpoint.name.partition(" ")
    return f"{endpoint.url or _host(endpoint)}{space}{conditions}"


def _host(endpoint: Endpoint) -> str:
    host = endpoint.address or endpoint.name
    if not endpoint.port:
        return host
    return f"[{host}]:{endpoint.port}" if ":" in host else f"{host}:{endpoint.port}"


def _reason(workload: Workload) -> str | None:
    """The API's word for what is wrong; where it has none, ours."""
    return workload.reason or (str(workload.cause) if workload.cause else None)


def _status(workload: Workload) -> str:
    """``stopped (was 4)`` where ``workloads start`` would give it these back."""
    was = f" (was {workload.parked.desired})" if workload.parked else ""
    return f"{workload.status}{was}"


WORKLOADS = View(
    "workloads",
    [
        *location_columns(),
        name_column(),
        column(
            "type",
            lambda item: str(item.type),
            short=lambda item: KIND_OF[item.type],
            spare=4,
        ),
        status_column(short=_status),
        column("ready", lambda item: f"{item.available}/{item.desired}"),
        status_column("rollout", "rollout.state"),
        column("reason", _reason, BAD, shrink=1, min_width=16, drawn=True),
        column("restarts", right=True, spare=2, drawn=True),
        column(
            "image", short=lambda item: short_image(item.image), shrink=2, from_left=True, spare=3
        ),
        created_column(piped=True),
        column("updated", "updated_at", spare=1, drawn=True),
        name_column("revision", "rollout.revision", wide=True),
        column("cpu", wide=True, right=True, order=lambda item: item.resources.cpu_millicores),
        column(
            "memory",
            wide=True,
            right=True,
            shown=memory,
            order=lambda item: item.resources.memory_mib,
        ),
        column("endpoints", _endpoints, wide=True, shrink=2),
        column("cause", lambda item: item.cause and str(item.cause), wide=True),
        message_column("rollout.message", wide=True),
    ],
    kind=lambda item: KIND_OF[item.type],
)

ENDPOINTS = View(
    "endpoints",
    [
        column("type", lambda item: str(item.type)),
        name_column(),
        column("address", shrink=3),
        column("port", right=True),
        column("protocol", spare=1),
        healthy_column(),
        column("url", shrink=2),
    ],
)

REVISIONS = View(
    "revisions",
    [
        name_column("revision", style=lambda item: GOOD if item.current else ""),
        column("current"),
        created_column(),
        column(
            "images",
            lambda item: ", ".join(item.images) or None,
            short=lambda item: joined([short_image(one) or "" for one in item.images]),
            shrink=2,
            from_left=True,
        ),
        message_column(),
    ],
    name=lambda item: str(item.revision),
)

# A kubelet repeats the pod that an event is about, and ECS the service. Of a task's id six digits
# are a part of its name.
_SUBJECT = re.compile(r"^\(service [^()]*\) | in pod \S+_\S+\([0-9a-f-]{36}\)")
_TASK = re.compile(r"\b([0-9a-f]{6})[0-9a-f]{26}\b")


def event_text(message: str) -> str:
    """What happened, without what it is about, which has a column of its own."""
    return _TASK.sub(r"\1", _SUBJECT.sub("", message))


def _part(event: Event) -> str | None:
    """What of the workload an event is about; None if it is the workload itself."""
    return None if event.object.partition("/")[2] == event.workload else event.object


EVENTS = View(
    "events",
    [
        *location_columns(),
        name_column("workload", extra=True),
        column("seen", "timestamp", title="LAST SEEN"),
        status_column("type", spare=3),
        column("reason", style=lambda item: STYLES.get(item.type, ""), shrink=2, min_width=17),
        name_column("object", spare=2, from_left=True, short=_part),
        column("count", right=True, spare=1),
        message_column(short=lambda item: event_text(item.message), min_width=20),
    ],
    name=lambda item: str(item.object),
    wraps=True,
)

EVENTS_OF_PAGE = View("events", [one for one in EVENTS.columns if not one.extra], EVENTS.name)

EVENT_ROWS = View(
    "events",
    [
        column("seen", title="LAST SEEN"),
        status_column("type"),
        column("reason"),
        name_column("object", spare=1, from_left=True),
        message_column(min_width=30),
    ],
)
"""The same as people read them first: those that say the same are one row."""


def _probes(limits: Limits) -> str | None:
    return "; ".join(map(_probe, limits.probes)) or None


def _probe(probe: Probe) -> str:
    """``liveness GET :8080/healthz every 10s, timeout 1s, 3 failures``."""
    numbers = (
        ("delay {}s", probe.delay),
        ("every {}s", probe.period),
        ("timeout {}s", probe.timeout),
        ("{} failures", probe.failures),
    )
    told = ", ".join(text.format(number) for text, number in numbers if number)
    return " ".join(filter(None, (str(probe.kind), probe.check, told)))


LIMITS = View(
    "containers",
    [
        name_column("container"),
        column("cpu", right=True),
        column("cpu-limit", right=True, title="CPU LIMIT"),
        column("memory", right=True, shown=memory),
        column(
            "memory-limit",
            right=True,
            title="MEMORY LIMIT",
            short=lambda item: with_unit(item.memory_limit),
        ),
        column("probes", _probes, shrink=3, wraps=True, min_width=30),
    ],
    name=lambda item: str(item.container),
)

ROLLOUTS = View(
    "rollouts",
    [status_column("state"), name_column("revision"), message_column()],
    name=lambda item: str(item.state),
)

ROLLOUT_LIST = View(
    "workloads",
    [*location_columns(), name_column("workload"), *ROLLOUTS.columns],
    name=lambda item: str(item.workload),
    kind=lambda item: KIND_OF[item.type],
)

CHANGES = View(
    "changes",
    [
        column("action"),
        column("environment"),
        column("namespace"),
        column("name", lambda item: item.instance or item.workload),
        column("before"),
        column("after"),
        column("dryrun", "dry_run"),
        column("rollout", lambda item: str(item.rollout.state) if item.rollout else None),
    ],
    name=lambda item: str(item.instance or item.workload),
)

CHANGE_LIST = View(
    "workloads",
    [
        *location_columns(),
        name_column("workload"),
        column(
            "type",
            lambda item: item.type and str(item.type),
            spare=3,
            short=lambda item: KIND_OF.get(item.type),
        ),
        column("action", spare=2),
        column("before"),
        column("after"),
        column("rollout", lambda item: str(item.rollout.state) if item.rollout else None, spare=1),
        status_column("outcome"),
        message_column(lambda item: item.error.message if item.error else None),
    ],
    name=lambda item: str(item.workload),
    kind=lambda item: KIND_OF.get(item.type, ""),
)
