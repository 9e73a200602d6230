"""Workloads, and the parts of their descriptions."""

from __future__ import annotations

from dashborion.models.kinds import KIND_OF
from dashborion.models.workload import Endpoint, Workload
from dashborion.render.columns import (
    BAD,
    GOOD,
    View,
    column,
    created_column,
    healthy_column,
    location_columns,
    message_column,
    name_column,
    short_image,
    status_column,
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


def _memory(workload: Workload) -> str | None:
    """With its unit, which ECS leaves out."""
    return f"{workload.memory}Mi" if (workload.memory or "").isdecimal() else workload.memory


def _reason(workload: Workload) -> str | None:
    """The API's word for what is wrong; where it has none, ours."""
    return workload.reason or (str(workload.cause) if workload.cause else None)


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
        status_column(),
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
            short=_memory,
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
        column("protocol"),
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
        column("images", lambda item: ", ".join(item.images) or None, shrink=2),
        message_column(),
    ],
    name=lambda item: str(item.revision),
)

EVENTS = View(
    "events",
    [
        column("seen", "timestamp", title="LAST SEEN"),
        status_column("type"),
        column("reason"),
        name_column("object", spare=1),
        column("count", right=True),
        message_column(),
    ],
    name=lambda item: str(item.object),
)

ROLLOUTS = View(
    "rollouts",
    [status_column("state"), name_column("revision"), message_column()],
    name=lambda item: str(item.state),
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
