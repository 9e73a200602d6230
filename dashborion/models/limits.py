"""What a container may use, and how it is asked whether it is well: by its definition."""

from __future__ import annotations

from enum import StrEnum

from dashborion.models.base import Model


class ProbeKind(StrEnum):
    """Which probe: Kubernetes has three, ECS one."""

    STARTUP = "startup"
    LIVENESS = "liveness"
    READINESS = "readiness"
    HEALTH = "health"


class Probe(Model, frozen=True, kw_only=True):
    """How a container is asked: ``check`` is ``GET :8080/healthz``, ``TCP :5432`` or ``command``.

    What a command runs is not shown, as it may hold a password. It is asked every ``period``
    seconds, waits ``timeout`` seconds, and gives up after ``failures`` in a row.
    """

    kind: ProbeKind
    check: str
    delay: int | None
    period: int | None
    timeout: int | None
    failures: int | None


class Limits(Model, frozen=True, kw_only=True):
    """What one container asks for and may use, in the orchestrator's own units, and its probes."""

    container: str
    init: bool
    cpu: str | None
    cpu_limit: str | None
    memory: str | None
    memory_limit: str | None
    probes: list[Probe]

    @property
    def says_nothing(self) -> bool:
        """Whether nothing is asked for, limited or probed."""
        amounts = (self.cpu, self.cpu_limit, self.memory, self.memory_limit)
        return not self.probes and not any(amounts)
