"""What rules find in pods and events that are written here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from dashborion.orchestrators import findings
from dashborion.orchestrators.findings import Finding
from dashborion.orchestrators.kubernetes import facts, instances, wire
from dashborion.orchestrators.kubernetes.causes import RULES
from tests.unit.kubernetes.raw_kubernetes import ENVIRONMENT, Raw, decode

NOW = datetime(2024, 5, 1, 9, 5, tzinfo=UTC)


def ago(**duration: float) -> str:
    return (NOW - timedelta(**duration)).isoformat()


def event(
    reason: str,
    message: str = "",
    *,
    of: wire.Pod | None = None,
    container: str | None = "app",
    at: str = "2024-05-01T09:04:00Z",
    first: str | None = None,
    **more: Any,
) -> Raw:
    """Of the pod that ``raw_kubernetes.pod`` makes, unless it is told which."""
    name = of.metadata.name if of else "web-7d9c5b8f6d-x2x9p"
    about = {"kind": "Pod", "name": name, "uid": of.metadata.uid if of else f"uid-{name}"}
    if container:
        about["fieldPath"] = f"spec.containers{{{container}}}"
    times = {"firstTimestamp": first or at, "lastTimestamp": at}
    return {
        "metadata": {"name": f"{name}.17c"},
        "involvedObject": about,
        "type": "Warning",
        "reason": reason,
        "message": message,
        **times,
        **more,
    }


def found(
    *pods: wire.Pod, events: Sequence[Raw] = (), now: datetime = NOW, **more: Any
) -> list[Finding]:
    """What all rules find."""
    told = facts.ordered(decode(wire.Event, one) for one in events)
    known = [
        facts.of_pod(one, instances.instance(one, None, ENVIRONMENT), told, None) for one in pods
    ]
    return findings.found(RULES, facts.Facts(now=now, pods=known, **more))


def codes(*pods: wire.Pod, **more: Any) -> list[str]:
    """The codes of what all rules find."""
    return [str(one.code) for one in found(*pods, **more)]
