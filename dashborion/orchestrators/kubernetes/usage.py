"""What metrics-server says of pods and nodes, beside what these ask for and have. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_CEILING, Decimal
from typing import Literal

from dashborion.orchestrators.kubernetes import native_wire, quantity, usage_wire, wire
from dashborion.orchestrators.kubernetes.instances import Owned, requests
from dashborion.orchestrators.samples import MEBIBYTE, NANOCORES, Figures, Machine, Part, Sample

SOURCE = "metrics-server"
Resource = Literal["cpu", "memory"]
Amounts = Mapping[str, usage_wire.Quantity] | None

_UNITS: Mapping[Resource, int] = {"cpu": NANOCORES, "memory": 1}
# What metrics-server writes, of which there are as many as containers.
_PLAIN: Mapping[tuple[Resource, str], int] = {
    ("cpu", "n"): 1, ("memory", "Ki"): 1024, ("memory", "Mi"): MEBIBYTE,
}  # fmt: skip
_WRITTEN = re.compile(r"(\d{1,18})(n|Ki|Mi)")
_UNSAMPLED = usage_wire.PodMetrics(wire.Meta(""))
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(h|ms|m|s|us|µs|ns)")


def sample(pod: wire.Pod, owned: Owned | None, metrics: usage_wire.PodMetrics | None) -> Sample:
    """A pod; one that began a moment ago has no metrics yet."""
    seen = metrics or _UNSAMPLED
    used = {one.name: one.usage for one in seen.containers or ()}
    specs = _lasting(pod.spec)
    statuses = {
        one.name: one
        for one in (
            *(pod.status.init_container_statuses or ()),
            *(pod.status.container_statuses or ()),
        )
    }
    parts = [_part(spec, statuses.get(spec.name), used.get(spec.name)) for spec in specs]
    known = {spec.name for spec in specs}
    # Such as what `kubectl debug` has put into the pod: it asks for nothing.
    parts += [
        Part(name, Figures(_amount("cpu", one.cpu)), Figures(_amount("memory", one.memory)))
        for name, one in used.items()
        if name not in known
    ]
    cpu, memory = requests(pod.spec, pod.status)
    return Sample(
        namespace=pod.metadata.namespace,
        workload=owned.name.name if owned else None,
        type=owned.name.type if owned else None,
        instance=pod.metadata.name,
        cpu=_whole("cpu", pod, cpu, [part.cpu for part in parts], len(specs)),
        memory=_whole("memory", pod, memory, [part.memory for part in parts], len(specs)),
        parts=parts,
        sampled_at=seen.timestamp,
        window=seconds(seen.window),
        source=SOURCE,
    )


def _lasting(spec: wire.PodSpec) -> Sequence[wire.ContainerSpec]:
    """Regular containers and sidecars: those that keep running."""
    sidecars = [one for one in spec.init_containers or () if one.is_sidecar]
    return [*(spec.containers or ()), *sidecars]


def _part(
    spec: wire.ContainerSpec, status: wire.ContainerStatus | None, used: usage_wire.Used | None
) -> Part:
    granted = status.resources if status else None

    def figures(name: Resource, spent: usage_wire.Quantity | None) -> Figures:
        limit = _limit(name, spec.resources.limits, granted)
        asked = (granted.requests if granted else spec.resources.requests) or {}
        requested = _amount(name, asked.get(name))
        if requested is None and not granted:
            requested = limit
        return Figures(_amount(name, spent), requested, limit)

    spent = used or usage_wire.Used()
    return Part(spec.name, figures("cpu", spent.cpu), figures("memory", spent.memory))


def _whole(
    name: Resource,
    pod: wire.Pod,
    requested: quantity.Amount | None,
    parts: Sequence[Figures],
    bounded: int,
) -> Figures:
    """The pod's own limit, or the sum of its containers' if all ``bounded`` ones have one."""
    spent = [one.used for one in parts if one.used is not None]
    limit = _limit(name, pod.spec.resources.limits, pod.status.resources)
    if limit is None:
        limits = [one.limit for one in parts[:bounded] if one.limit is not None]
        limit = sum(limits) if limits and len(limits) == bounded else None
    asked = _units(name, requested.number) if requested else None
    return Figures(sum(spent) if spent else None, asked, limit)


def _limit(name: Resource, wanted: Amounts, granted: wire.Granted | None) -> int | None:
    """What the node has granted of a limit that is set: a resize may have to wait."""
    limit = _amount(name, (wanted or {}).get(name))
    given = _amount(name, ((granted.limits if granted else None) or {}).get(name))
    return (given or limit) if limit else None


def _amount(name: Resource, text: usage_wire.Quantity | None) -> int | None:
    if text is None:
        return None
    written = _WRITTEN.fullmatch(text) if isinstance(text, str) else None
    if written and (factor := _PLAIN.get((name, written[2]))):
        return int(written[1]) * factor
    parsed = quantity.parse(text)
    return _units(name, parsed.number) if parsed else None


def _units(name: Resource, number: Decimal) -> int:
    return int((number * _UNITS[name]).to_integral_value(ROUND_CEILING))


def seconds(text: str) -> float | None:
    """The seconds of a duration as Go writes it; None if it is none."""
    terms = _DURATION.findall(text)
    if not terms or "".join(map("".join, terms)) != text:
        return None
    return round(sum(float(number) * _SECONDS[unit] for number, unit in terms), 3)


def machines(
    nodes: Iterable[native_wire.Node], metrics: Iterable[usage_wire.NodeMetrics]
) -> list[Machine]:
    """Nodes with what they have for pods, which is what kubectl's percentages are of."""
    seen = {one.metadata.name: one for one in metrics}
    return [
        Machine(
            name=node.metadata.name,
            kind="node",
            cpu=_of_node("cpu", node, found.usage.cpu if found else None),
            memory=_of_node("memory", node, found.usage.memory if found else None),
            sampled_at=found.timestamp if found else None,
            window=seconds(found.window) if found else None,
            source=SOURCE,
        )
        for node in nodes
        for found in [seen.get(node.metadata.name)]
    ]


def _of_node(name: Resource, node: native_wire.Node, spent: usage_wire.Quantity | None) -> Figures:
    has = _amount(name, (node.status.allocatable or {}).get(name))
    return Figures(_amount(name, spent), limit=has)
