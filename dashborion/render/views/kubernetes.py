"""The lists of ``k8s``: the columns of ``kubectl get -o wide``, and the parts of descriptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashborion.models import kubernetes as models
from dashborion.models.event import Event
from dashborion.render.cells import Cell
from dashborion.render.columns import (
    BAD,
    BUSY,
    QUIET,
    STYLES,
    Column,
    View,
    column,
    created_column,
    environment_columns,
    healthy_column,
    images_column,
    joined,
    joined_column,
    location_columns,
    message_column,
    name_column,
    pairs,
    status_column,
)
from dashborion.render.views import workloads
from dashborion.streams import length


def _container_columns() -> list[Column]:
    return [joined_column("containers", wide=True, shrink=1), images_column(wide=True)]


def _external_ip(service: models.Service) -> str | None:
    if not service.external_ips and service.type == "LoadBalancer":
        return "pending"
    return joined(service.external_ips)


def _port(port: models.ServicePort) -> str:
    node_port = f":{port.node_port}" if port.node_port else ""
    return f"{port.port}{node_port}/{port.protocol}"


def _node_status(node: models.Node) -> str:
    return node.status if node.schedulable else f"{node.status},SchedulingDisabled"


def _node_style(node: models.Node) -> str:
    return BUSY if node.status == "Ready" and not node.schedulable else STYLES[node.status]


def _completions(job: models.Job) -> str:
    if job.completions is not None:
        return f"{job.succeeded}/{job.completions}"
    parallel = f" of {job.parallelism}" if (job.parallelism or 0) > 1 else ""
    return f"{job.succeeded}/1{parallel}"


def _duration(job: models.Job) -> str | None:
    return None if job.duration_seconds is None else length(job.duration_seconds)


def _duration_so_far(job: models.Job) -> Cell:
    """The start of a job that still runs, which a terminal shows as an age."""
    is_over = job.status in ("complete", "failed", "suspended")
    return _duration(job) if is_over or job.completed_at else job.started_at


def _targets(autoscaler: models.Autoscaler) -> str | None:
    metrics = autoscaler.metrics
    return (
        ", ".join(f"{one.name}: {one.current or 'unknown'}/{one.target}" for one in metrics) or None
    )


def _kernel(node: models.Node) -> str | None:
    """With the architecture, as kubectl's column since 1.3x."""
    return f"{node.kernel or '-'} ({node.architecture})" if node.architecture else node.kernel


def _services(ingress: models.Ingress) -> str | None:
    routes = [route for route in ingress.routes if route.service]
    return joined(sorted({f"{route.service}:{route.port}" for route in routes}))


def _parent(parent: models.RouteParent) -> str:
    """Its name, with its kind where it is no Gateway."""
    return parent.parent.removeprefix("Gateway/").rpartition("/")[2]


def _route_services(route: models.Route) -> str | None:
    return joined(sorted({f"{rule.service}:{rule.port}" for rule in route.rules if rule.service}))


def _gateway_ports(gateway: models.Gateway) -> str | None:
    return joined(dict.fromkeys(str(one.port) for one in gateway.listeners))


def _gateway_hosts(gateway: models.Gateway) -> str | None:
    return joined(dict.fromkeys(one.hostname or "*" for one in gateway.listeners))


