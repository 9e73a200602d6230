"""What the containers of a pod template ask for and may use, and their probes. Pure."""

from __future__ import annotations

from dashborion.models.limits import Limits, Probe, ProbeKind
from dashborion.orchestrators.kubernetes import quantity, wire


def limits(spec: wire.PodSpec) -> list[Limits]:
    """One for each container, those that run first, then the init containers."""
    return [
        *(_of(one, init=False) for one in spec.containers or ()),
        *(_of(one, init=True) for one in spec.init_containers or ()),
    ]


def _of(container: wire.ContainerSpec, *, init: bool) -> Limits:
    asked, most = container.resources.requests or {}, container.resources.limits or {}
    probes = {
        ProbeKind.STARTUP: container.startup_probe,
        ProbeKind.LIVENESS: container.liveness_probe,
        ProbeKind.READINESS: container.readiness_probe,
    }
    return Limits(
        container=container.name,
        init=init,
        cpu=_cpu(asked.get("cpu")),
        cpu_limit=_cpu(most.get("cpu")),
        memory=_memory(asked.get("memory")),
        memory_limit=_memory(most.get("memory")),
        probes=[_probe(kind, probe) for kind, probe in probes.items() if probe is not None],
    )


def _probe(kind: ProbeKind, probe: wire.Probe) -> Probe:
    return Probe(
        kind=kind,
        check=_check(probe),
        delay=probe.initial_delay_seconds,
        period=probe.period_seconds,
        timeout=probe.timeout_seconds,
        failures=probe.failure_threshold,
    )


def _check(probe: wire.Probe) -> str:
    if probe.http_get is not None:
        return f"GET :{probe.http_get.port}{probe.http_get.path or '/'}"
    if probe.tcp_socket is not None:
        return f"TCP :{probe.tcp_socket.port}"
    if probe.grpc is not None:
        return f"gRPC :{probe.grpc.port}"
    return "command" if probe.exec is not None else "unknown"


def _cpu(amount: str | float | None) -> str | None:
    known = None if amount is None else quantity.parse(amount)
    return quantity.canonical_cpu(known) if known else None


def _memory(amount: str | float | None) -> str | None:
    known = None if amount is None else quantity.parse(amount)
    return quantity.canonical_memory(known) if known else None
