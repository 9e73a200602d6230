"""Which columns the lists of ``k8s`` and ``ecs`` have, as data.

Those of ``k8s`` are the columns of ``kubectl get -o wide``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashborion.models import ecs
from dashborion.models import kubernetes as k8s
from dashborion.render.cells import Cell
from dashborion.render.views import BAD, BUSY, GOOD, QUIET, STYLES, Column, View, short_image

_STATUSES = {
    "Ready": GOOD, "NotReady": BAD, "Unknown": BAD, "Terminating": BUSY, "running": GOOD,
    "suspended": QUIET, "failed": BAD, "SUCCESSFUL": GOOD, "IN_PROGRESS": BUSY, "PENDING": BUSY,
    "STOPPED": BAD, "ROLLBACK_IN_PROGRESS": BAD, "ROLLBACK_SUCCESSFUL": BAD,
    "ROLLBACK_FAILED": BAD, "ACTIVE": GOOD, "DRAINING": BUSY,
}  # fmt: skip


def _joined(values: list[str]) -> str | None:
    return ",".join(values) or None


def _pairs(values: Mapping[str, str] | None) -> str | None:
    return ",".join(f"{key}={value}" for key, value in sorted((values or {}).items())) or None


def _cluster() -> list[Column]:
    return [
        Column("project", lambda one: one.project, extra=True, elastic=1),
        Column("environment", lambda one: one.environment, extra=True, elastic=1),
    ]


def _places() -> list[Column]:
    return [*_cluster(), Column("namespace", lambda one: one.namespace, extra=True, elastic=1)]


def _name() -> Column:
    return Column("name", lambda one: one.name, elastic=1, least=14)


def _created() -> Column:
    return Column("created", lambda one: one.created_at, age_header="AGE")


def _containers() -> list[Column]:
    return [
        Column("containers", lambda one: _joined(one.containers), wide=True, elastic=1),
        Column("images", lambda one: _joined(one.images), wide=True, elastic=2,
               short=lambda one: _joined([short_image(image) or "" for image in one.images])),
    ]  # fmt: skip


def _external(item: k8s.Service) -> str | None:
    if not item.external_ips and item.type == "LoadBalancer":
        return "pending"
    return _joined(item.external_ips)


def _port(port: k8s.ServicePort) -> str:
    node = f":{port.node_port}" if port.node_port else ""
    return f"{port.port}{node}/{port.protocol}"


def _node_state(item: k8s.Node) -> str:
    return item.status if item.schedulable else f"{item.status},SchedulingDisabled"


def _node_style(item: k8s.Node) -> str:
    return BUSY if item.status == "Ready" and not item.schedulable else _STATUSES[item.status]


def _completions(item: k8s.Job) -> str:
    if item.completions is not None:
        return f"{item.succeeded}/{item.completions}"
    several = f" of {item.parallelism}" if (item.parallelism or 0) > 1 else ""
    return f"{item.succeeded}/1{several}"


def _duration(item: k8s.Job) -> str | None:
    from dashborion.render.cells import length

    return None if item.duration_seconds is None else length(item.duration_seconds)


def _so_far(item: k8s.Job) -> Cell:
    """On a terminal: of one that goes on, how long it has been running, which is an age."""
    done = _duration(item)
    return item.started_at if done is None and item.status == "running" else done


def _targets(item: k8s.Autoscaler) -> str | None:
    return ", ".join(
        f"{one.name}: {one.current or 'unknown'}/{one.target}" for one in item.metrics
    ) or None  # fmt: skip


def _taken(port: k8s.IngressRoute) -> str | None:
    return f"{port.service}:{port.port}" if port.service else None


KUBERNETES: Mapping[str, View] = {
    "ingresses": View("ingresses", [
        *_places(),
        _name(),
        Column("class", lambda one: one.ingress_class),
        Column("hosts", lambda one: _joined(one.hosts) or "*", elastic=2),
        Column("address", lambda one: _joined(one.addresses), elastic=1),
        Column("ports", lambda one: ", ".join(map(str, one.ports))),
        _created(),
        Column("services", lambda one: _joined(sorted({route for each in one.routes
               if (route := _taken(each))})), wide=True, elastic=1),
    ]),
    "configmaps": View("configmaps", [
        *_places(),
        _name(),
        Column("keys", lambda one: one.keys, right=True),
        _created(),
    ]),
    "services": View("services", [
        *_places(),
        _name(),
        Column("type", lambda one: one.type),
        Column("cluster-ip", lambda one: one.cluster_ip),
        Column("external-ip", _external, elastic=1),
        Column("ports", lambda one: _joined([_port(port) for port in one.ports]), elastic=1),
        _created(),
        Column("selector", lambda one: _pairs(one.selector), wide=True, elastic=1),
    ]),
    "nodes": View("nodes", [
        *_cluster(),
        _name(),
        Column("status", _node_state, _node_style),
        Column("roles", lambda one: _joined(one.roles)),
        _created(),
        Column("version", lambda one: one.version),
        Column("internal-ip", lambda one: one.internal_ip, wide=True),
        Column("external-ip", lambda one: one.external_ip, wide=True),
        Column("os-image", lambda one: one.os_image, wide=True, elastic=1),
        Column("kernel-version", lambda one: one.kernel, wide=True, elastic=1),
        Column("container-runtime", lambda one: one.runtime, wide=True, elastic=1),
        Column("zone", lambda one: one.zone, wide=True),
        Column("cpu", lambda one: one.cpu, wide=True, right=True),
        Column("memory", lambda one: one.memory, wide=True, right=True),
        Column("pods", lambda one: one.pods, wide=True, right=True),
    ]),
    "namespaces": View("namespaces", [
        *_cluster(),
        _name(),
        Column("status", lambda one: one.status, lambda one: _STATUSES.get(one.status, "")),
        _created(),
        Column("labels", lambda one: _pairs(one.labels), wide=True, elastic=2),
    ]),
    "events": View("events", [
        *_places(),
        Column("seen", lambda one: one.timestamp, age_header="LAST SEEN"),
        Column("type", lambda one: str(one.type), lambda one: STYLES.get(one.type, "")),
        Column("reason", lambda one: one.reason),
        Column("object", lambda one: one.object, elastic=1, least=14),
        Column("subobject", lambda one: one.subobject, wide=True, elastic=1),
        Column("source", lambda one: one.source, wide=True, elastic=1),
        Column("message", lambda one: one.message, elastic=3, least=16),
        Column("first-seen", lambda one: one.first_seen, wide=True, age_header="FIRST SEEN"),
        Column("count", lambda one: one.count, wide=True, right=True),
        Column("name", lambda one: one.name, wide=True, elastic=1, least=14),
    ]),
    "jobs": View("jobs", [
        *_places(),
        _name(),
        Column("status", lambda one: one.status, lambda one: _STATUSES.get(one.status, "")),
        Column("completions", _completions),
        Column("duration", _duration, short=_so_far),
        _created(),
        Column("started", lambda one: one.started_at, wide=True, age_header="STARTED"),
        Column("cronjob", lambda one: one.cron_job, wide=True),
        *_containers(),
    ]),
    "cronjobs": View("cronjobs", [
        *_places(),
        _name(),
        Column("schedule", lambda one: one.schedule),
        Column("timezone", lambda one: one.time_zone),
        Column("suspend", lambda one: one.suspended, lambda one: QUIET if one.suspended else ""),
        Column("active", lambda one: one.active, right=True),
        Column("last-schedule", lambda one: one.last_scheduled_at, age_header="LAST SCHEDULE"),
        _created(),
        *_containers(),
    ]),
    "autoscalers": View("autoscalers", [
        *_places(),
        _name(),
        Column("reference", lambda one: one.reference, elastic=1),
        Column("targets", _targets, elastic=1),
        Column("min", lambda one: one.min, right=True),
        Column("max", lambda one: one.max, right=True),
        Column("replicas", lambda one: one.replicas, right=True),
        _created(),
    ]),
}  # fmt: skip

CONDITIONS = View("conditions", [
    Column("type", lambda one: one.type),
    Column("status", lambda one: one.status),
    Column("reason", lambda one: one.reason),
    Column("changed", lambda one: one.changed_at, age_header="CHANGED"),
    Column("message", lambda one: one.message, elastic=3, least=16),
], name=lambda one: str(one.type))  # fmt: skip

ROUTES = View("routes", [
    Column("host", lambda one: one.host or "*", elastic=1),
    Column("path", lambda one: one.path, elastic=1),
    Column("service", lambda one: one.service),
    Column("port", lambda one: one.port),
], name=lambda one: str(one.host))  # fmt: skip

PORTS = View("ports", [
    Column("name", lambda one: one.name),
    Column("port", lambda one: one.port, right=True),
    Column("protocol", lambda one: one.protocol),
    Column("target", lambda one: one.target_port),
    Column("node-port", lambda one: one.node_port),
])  # fmt: skip

METRICS = View("metrics", [
    Column("name", lambda one: one.name),
    Column("current", lambda one: one.current),
    Column("target", lambda one: one.target),
])  # fmt: skip


def _of_whole(part: int | None, whole: int | None) -> str | None:
    return None if whole is None else f"{part or 0}/{whole}"


def _in_words(item: ecs.Changed) -> str:
    if item.hidden:
        return f"{item.change}, value hidden"
    if item.change == "changed":
        return f"{item.before} -> {item.after}"
    return f"{item.change}: {item.after if item.before is None else item.before}"


_CHANGE_STYLES = {"added": GOOD, "removed": BAD, "changed": BUSY}
CHANGES = View("changes", [
    Column("where", lambda one: one.where),
    Column("what", lambda one: one.field),
    Column("change", _in_words, lambda one: _CHANGE_STYLES[one.change], elastic=3, least=30),
], name=lambda one: f"{one.where}: {one.field}")  # fmt: skip

CONTAINERS = View("containers", [
    Column("name", lambda one: one.name, elastic=1, least=14),
    Column("image", lambda one: one.image, short=lambda one: short_image(one.image), elastic=2),
    Column("essential", lambda one: one.essential),
    Column("cpu", lambda one: one.cpu or None, right=True),
    Column("memory", lambda one: one.memory or one.memory_reservation, right=True),
    Column("ports", lambda one: _joined(one.ports)),
    Column("environment", lambda one: _joined(one.environment), elastic=1),
    Column("secrets", lambda one: _joined(one.secrets), elastic=1),
    Column("command", lambda one: " ".join([*one.entry_point, *one.command]) or None, elastic=2),
    Column("log-driver", lambda one: one.log_driver),
])  # fmt: skip

ECS: Mapping[str, View] = {
    "families": View("task definitions", [*_cluster(), _name()]),
    "task-definitions": View("task definitions", [
        *_cluster(),
        _name(),
        Column("images", lambda one: _joined(one.images), elastic=2,
               short=lambda one: _joined([short_image(image) or "" for image in one.images])),
        Column("cpu", lambda one: one.cpu, right=True),
        Column("memory", lambda one: one.memory, right=True),
        Column("registered", lambda one: one.registered_at, age_header="REGISTERED"),
    ]),
    "clusters": View("clusters", [
        *_cluster(),
        _name(),
        Column("status", lambda one: one.status, lambda one: _STATUSES.get(one.status, "")),
        Column("services", lambda one: one.services, right=True),
        Column("running", lambda one: one.running, right=True),
        Column("pending", lambda one: one.pending, right=True),
        Column("instances", lambda one: one.instances, right=True),
        Column("capacity-providers", lambda one: _joined(one.capacity_providers), wide=True),
    ]),
    "container-instances": View("container instances", [
        *_cluster(),
        _name(),
        Column("instance", lambda one: one.instance),
        Column("status", lambda one: one.status, lambda one: _STATUSES.get(one.status, "")),
        Column("agent", lambda one: "connected" if one.connected else "disconnected",
               lambda one: "" if one.connected else BAD),
        Column("running", lambda one: one.running, right=True),
        Column("pending", lambda one: one.pending, right=True),
        Column("cpu-free", lambda one: _of_whole(one.cpu_free, one.cpu), right=True),
        Column("memory-free", lambda one: _of_whole(one.memory_free, one.memory), right=True),
        Column("zone", lambda one: one.zone, wide=True),
        Column("type", lambda one: one.instance_type, wide=True),
        Column("agent-version", lambda one: one.agent_version, wide=True),
        Column("docker-version", lambda one: one.runtime_version, wide=True),
        Column("capacity-provider", lambda one: one.capacity_provider, wide=True),
        Column("registered", lambda one: one.created_at, wide=True, age_header="REGISTERED"),
    ]),
    "deployments": View("deployments", [
        *_places(),
        Column("service", lambda one: one.service, elastic=1, least=14),
        Column("status", lambda one: one.status, lambda one: _STATUSES.get(one.status, "")),
        Column("stage", lambda one: one.lifecycle_stage),
        Column("definition", lambda one: one.task_definition, elastic=1, least=14),
        Column("running", lambda one: _of_whole(one.running, one.requested)),
        Column("failures", lambda one: _of_whole(one.failures, one.threshold)),
        Column("created", lambda one: one.created_at, age_header="AGE"),
        Column("strategy", lambda one: one.strategy, wide=True),
        Column("finished", lambda one: one.finished_at, wide=True, age_header="FINISHED"),
        Column("rollback", lambda one: one.rollback, wide=True, elastic=2),
        Column("reason", lambda one: one.reason, wide=True, elastic=3, least=16),
        Column("name", lambda one: one.name, wide=True),
    ]),
}  # fmt: skip

PARTS: Mapping[type[Any], View] = {
    k8s.Condition: CONDITIONS,
    k8s.IngressRoute: ROUTES,
    k8s.ServicePort: PORTS,
    k8s.Metric: METRICS,
    ecs.ContainerDefinition: CONTAINERS,
    ecs.Changed: CHANGES,
}
"""The tables inside a description, by what they list."""