LISTS: Mapping[str, View] = {
    "ingresses": View("ingresses", [
        *location_columns(),
        name_column(),
        column("class", "ingress_class"),
        column("hosts", lambda item: joined(item.hosts) or "*", shrink=2),
        joined_column("address", "addresses", shrink=1),
        column("ports", lambda item: ", ".join(map(str, item.ports))),
        created_column(),
        column("services", _services, wide=True, shrink=1),
    ]),
    "routes": View("routes", [
        *location_columns(),
        name_column(),
        column("kind"),
        column("hosts", lambda item: joined(item.hosts) or "*", shrink=2),
        column("parents", lambda item: joined(map(_parent, item.parents)), shrink=1),
        status_column(),
        created_column(),
        column("services", _route_services, wide=True, shrink=1),
        message_column(wide=True),
    ], kind=lambda item: item.kind.lower()),
    "gateways": View("gateways", [
        *location_columns(),
        name_column(),
        column("class", "gateway_class"),
        joined_column("address", "addresses", shrink=1),
        column("ports", _gateway_ports),
        status_column(),
        created_column(),
        column("hosts", _gateway_hosts, wide=True, shrink=1),
        message_column(wide=True),
    ]),
    "configmaps": View("configmaps", [
        *location_columns(),
        name_column(),
        column("keys", right=True),
        created_column(),
    ]),
    "services": View("services", [
        *location_columns(),
        name_column(),
        column("type"),
        column("cluster-ip"),
        column("external-ip", _external_ip, shrink=1),
        column("ports", lambda item: joined(_port(port) for port in item.ports), shrink=1),
        created_column(),
        column("selector", lambda item: pairs(item.selector), wide=True, shrink=1),
    ]),
    "nodes": View("nodes", [
        *environment_columns(),
        name_column(),
        column("status", _node_status, _node_style),
        joined_column("roles"),
        created_column(),
        column("version"),
        column("internal-ip", wide=True),
        column("external-ip", wide=True),
        column("os-image", wide=True, shrink=1),
        column("kernel-version", _kernel, wide=True, shrink=1),
        column("container-runtime", "runtime", wide=True, shrink=1),
        column("zone", wide=True),
        column("cpu", wide=True, right=True),
        column("memory", wide=True, right=True),
        column("pods", wide=True, right=True),
    ]),
    "namespaces": View("namespaces", [
        *environment_columns(),
        name_column(),
        status_column(),
        created_column(),
        column("labels", lambda item: pairs(item.labels), wide=True, shrink=2),
    ]),
    "events": View("events", [
        *location_columns(),
        column("seen", "timestamp", title="LAST SEEN"),
        status_column("type"),
        column("reason"),
        name_column("object"),
        column("subobject", wide=True, shrink=1),
        column("source", wide=True, shrink=1),
        message_column(),
        column("first-seen", wide=True, title="FIRST SEEN"),
        column("count", wide=True, right=True),
        name_column(wide=True),
    ]),
    "jobs": View("jobs", [
        *location_columns(),
        name_column(),
        status_column(),
        column("completions", _completions),
        column("duration", _duration, short=_duration_so_far),
        created_column(),
        column("started", "started_at", wide=True, title="STARTED"),
        column("cronjob", "cron_job", wide=True),
        *_container_columns(),
    ]),
    "cronjobs": View("cronjobs", [
        *location_columns(),
        name_column(),
        column("schedule"),
        column("timezone", "time_zone"),
        column("suspend", "suspended", lambda item: QUIET if item.suspended else ""),
        column("active", right=True),
        column("last-schedule", "last_scheduled_at", title="LAST SCHEDULE"),
        created_column(),
        *_container_columns(),
    ]),
    "autoscalers": View("autoscalers", [
        *location_columns(),
        name_column(),
        column("reference", shrink=1),
        column("targets", _targets, shrink=1),
        column("min", right=True),
        column("max", right=True),
        column("replicas", right=True),
        created_column(),
    ]),
}  # fmt: skip

PARTS: Mapping[type[Any], View] = {
    models.Condition: View("conditions", [
        column("type"),
        column("status"),
        column("reason"),
        column("changed", "changed_at", title="CHANGED"),
        message_column(),
    ]),
    models.IngressRoute: View("routes", [
        column("host", lambda item: item.host or "*", shrink=1),
        column("path", shrink=1),
        column("service"),
        column("port"),
        column("resource", shrink=1),
        column("problem", style=BAD),
    ]),
    models.GatewayListener: View("listeners", [
        name_column("listener", "name"),
        column("port", right=True),
        column("protocol"),
        column("hostname", lambda item: item.hostname or "*", shrink=1),
        column("routes", right=True),
        column("message", style=BAD, shrink=3, wraps=True),
    ]),
    models.RouteParent: View("parents", [
        column("parent", shrink=1),
        column("listener"),
        status_column(),
        message_column(),
    ]),
    models.RouteRule: View("rules", [
        column("path", shrink=1),
        joined_column("conditions", shrink=1),
        column("service", shrink=1),
        column("port", right=True),
        column("weight", right=True),
        column("resource", shrink=1),
        column("problem", style=BAD),
    ]),
    models.ServicePort: View("ports", [
        column("name"),
        column("port", right=True),
        column("protocol"),
        column("target", "target_port"),
        column("node-port"),
        healthy_column(),
    ]),
    models.ServiceEndpoint: View("endpoints", [
        column("name"),
        column("protocol"),
        column("address", shrink=1),
        column("port", right=True),
        column("ready", lambda item: "yes" if item.ready else "no"),
        column("instance", shrink=1),
        column("node", shrink=1),
    ]),
    models.Metric: View("metrics", [column("name"), column("current"), column("target")]),
    Event: workloads.EVENTS_OF_PAGE,
}  # fmt: skip
"""The tables inside a description, by the model of their rows."""
