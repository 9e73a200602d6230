"""What metrics-server says of pods and nodes, beside what these ask for and have. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_CEILING

from dashborion.config.targets import Environment
from dashborion.models.usage import MachineUsage
from dashborion.orchestrators.kubernetes import native_wire, quantity, usage_wire, wire
from dashborion.orchestrators.kubernetes.instances import Owned, requests
from dashborion.orchestrators.samples import (
    NANOCORES,
    Figures,
    Resource,
    Sample,
    consumption,
    known_sum,
    whole_sum,
)

SOURCE = "metrics-server"
Amounts = Mapping[str, usage_wire.Quantity] | None

_UNITS: Mapping[Resource, int] = {"cpu": NANOCORES, "memory": 1}
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?")  # as Go writes it
_NOTHING = usage_wire.Used()


def sample(pod: wire.Pod, owned: Owned | None, metrics: usage_wire.PodMetrics | None) -> Sample:
    """A pod; one that began a moment ago has no metrics yet."""
    used = {one.name: one.usage for one in (metrics and metrics.containers) or ()}
    status = pod.status
    states = (*(status.init_container_statuses or ()), *(status.container_statuses or ()))
    granted = {one.name: one.resources for one in states}
    sidecars = [one for one in pod.spec.init_containers or () if one.is_sidecar]
    specs = [*(pod.spec.containers or ()), *sidecars]  # those that keep running
    parts = [
        (
            one.name,
            _figures("cpu", one.resources, granted.get(one.name), used.get(one.name, _NOTHING).cpu),
            _figures(
                "memory", one.resources, granted.get(one.name), used.get(one.name, _NOTHING).memory
            ),
        )
        for one in specs
    ]
    # Such as what `kubectl debug` has put into the pod: it asks for nothing, and has no bounds.
    named = {one.name for one in specs}
    more = [
        (name, Figures(_amount("cpu", one.cpu)), Figures(_amount("memory", one.memory)))
        for name, one in used.items()
        if name not in named
    ]
    asked = requests(pod.spec, status)

    def whole(name: Resource, each: Sequence[Figures], others: Sequence[Figures]) -> Figures:
        """The pod's own limit, or the sum of its containers' if all have one."""
        amount = asked[0] if name == "cpu" else asked[1]
        limit = _limit(name, pod.spec.resources.limits, status.resources)
        return Figures(
            known_sum(one.used for one in (*each, *others)),
            _amount(name, str(amount.number)) if amount else None,
            whole_sum(one.limit for one in each) if limit is None else limit,
        )

    return Sample(
        namespace=pod.metadata.namespace,
        workload=owned.name.name if owned else None,
        type=owned.name.type if owned else None,
        instance=pod.metadata.name,
        cpu=whole("cpu", [one[1] for one in parts], [one[1] for one in more]),
        memory=whole("memory", [one[2] for one in parts], [one[2] for one in more]),
        parts=[*parts, *more],
        sampled_at=metrics.timestamp if metrics else None,
        window=seconds(metrics.window) if metrics else None,
        source=SOURCE,
    )


def _figures(
    name: Resource,
    wanted: wire.Amounts,
    granted: wire.Granted | None,
    used: usage_wire.Quantity | None,
) -> Figures:
    limit = _limit(name, wanted.limits, granted)
    requested = _amount(name, ((granted or wanted).requests or {}).get(name))
    if requested is None and granted is None:
        requested = limit  # as the API server completes a container
    return Figures(_amount(name, used), requested, limit)


def _limit(name: Resource, wanted: Amounts, granted: wire.Granted | None) -> int | None:
    """What the node has granted of a limit that is set: a resize may have to wait."""
    limit = _amount(name, (wanted or {}).get(name))
    given = _amount(name, ((granted.limits if granted else None) or {}).get(name))
    return (given or limit) if limit else None


def _amount(name: Resource, text: usage_wire.Quantity | None) -> int | None:
    parsed = None if text is None else quantity.parse(text)
    return int((parsed.number * _UNITS[name]).to_integral_value(ROUND_CEILING)) if parsed else None


def seconds(text: str) -> float | None:
    """The seconds of ``1m0.5s``; None of what is no duration, or of less than a second."""
    found = _DURATION.fullmatch(text)
    hours, minutes, rest = (float(one or 0) for one in found.groups()) if found else (0, 0, 0)
    return hours * 3600 + minutes * 60 + rest or None


def machines(
    nodes: Iterable[native_wire.Node],
    metrics: Iterable[usage_wire.NodeMetrics],
    environment: Environment,
) -> list[MachineUsage]:
    """Nodes with what they have for pods, which is what kubectl's percentages are of."""
    seen = {one.metadata.name: one for one in metrics}
    rows = []
    for node in nodes:
        found, has = seen.get(node.metadata.name), node.status.allocatable or {}
        used = found.usage if found else _NOTHING
        cpu = Figures(_amount("cpu", used.cpu), limit=_amount("cpu", has.get("cpu")))
        memory = Figures(_amount("memory", used.memory), limit=_amount("memory", has.get("memory")))
        rows.append(
            MachineUsage(
                project=environment.project,
                environment=environment.name,
                orchestrator=environment.orchestrator,
                name=node.metadata.name,
                kind="node",
                cpu=consumption("cpu", cpu),
                memory=consumption("memory", memory),
                sampled_at=found.timestamp if found else None,
                window=seconds(found.window) if found else None,
                source=SOURCE,
            )
        )
    return rows
