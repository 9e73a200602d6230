"""The objects of ``dashborion k8s`` as models. Pure.

What is derived (a node's status, an external address, a target) follows
kubectl's printers, so that the two agree.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterable
from typing import Any

from dashborion.config.targets import Environment
from dashborion.models import kubernetes as native
from dashborion.orchestrators.kubernetes import normalise, wire
from dashborion.orchestrators.kubernetes.instances import ZONE
from dashborion.orchestrators.kubernetes.wire import native as wire_native

_ROLE, _OLD_ROLE = "node-role.kubernetes.io/", "kubernetes.io/role"
_CLASS = "kubernetes.io/ingress.class"  # before `spec.ingressClassName`, and still in use
_HTTP, _HTTPS = 80, 443


def ingress(item: wire_native.Ingress, environment: Environment) -> native.Ingress:
    spec = item.spec
    rules = spec.rules or []
    return native.Ingress(
        **_namespaced(item.metadata, environment),
        ingress_class=spec.ingress_class_name or (item.metadata.annotations or {}).get(_CLASS),
        hosts=[rule.host for rule in rules if rule.host],
        addresses=_balanced(item.status),
        ports=[_HTTP, _HTTPS] if spec.tls else [_HTTP],
        tls_hosts=[host for tls in spec.tls or () for host in tls.hosts or ()],
        routes=[*_routes(rules), *([_route(None, None, spec.default_backend)]
                                   if spec.default_backend else [])],
    )  # fmt: skip


def _routes(rules: Iterable[wire_native.IngressRule]) -> list[native.IngressRoute]:
    return [
        _route(rule.host or None, path.path, path.backend)
        for rule in rules
        for path in (rule.http.paths if rule.http else None) or ()
    ]


def _route(host: str | None, path: str | None, backend: wire_native.Backend) -> native.IngressRoute:
    service = backend.service
    port = (service.port.name or service.port.number) if service else None
    return native.IngressRoute(
        host=host,
        path=path,
        service=service.name if service else None,
        port=str(port) if port is not None else None,
    )


def counted_config_map(row: wire_native.TableRow, environment: Environment) -> native.ConfigMap:
    """From the server's own table, whose columns are name, number of keys and age."""
    count = row.cells[1] if len(row.cells) > 1 else 0
    return native.ConfigMap(**_namespaced(row.metadata, environment), keys=int(count))


def config_map(item: wire_native.ConfigMap, environment: Environment) -> native.ConfigMap:
    keys = len(item.data or {}) + len(item.binary_data or {})
    return native.ConfigMap(**_namespaced(item.metadata, environment), keys=keys)


def values(item: wire_native.ConfigMap) -> dict[str, Any]:
    """Text as it is, bytes by their number."""
    return {
        "data": item.data or {},
        "binary_data": {key: _size(text) for key, text in (item.binary_data or {}).items()},
        "immutable": bool(item.immutable),
    }


def _size(text: str) -> int:
    try:
        return len(b64decode(text, validate=True))
    except NotBase64:
        return len(text)


def service(item: wire_native.Service, environment: Environment) -> native.Service:
    spec = item.spec
    return native.Service(
        **_namespaced(item.metadata, environment),
        type=spec.type or "ClusterIP",
        cluster_ip=spec.cluster_ip or None,
        external_ips=_external(item),
        ports=[
            native.ServicePort(
                name=port.name,
                port=port.port,
                protocol=port.protocol or "TCP",
                target_port=port.target_port,
                node_port=port.node_port or None,
            )
            for port in spec.ports or ()
        ],
        selector=spec.selector,
    )


def _external(item: wire_native.Service) -> list[str]:
    if item.spec.type == "ExternalName":
        return [item.spec.external_name] if item.spec.external_name else []
    return [*_balanced(item.status), *(item.spec.external_ips or ())]


def _balanced(status: wire.BalancedStatus) -> list[str]:
    points = [point.ip or point.hostname for point in status.load_balancer.ingress or ()]
    return [point for point in points if point]


def node(item: wire_native.Node, environment: Environment) -> native.Node:
    status, room = item.status, item.status.allocatable or {}
    labels = item.metadata.labels or {}

    def amount(name: str) -> str | None:
        return str(room[name]) if name in room else None

    return native.Node(
        **_anywhere(item.metadata, environment),
        status=_node_status(status.conditions or ()),
        schedulable=not item.spec.unschedulable,
        roles=_roles(labels),
        version=status.node_info.kubelet_version,
        internal_ip=_address(status, "InternalIP"),
        external_ip=_address(status, "ExternalIP"),
        os_image=status.node_info.os_image,
        kernel=status.node_info.kernel_version,
        runtime=status.node_info.container_runtime_version,
        zone=labels.get(ZONE),
        cpu=amount("cpu"),
        memory=amount("memory"),
        pods=amount("pods"),
    )


def _node_status(conditions: Iterable[wire.Condition]) -> str:
    for one in conditions:
        if one.type == "Ready":
            return "Ready" if one.status == "True" else "NotReady"
    return "Unknown"


def _roles(labels: dict[str, str]) -> list[str]:
    named = {key.removeprefix(_ROLE) for key in labels if key.startswith(_ROLE)}
    return sorted(filter(None, {*named, labels.get(_OLD_ROLE, "")}))


def _address(status: wire_native.NodeStatus, type_: str) -> str | None:
    return next((one.address for one in status.addresses or () if one.type == type_), None)


