"""A pod's status for ever: the demo's kubelet's, a minute after the pod was started.

Then `crash` waits for its fifth start, `oom` has been killed twice and runs, `done` and `fail`
have ended, and `pull` backs off.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from dashborion.demo.kubernetes.pods import complaints_of, pod_at
from dashborion.demo.kubernetes.store import stamp

_AGE = timedelta(seconds=60)
_COUNTS = {"BackOff": 4, "Failed": 3, "Unhealthy": 5}


@dataclass(frozen=True)
class Warned:
    """An event that the kubelet reports about a container."""

    container: str
    reason: str
    message: str

    @property
    def count(self) -> int:
        return _COUNTS.get(self.reason, 1)


def picture_of(
    pod: dict[str, Any], *, pod_ip: str, host_ip: str
) -> tuple[dict[str, Any], list[Warned]]:
    """The status to write and the events to report."""
    now = datetime.now(UTC)
    status, containers = pod_at(pod, now - _AGE, now, 1.0)
    if status.get("reason") == "Evicted":
        name = pod["spec"]["containers"][0]["name"]
        return status, [Warned(name, "Evicted", status["message"])]
    status["hostIP"] = host_ip
    del status["hostIPs"]  # which a server of 1.20 does not know
    if "podIP" in status:
        status |= {"podIP": pod_ip, "podIPs": [{"ip": pod_ip}]}
    warnings = [
        Warned(container.name, reason, message)
        for container in containers
        for kind, reason, message in complaints_of(container)
        if kind == "Warning"
    ]
    return status, warnings


def right_now() -> str:
    return stamp(datetime.now(UTC))
