"""The objects of ``dashborion k8s`` as models, all but Services and Ingresses. Pure.

Derived fields (a node's status, an external address, a target) follow kubectl's
printers, so that both show the same.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterable, Sequence
from typing import Any

from dashborion.config.targets import Environment
from dashborion.models import kubernetes as models
from dashborion.orchestrators.kubernetes import gateway_wire, native_wire, normalise, quantity, wire
from dashborion.orchestrators.kubernetes.instances import ZONE, controller
from dashborion.orchestrators.kubernetes.native_wire import MetricSource, MetricValue

Conditioned = (
    native_wire.Node | native_wire.Namespace | native_wire.Job | native_wire.Autoscaler
    | gateway_wire.Gateway
)  # fmt: skip

_ROLE, _OLD_ROLE = "node-role.kubernetes.io/", "kubernetes.io/role"


def config_map_row(row: native_wire.TableRow, environment: Environment) -> models.ConfigMap:
    """From the server's own table, whose columns are name, number of keys and age."""
    count = (row.cells or [])[1:2]
    keys = count[0] if count and isinstance(count[0], int) else 0
    return models.ConfigMap(**namespaced_fields(row.metadata, environment), keys=keys)


def config_map(item: native_wire.ConfigMap, environment: Environment) -> models.ConfigMap:
    keys = len(item.data or {}) + len(item.binary_data or {})
    return models.ConfigMap(**namespaced_fields(item.metadata, environment), keys=keys)


def config_map_details(item: native_wire.ConfigMap) -> dict[str, Any]:
    """What a description adds: texts as they are, binary values by their size in bytes."""
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


def joined(addresses: Iterable[str | None]) -> str | None:
    """The addresses, each once: a dual-stack object has two."""
    return ",".join(dict.fromkeys(filter(None, addresses))) or None


def node(item: native_wire.Node, environment: Environment) -> models.Node:
    status, allocatable = item.status, item.status.allocatable or {}
    labels = item.metadata.labels or {}

    def amount(name: str) -> str | None:
        return quantity.shown(allocatable[name]) if name in allocatable else None

    return models.Node(
        **_base_fields(item.metadata, environment),
        status=_node_status(status.conditions or ()),
        schedulable=not item.spec.unschedulable,
        roles=_roles(labels),
        version=status.node_info.kubelet_version,
        internal_ip=_address(status, "InternalIP"),
        external_ip=_address(status, "ExternalIP"),
        os_image=status.node_info.os_image,
        kernel=status.node_info.kernel_version,
        architecture=status.node_info.architecture,
        runtime=status.node_info.container_runtime_version,
        zone=labels.get(ZONE),
        cpu=amount("cpu"),
        memory=amount("memory"),
        pods=amount("pods"),
    )


def _node_status(conditions: Iterable[wire.Condition]) -> str:
    for condition in conditions:
        if condition.type == "Ready":
            return "Ready" if condition.status == "True" else "NotReady"
    return "Unknown"


def _roles(labels: dict[str, str]) -> list[str]:
    named = {key.removeprefix(_ROLE) for key in labels if key.startswith(_ROLE)}
    return sorted(filter(None, {*named, labels.get(_OLD_ROLE, "")}))


def _address(status: native_wire.NodeStatus, type_: str) -> str | None:
    return joined(one.address for one in status.addresses or () if one.type == type_)


def node_details(item: native_wire.Node) -> dict[str, Any]:
    """What a description adds: the conditions, and the taints as kubectl writes them."""
    taints = [
        f"{taint.key}{f'={taint.value}' if taint.value else ''}:{taint.effect}"
        for taint in item.spec.taints or ()
    ]
    return {**conditions(item), "taints": taints}


def namespace(item: native_wire.Namespace, environment: Environment) -> models.Namespace:
    phase = item.status.phase or "Active"
    return models.Namespace(**_base_fields(item.metadata, environment), status=phase)


def event(item: native_wire.ReportedEvent, environment: Environment) -> models.ClusterEvent:
    plain = normalise.event(item)
    source = (item.source.component, item.source.host)
    if not item.source.component:
        source = (item.reporting_component, item.reporting_instance)
    return models.ClusterEvent(
        **namespaced_fields(item.metadata, environment),
        timestamp=plain.timestamp,
        first_seen=item.first_timestamp or item.event_time or item.metadata.creation_timestamp,
        type=plain.type,
        reason=plain.reason,
        object=plain.object,
        subobject=item.involved_object.field_path or None,
        source=", ".join(filter(None, source)) or None,
        count=plain.count,
        message=plain.message,
    )


def job(item: native_wire.Job, environment: Environment) -> models.Job:
    spec, status = item.spec, item.status
    started, ended = status.start_time, status.completion_time
    owner = controller(item.metadata)
    took = int((ended - started).total_seconds()) if started and ended else None
    return models.Job(
        **namespaced_fields(item.metadata, environment),
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
        cron_job=owner.name if owner and owner.kind == "CronJob" else None,
    )


# The first condition that holds names a Job's state, in kubectl's order; below that of being
# deleted are those that its controller acts on.
_ENDED = {"Complete": "complete", "Failed": "failed"}
_UNDER_WAY = {
    "Suspended": "suspended",
    "FailureTarget": "FailureTarget",
    "SuccessCriteriaMet": "SuccessCriteriaMet",
}


