"""A pod template with its workload as a definition. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from math import ceil
from typing import Any

from dashborion.models.definition import (
    Bounds,
    Defined,
    DefinedContainer,
    Definition,
    Secret,
    Strategy,
)
from dashborion.models.workload import Autoscaling, Resources, Workload
from dashborion.orchestrators.definitions import Digests, endpoint_texts, image_reference
from dashborion.orchestrators.images import running_digest
from dashborion.orchestrators.kubernetes import definition_wire, quantity, rollout, wire

_MEBI = 1 << 20
_ARCH, _OS = "kubernetes.io/arch", "kubernetes.io/os"
_DEFAULTS: Mapping[type[Any], tuple[str, str]] = {wire.Deployment: ("25%", "25%")}


def defined(
    item: wire.Controller,
    raw: Any,
    workload: Workload,
    *,
    digests: Digests | None,
    scaling: Autoscaling | None,
) -> Defined:
    """A workload with all that it is made of; ``raw`` is its pod template as the API has it.

    ``digests`` is what its pods run by container.

    Raises:
        BadAnswer: the template is not what the API documents.
    """
    spec = definition_wire.template(raw, workload.name).spec
    containers = [_container(one, digests, is_init=False) for one in spec.containers]
    containers += [
        _container(one, digests, is_init=one.restart_policy != "Always")
        for one in spec.init_containers
    ]
    definition = Definition(
        project=workload.project,
        environment=workload.environment,
        namespace=workload.namespace,
        name=workload.name,
        type=workload.type,
        orchestrator=workload.orchestrator,
        revision=workload.rollout.revision,
        replicas=None if isinstance(item, wire.DaemonSet) else workload.desired,
        autoscaler=Bounds(min=scaling.min, max=scaling.max) if scaling else None,
        resources=_resources(spec.resources.requests or spec.resources.limits),
        platform=_platform(spec),
        strategy=_strategy(item),
        endpoints=endpoint_texts(workload.endpoints),
        containers=containers,
    )
    return Defined(workload, definition, dict(_values(spec)))


def digests_of(pods: Sequence[wire.Pod], images: Mapping[str, str]) -> Digests:
    """What the containers of pods run, by name; None for one whose image is not certain.

    ``images`` are those of the definition, by container. What has not begun runs nothing.
    """
    found: dict[str, dict[str | None, None]] = {name: {} for name in images}
    for pod in pods:
        status = pod.status
        for one in (*(status.init_container_statuses or ()), *(status.container_statuses or ())):
            if one.name in images and one.image_id:
                found[one.name][running_digest(images[one.name], one.image_id)] = None
    return {name: list(digests) for name, digests in found.items()}


def _container(
    one: definition_wire.Container, digests: Digests | None, *, is_init: bool
) -> DefinedContainer:
    requests = (one.resources.limits or {}) | (one.resources.requests or {})
    plain = [v for v in one.env if not (v.value_from and v.value_from.secret)]
    return DefinedContainer(
        name=one.name,
        init=is_init,
        image=image_reference(one.image, one.name, digests),
        command=one.command,
        arguments=one.args,
        ports=sorted(f"{port.container_port}/{port.protocol.lower()}" for port in one.ports),
        requested=_resources(requests),
        limit=_resources(one.resources.limits),
        variables=sorted(v.name for v in plain),
        secrets=sorted(v.name for v in one.env if v not in plain),
        variables_from=sorted(filter(None, map(_source, one.env_from))),
        health_checks=dict(_health_checks(one)),
    )


def _values(spec: definition_wire.PodSpec) -> Iterator[tuple[tuple[str, str], Secret]]:
    for container in (*spec.containers, *spec.init_containers):
        for one in container.env:
            origin = one.value_from
            if origin is None:
                yield (container.name, one.name), Secret(one.value)
                continue
            known = (origin.secret, origin.config, origin.pod, origin.resource, origin.file)
            value = next(filter(None, known), one.value)
            # What the pod itself says is the same wherever it is asked the same.
            is_own = value in (origin.pod, origin.resource)
            yield (container.name, one.name), Secret(value, is_reference=not is_own)


def _source(one: definition_wire.VariablesFrom) -> str | None:
    if one.config_map_ref is not None:
        return f"configmap/{one.config_map_ref.name}"
    return f"secret/{one.secret_ref.name}" if one.secret_ref is not None else None


def _health_checks(one: definition_wire.Container) -> Iterator[tuple[str, str]]:
    probes = {
        "readiness": one.readiness_probe,
        "liveness": one.liveness_probe,
        "startup": one.startup_probe,
    }
    for kind, probe in probes.items():
        if probe is not None:
            every, within = probe.period_seconds, probe.timeout_seconds
            limits = f"every {every}s, timeout {within}s, {probe.failure_threshold} failures"
            yield kind, f"{_asked(probe)}, {limits}"


def _asked(probe: definition_wire.Probe) -> str:
    if (http := probe.http_get) is not None:
        path = http.path.partition("?")[0]  # a query may hold a token
        return f"{http.scheme} {path if path.startswith('/') else f'/{path}'} on {http.port}"
    if probe.tcp_socket is not None:
        return f"TCP on {probe.tcp_socket.port}"
    if probe.grpc is not None:
        return f"gRPC on {probe.grpc.port}"
    return shlex.join(probe.exec.command) if probe.exec else "nothing"


def _resources(amounts: Mapping[str, str | int | float] | None) -> Resources:
    known = amounts or {}
    cpu, memory = (
        quantity.parse(known[name]) if name in known else None for name in ("cpu", "memory")
    )
    return Resources(
        cpu_millicores=quantity.millicores(cpu) if cpu else None,
        memory_mib=ceil(memory.number / _MEBI) if memory else None,
    )


def _platform(spec: definition_wire.PodSpec) -> str | None:
    system = spec.node_selector.get(_OS) or (spec.os.name if spec.os else None)
    architecture = spec.node_selector.get(_ARCH)
    return f"{system or 'linux'}/{architecture}" if architecture else system


def _strategy(item: wire.Controller) -> Strategy:
    chosen = item.spec.strategy if isinstance(item, wire.Deployment) else item.spec.update_strategy
    kind = rollout.strategy(item)
    if kind != "rolling":
        return Strategy(type=kind, max_unavailable=None, max_surge=None)
    rolling = chosen.rolling_update or wire.RollingUpdate()
    unavailable, surge = _DEFAULTS.get(type(item), ("1", "0"))
    given = (rolling.max_unavailable, rolling.max_surge)
    return Strategy(
        type=kind,
        max_unavailable=unavailable if given[0] is None else str(given[0]),
        max_surge=surge if given[1] is None else str(given[1]),
    )
