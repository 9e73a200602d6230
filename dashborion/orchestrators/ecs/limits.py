"""What the containers of a task definition ask for and may use, and their checks. Pure."""

from __future__ import annotations

from dashborion.models.limits import Limits, Probe, ProbeKind
from dashborion.orchestrators.ecs import amounts, wire


def limits(definition: wire.TaskDefinition | None) -> list[Limits]:
    """One for each container; without memory or CPU of their own, the task's bounds them.

    CPU units are shares, which bound a container only within its task.
    """
    if definition is None:
        return []
    return [
        Limits(
            container=one.name,
            init=False,
            cpu=amounts.as_text(one.cpu),
            cpu_limit=amounts.as_text(amounts.cpu_units(definition.cpu)),
            memory=amounts.as_text(one.memory_reservation or one.memory),
            memory_limit=amounts.as_text(one.memory or amounts.mib(definition.memory)),
            probes=[_probe(one.health_check)] if one.health_check is not None else [],
        )
        for one in definition.container_definitions
    ]


def _probe(check: wire.HealthCheck) -> Probe:
    return Probe(
        kind=ProbeKind.HEALTH,
        check="command",
        delay=check.start_period,
        period=check.interval,
        timeout=check.timeout,
        failures=check.retries,
    )