def _job_status(item: native_wire.Job) -> str:
    """kubectl's word; what is suspended is so before its controller has seen it."""
    current = {
        condition.type for condition in item.status.conditions or () if condition.status == "True"
    }
    ended = next((word for type_, word in _ENDED.items() if type_ in current), None)
    if ended or item.metadata.deletion_timestamp is not None:
        return ended or "Terminating"
    not_begun = "suspended" if item.spec.suspend else "running"
    return next((word for type_, word in _UNDER_WAY.items() if type_ in current), not_begun)


def cron_job(item: native_wire.CronJob, environment: Environment) -> models.CronJob:
    spec, status = item.spec, item.status
    template = spec.job_template.spec.template
    return models.CronJob(
        **namespaced_fields(item.metadata, environment),
        schedule=spec.schedule,
        time_zone=spec.time_zone,
        suspended=bool(spec.suspend),
        active=len(status.active or ()),
        last_scheduled_at=status.last_schedule_time,
        last_succeeded_at=status.last_successful_time,
        containers=_containers(template),
        images=_images(template),
    )


def autoscaler(item: native_wire.Autoscaler, environment: Environment) -> models.Autoscaler:
    spec, status, target = item.spec, item.status, item.spec.scale_target_ref
    return models.Autoscaler(
        **namespaced_fields(item.metadata, environment),
        reference=f"{target.kind}/{target.name}",
        metrics=_metrics(item),
        min=1 if spec.min_replicas is None else spec.min_replicas,
        max=spec.max_replicas,
        replicas=status.current_replicas or 0,
        desired=status.desired_replicas,
    )


def cron_job_details(item: native_wire.CronJob) -> dict[str, Any]:
    """What a description adds: the names of the jobs that run."""
    return {"jobs": [job.name for job in item.status.active or () if job.name]}


def _metrics(item: native_wire.Autoscaler) -> list[models.Metric]:
    if item.spec.cpu_percentage is not None:
        now = item.status.cpu_percentage
        target = f"{item.spec.cpu_percentage}%"
        return [models.Metric(name="cpu", current=None if now is None else f"{now}%",
                              target=target)]  # fmt: skip
    return [
        models.Metric(
            name=_metric_name(metric.source),
            current=_measured(current.source.current, like=metric.source.target)
            if current
            else None,
            target=_measured(metric.source.target, like=metric.source.target) or "",
        )
        for metric, current in _paired(item.spec.metrics or [], item.status.current_metrics or [])
    ]


def _paired(
    wanted: Sequence[native_wire.Metric], measured: Sequence[native_wire.Metric]
) -> list[tuple[native_wire.Metric, native_wire.Metric | None]]:
    """Each metric with its measurement, which stands at the same place unless one failed.

    Where it does not, it is the first measurement of the same metric that is left.
    """
    places = {
        place
        for place, pair in enumerate(zip(wanted, measured, strict=False))
        if _identity(pair[0]) == _identity(pair[1])
    }
    left = [metric for place, metric in enumerate(measured) if place not in places]
    pairs: list[tuple[native_wire.Metric, native_wire.Metric | None]] = []
    for place, metric in enumerate(wanted):
        if place in places:
            pairs.append((metric, measured[place]))
            continue
        index = next(
            (index for index, one in enumerate(left) if _identity(one) == _identity(metric)), None
        )
        pairs.append((metric, None if index is None else left.pop(index)))
    return pairs


def _identity(metric: native_wire.Metric) -> tuple[object, ...]:
    """What tells one metric from another: names alone do not."""
    source = metric.source
    described = (source.described_object.kind, source.described_object.name)
    labels = normalise.selector(source.metric.selector)
    return (metric.type, source.name, source.container, source.metric.name, labels, described)


def _metric_name(source: MetricSource) -> str:
    name = source.name or source.metric.name or "?"
    return f"{source.container}:{name}" if source.container else name


def _measured(value: MetricValue | None, *, like: MetricValue) -> str | None:
    """A value in the unit of ``like``: a percentage of the request, an average or a value."""
    if value is None:
        return None
    if like.average_utilization is not None:
        share = value.average_utilization
        return None if share is None else f"{share}%"
    amount = value.average_value if like.average_value is not None else value.value
    return None if amount is None else quantity.shown(amount)


def conditions(item: Conditioned) -> dict[str, Any]:
    """What the description of any object with conditions adds."""
    return {
        "conditions": [
            models.Condition(
                type=condition.type,
                status=condition.status,
                reason=condition.reason or None,
                message=condition.message or None,
                changed_at=condition.last_transition_time,
            )
            for condition in item.status.conditions or ()
        ]
    }


def _containers(template: wire.Template) -> list[str]:
    return [one.name for one in template.spec.containers or ()]


def _images(template: wire.Template) -> list[str]:
    return [one.image for one in template.spec.containers or () if one.image]


def _base_fields(meta: wire.Meta, environment: Environment) -> dict[str, Any]:
    return {
        "project": environment.project,
        "environment": environment.name,
        "name": meta.name,
        "created_at": meta.creation_timestamp,
        "labels": meta.labels or {},
    }


def namespaced_fields(meta: wire.Meta, environment: Environment) -> dict[str, Any]:
    """What every model of an object in a namespace has."""
    return _base_fields(meta, environment) | {"namespace": meta.namespace}
