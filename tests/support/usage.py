"""What containers use, as the kubelet tells metrics-server at ``/metrics/resource``.

Counters that grow at a constant rate, so that every look says the same: 100m and 64Mi in the first
container of a pod, twice as much in the second. A node uses a core and 8Gi.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_MEBIBYTE = 2**20
# metrics-server believes the first numbers of a container that started 10 to 15 s ago; all others
# it shows when it has seen two, 15 s apart. So each container always has just started.
_AGE_SECONDS = 12


@dataclass(frozen=True)
class Usage:
    millicores: int
    mebibytes: int


def resource_metrics(
    statuses: Mapping[tuple[str, str], Mapping[str, Any]],
    told: Mapping[tuple[str, str, str], Usage],
) -> str:
    """Prometheus' text.

    Args:
        statuses: of all pods, by namespace and name.
        told: what a test says of a container, by namespace, pod and name.
    """
    now = int(time.time())  # whole seconds, as fractions would round the rates up
    lines = [
        *_of_a_kind("node", "", Usage(1000, 8192), now, age=now),
        *(
            line
            for (namespace, pod), status in list(statuses.items())
            for number, container in enumerate(status.get("containerStatuses", ()), 1)
            if "running" in container["state"]
            for line in _of_a_kind(
                "container",
                f'{{container="{container["name"]}",namespace="{namespace}",pod="{pod}"}}',
                told.get((namespace, pod, container["name"]), Usage(100 * number, 64 * number)),
                now,
                age=_AGE_SECONDS,
            )
        ),
    ]
    return "\n".join([*lines, ""])


def _of_a_kind(kind: str, labels: str, usage: Usage, now: int, *, age: int) -> Iterator[str]:
    at = now * 1000
    yield f"{kind}_cpu_usage_seconds_total{labels} {usage.millicores / 1000 * age} {at}"
    yield f"{kind}_memory_working_set_bytes{labels} {usage.mebibytes * _MEBIBYTE} {at}"
    if kind == "container":
        yield f"container_start_time_seconds{labels} {now - age}"