def taints(item: wire_native.Node) -> list[str]:
    return [
        f"{one.key}={one.value}:{one.effect}" if one.value else f"{one.key}:{one.effect}"
        for one in item.spec.taints or ()
    ]


def namespace(item: wire_native.Namespace, environment: Environment) -> native.Namespace:
    phase = item.status.phase or "Active"
    return native.Namespace(**_anywhere(item.metadata, environment), status=phase)


def event(item: wire_native.Event, environment: Environment) -> native.ClusterEvent:
    plain = normalise.event(item)
    source = item.source
    said = [source.component, source.host] if source.component else [
        item.reporting_component, item.reporting_instance
    ]  # fmt: skip
    return native.ClusterEvent(
        **_namespaced(item.metadata, environment),
        timestamp=plain.timestamp,
        first_seen=item.first_timestamp or item.event_time or item.metadata.creation_timestamp,
        type=plain.type,
        reason=plain.reason,
        object=plain.object,
        subobject=item.involved_object.field_path or None,
        source=", ".join(filter(None, said)) or None,
        count=plain.count,
        message=plain.message,
    )


def job(item: wire_native.Job, environment: Environment) -> native.Job:
    spec, status = item.spec, item.status
    started, ended = status.start_time, status.completion_time
    took = int((ended - started).total_seconds()) if started and ended else None
    return native.Job(
        **_namespaced(item.metadata, environment),
        status=_job_status(item),
        completions=spec.completions,
        parallelism=spec.parallelism,
        succeeded=status.succeeded or 0,
        active=status.active or 0,
        failed=status.failed or 0,
        started_at=started,
        completed_at=ended,
        duration_seconds=took,
        containers=_containers(spec.template),
        images=_images(spec.template),
        cron_job=_controller(item.metadata, "CronJob"),
    )


def _job_status(item: wire_native.Job) -> str:
    true = {one.type for one in item.status.conditions or () if one.status == "True"}
    if "Complete" in true:
        return "complete"
    if "Failed" in true:
        return "failed"
    return "suspended" if item.spec.suspend or "Suspended" in true else "running"


def cron_job(item: wire_native.CronJob, environment: Environment) -> native.CronJob:
    spec, status = item.spec, item.status
    template = spec.job_template.spec.template
    return native.CronJob(
        **_namespaced(item.metadata, environment),
        schedule=spec.schedule,
        time_zone=spec.time_zone,
        suspended=bool(spec.suspend),
        active=len(status.active or ()),
        last_scheduled_at=status.last_schedule_time,
        last_succeeded_at=status.last_successful_time,
        containers=_containers(template),
        images=_images(template),
    )


def autoscaler(item: wire_native.Autoscaler, environment: Environment) -> native.Autoscaler:
    spec, status, target = item.spec, item.status, item.spec.scale_target_ref
    return native.Autoscaler(
        **_namespaced(item.metadata, environment),
        reference=f"{target.kind}/{target.name}",
        metrics=_metrics(item),
        min=1 if spec.min_replicas is None else spec.min_replicas,
        max=spec.max_replicas,
        replicas=status.current_replicas or 0,
        desired=status.desired_replicas,
    )


def _metrics(item: wire_native.Autoscaler) -> list[native.Metric]:
    if item.spec.cpu_percentage is not None:
        now = item.status.cpu_percentage
        target = f"{item.spec.cpu_percentage}%"
        return [native.Metric(name="cpu", current=None if now is None else f"{now}%",
                              target=target)]  # fmt: skip
    current = {(one.type, _metric_name(one.source)): one.source.current
               for one in item.status.current_metrics or ()}  # fmt: skip
    return [
        native.Metric(
            name=_metric_name(one.source),
            current=_measured(
                current.get((one.type, _metric_name(one.source))), like=one.source.target
            ),
            target=_measured(one.source.target, like=one.source.target) or "",
        )
        for one in item.spec.metrics or ()
    ]


def _metric_name(source: wire_native.MetricSource) -> str:
    name = source.name or (source.metric.name if source.metric else "?")
    return f"{source.container}:{name}" if source.container else name


def _measured(
    value: wire_native.MetricValue | None, *, like: wire_native.MetricValue
) -> str | None:
    """The number that the target is given in: a share of the request, an average or a value."""
    if value is None:
        return None
    if like.average_utilization is not None:
        known = value.average_utilization
        return None if known is None else f"{known}%"
    return value.average_value if like.average_value is not None else value.value


def conditions(found: Iterable[wire.Condition] | None) -> list[native.Condition]:
    return [
        native.Condition(
            type=one.type,
            status=one.status,
            reason=one.reason or None,
            message=one.message or None,
            changed_at=one.last_transition_time,
        )
        for one in found or ()
    ]


def _containers(template: wire_native.JobTemplate) -> list[str]:
    return [one.name for one in template.spec.containers or ()]


def _images(template: wire_native.JobTemplate) -> list[str]:
    return [one.image for one in template.spec.containers or () if one.image]


def _controller(meta: wire.Meta, kind: str) -> str | None:
    owners = meta.owner_references or ()
    return next((one.name for one in owners if one.kind == kind and one.controller), None)


def _anywhere(meta: wire.Meta, environment: Environment) -> dict[str, Any]:
    return {
        "project": environment.project,
        "environment": environment.name,
        "name": meta.name,
        "created_at": meta.creation_timestamp,
        "labels": meta.labels or {},
    }


def _namespaced(meta: wire.Meta, environment: Environment) -> dict[str, Any]:
    return _anywhere(meta, environment) | {"namespace": meta.namespace}
