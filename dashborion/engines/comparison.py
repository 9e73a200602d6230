"""How two workloads differ, on whatever they run. Pure.

Fields have the names that ``--only`` and ``--ignore`` take; a name stands for all below it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from dashborion.engines.pairing import Pair, Words, matched, plain, without
from dashborion.errors import UsageError, short, suggestion
from dashborion.models.definition import (
    Bounds,
    Comparison,
    Defined,
    DefinedContainer,
    Definition,
    Difference,
    DifferenceKind,
    ImageReference,
    Secret,
    Side,
    Value,
)
from dashborion.models.query import Part

FIELDS = (
    "image", "image.repository", "image.tag", "image.digest", "replicas", "autoscaler",
    "cpu", "cpu.requested", "cpu.limit", "memory", "memory.requested", "memory.limit",
    "command", "arguments", "ports", "variables", "secrets",
    "healthChecks", "healthChecks.readiness", "healthChecks.liveness", "healthChecks.startup",
    "endpoints", "strategy", "strategy.maxUnavailable", "strategy.maxSurge", "platform",
    "container",
)  # fmt: skip
_NAMED = ("variables", "secrets")  # of which each has a field below, by its name
_PARTS: Mapping[Part, tuple[str, ...]] = {
    "digests": ("image.digest",),
    "endpoints": ("endpoints",),
    "autoscaling": ("replicas", "autoscaler"),
}
_UNREAD = Difference(
    field="workload", container=None, left=None, right=None, kind=DifferenceKind.UNKNOWN,
    note="the other environment did not list all that it has",
)  # fmt: skip
_MANIFESTS = "digest differs, tag equal: may be the index and a platform's manifest of one image"


class Selection(Struct, frozen=True):
    """Which fields are compared: ``only`` these, all if there is none, without ``ignore``."""

    only: Sequence[str] = ()
    ignore: Sequence[str] = ()

    @classmethod
    def parse(cls, only: Iterable[str], ignore: Iterable[str]) -> Selection:
        """What was typed; ``variables.MODE`` is one variable.

        Raises:
            UsageError: no field has that name.
        """
        known = {name.lower(): name for name in FIELDS}
        chosen: list[list[str]] = []
        for option, values in (("--only", only), ("--ignore", ignore)):
            chosen.append([])
            for name in filter(None, (part.strip() for one in values for part in one.split(","))):
                first, _, one = name.partition(".")
                field = known.get(name.lower())
                if field is None and first.lower() in _NAMED and one:
                    field = f"{first.lower()}.{one}"
                if field is None:
                    near = suggestion(name, FIELDS, most=len(FIELDS))
                    raise UsageError(f"{option}: no field is called '{short(name)}'", hint=near)
                chosen[-1].append(field)
        return cls(*chosen)

    def has(self, field: str) -> bool:
        """Whether a field is compared."""
        kept = not self.only or _is_in(field, self.only)
        return kept and not _is_in(field, self.ignore)

    @property
    def parts(self) -> frozenset[Part]:
        """What has to be asked for, as far as it takes additional calls."""
        return frozenset(
            part
            for part, fields in _PARTS.items()
            if any(self.has(name) or _is_below(name, self.only) for name in fields)
        )


def _is_in(field: str, names: Iterable[str]) -> bool:
    return any(field == name or field.startswith(f"{name}.") for name in names)


def _is_below(field: str, names: Iterable[str]) -> bool:
    return any(name.startswith(f"{field}.") for name in names)


# --- How two differ -------------------------------------------------------------------------------


def alone(pair: Pair, *, unread: bool = False) -> Comparison:
    """A workload that the other environment does not have, or may have where it is ``unread``."""
    left, right = (Side.of(one) if one else None for one in (pair.left, pair.right))
    rows = [_UNREAD] if unread else []
    return Comparison.of(pair.name, left, right, rows)


def compared(
    left: Defined, right: Defined, words: tuple[Words, Words], selection: Selection
) -> Comparison:
    """The fields of two workloads that differ, or may differ."""
    rows = [*_of_workloads(left, right, words), *_of_containers(left, right, words)]
    chosen = [row for row in rows if selection.has(row.field)]
    return Comparison.of(left.item.name, Side.of(left.item), Side.of(right.item), chosen)


def _row(field: str, left: Value, right: Value, container: str | None = None) -> list[Difference]:
    """The difference of a field, or none; an empty list is as good as nothing."""
    before, after = (None if one == [] else one for one in (left, right))
    if before == after:
        return []
    kind = DifferenceKind.CHANGED
    if before is None or after is None:
        kind = DifferenceKind.ADDED if before is None else DifferenceKind.REMOVED
    return [Difference(field=field, container=container, left=before, right=after, kind=kind)]


def _of_workloads(
    left: Defined, right: Defined, words: tuple[Words, Words]
) -> Iterator[Difference]:
    one, other = left.definition, right.definition
    is_across = one.orchestrator != other.orchestrator
    if not _is_scaled_alike(one, other):
        yield from _row("replicas", one.replicas, other.replicas)
    yield from _row("autoscaler", _bounds(one.autoscaler), _bounds(other.autoscaler))
    for field in ("cpu", "memory"):
        yield from _row(field, *_whole(one, other, field))
    yield from _row("strategy", one.strategy.type, other.strategy.type)
    if one.strategy.type == other.strategy.type:
        limits = (one.strategy.max_unavailable, other.strategy.max_unavailable)
        yield from _row("strategy.maxUnavailable", *limits)
        yield from _row("strategy.maxSurge", one.strategy.max_surge, other.strategy.max_surge)
    if not (is_across and None in (one.platform, other.platform)):  # what is not said may be so
        yield from _row("platform", one.platform, other.platform)
    ways = [
        [way for way in each.endpoints if "://" in way or not is_across] for each in (one, other)
    ]
    plain = [
        sorted(without(way, own) for way in each) for each, own in zip(ways, words, strict=True)
    ]
    if plain[0] != plain[1]:
        yield from _row("endpoints", ways[0], ways[1])


def _is_scaled_alike(one: Definition, other: Definition) -> bool:
    """Whether both counts are what an autoscaler of either may have made of them."""
    if one.replicas is None or other.replicas is None:
        return one.orchestrator != other.orchestrator or one.replicas == other.replicas
    limits = (one.autoscaler or other.autoscaler, other.autoscaler or one.autoscaler)
    counts = (one.replicas, other.replicas)
    return all(
        bounds is not None and bounds.min <= count <= bounds.max
        for bounds, count in zip(limits, counts, strict=True)
    )


def _bounds(autoscaler: Bounds | None) -> str | None:
    return f"{autoscaler.min}-{autoscaler.max}" if autoscaler else None


def _whole(one: Definition, other: Definition, field: str) -> tuple[int | None, int | None]:
    """What tasks and pods are given as a whole, or their containers together, if one side says it.

    Nothing where neither does: then the containers are compared.
    """
    attribute = _ATTRIBUTES[field]
    own = [getattr(each.resources, attribute) for each in (one, other)]
    if own == [None, None]:
        return None, None
    sums = [
        sum(
            getattr(each.requested, attribute) or 0
            for each in definition.containers
            if not each.init
        )
        for definition in (one, other)
    ]
    left, right = (a if a is not None else b or None for a, b in zip(own, sums, strict=True))
    return left, right


_ATTRIBUTES = {"cpu": "cpu_millicores", "memory": "memory_mib"}


def _of_containers(
    left: Defined, right: Defined, words: tuple[Words, Words]
) -> Iterator[Difference]:
    keys: Sequence[Callable[[DefinedContainer, Words], Hashable]] = (
        lambda one, _: one.name,
        lambda one, own: plain(one.name, own),
        lambda one, _: one.init,  # the only one that is left on each side
    )
    one, other = left.definition, right.definition
    found, lefts, rights = matched(one.containers, other.containers, words, keys)
    for each in lefts:
        yield from _row("container", _text(each.image), None, each.name)
    for each in rights:
        yield from _row("container", None, _text(each.image), each.name)
    for before, after in found:
        yield from _of_images(left, right, before, after)
        name = before.name
        yield from _row("command", before.command, after.command, name)
        yield from _row("arguments", before.arguments, after.arguments, name)
        yield from _row("ports", before.ports, after.ports, name)
        yield from _resources(one, other, before, after)
        yield from _variables(left, right, before, after)
        for kind in sorted({*before.health_checks, *after.health_checks}):
            checks = (before.health_checks.get(kind), after.health_checks.get(kind))
            yield from _row(f"healthChecks.{kind}", *checks, name)


def _text(image: ImageReference) -> str:
    tag = f":{image.tag}" if image.tag else ""
    return f"{image.repository}{tag}" + (f"@{image.digest}" if image.digest else "")


def _of_images(
    left: Defined, right: Defined, before: DefinedContainer, after: DefinedContainer
) -> Iterator[Difference]:
    """Repository and tag as they are defined, and the digests that run."""
    one, other, name = before.image, after.image, before.name
    running = [[each.digest] if each.digest else each.running for each in (one, other)]
    digests = [list(filter(None, each or ())) for each in running]
    yield from _row("image.repository", one.repository, other.repository, name)
    if not (digests[0] == digests[1] and digests[0] and None in (one.tag, other.tag)):
        yield from _row("image.tag", one.tag, other.tag, name)  # else pinned to what the tag means
    if running == [None, None]:
        return  # nobody asked
    is_named_alike = (one.repository, one.tag) == (other.repository, other.tag) and one.tag
    if all(digests):
        is_across = left.definition.orchestrator != right.definition.orchestrator
        for row in _row("image.digest", ", ".join(digests[0]), ", ".join(digests[1]), name):
            if not is_named_alike:
                yield row
            elif is_across:
                yield replace(row, kind=DifferenceKind.UNKNOWN, note=_MANIFESTS)
            else:
                yield replace(row, note=_MANIFESTS.partition(":")[0])
    elif is_named_alike:
        untold = (left if not digests[0] else right).item
        why = "the digest that runs is not known" if untold.running else "nothing runs"
        yield Difference(
            field="image.digest",
            container=name,
            left=", ".join(digests[0]) or None,
            right=", ".join(digests[1]) or None,
            kind=DifferenceKind.UNKNOWN,
            note=f"{why} in {untold.environment}" if any(digests) else why,
        )


def _resources(
    one: Definition, other: Definition, before: DefinedContainer, after: DefinedContainer
) -> Iterator[Difference]:
    is_across = one.orchestrator != other.orchestrator
    for field, attribute in _ATTRIBUTES.items():
        wholes = (getattr(each.resources, attribute) for each in (one, other))
        # What a task is given as a whole is compared with what a pod's containers request.
        if not (is_across and any(each is not None for each in wholes)):
            asked = [getattr(each.requested, attribute) for each in (before, after)]
            yield from _row(f"{field}.requested", asked[0], asked[1], before.name)
        most = [getattr(each.limit, attribute) for each in (before, after)]
        yield from _row(f"{field}.limit", most[0], most[1], before.name)


def _variables(
    left: Defined, right: Defined, before: DefinedContainer, after: DefinedContainer
) -> Iterator[Difference]:
    """Names, whether values differ, and what is not known because it stands in another object."""
    name, sources = before.name, (before.variables_from, after.variables_from)
    if any(sources):
        yield Difference(
            field="variables", container=name, left=sources[0] or None, right=sources[1] or None,
            kind=DifferenceKind.UNKNOWN, note="names and values of these are not known",
        )  # fmt: skip
    for field in ("variables", "secrets"):
        known, wanted = set(getattr(before, field)), set(getattr(after, field))
        for variable in sorted(known | wanted):
            row = _variable(f"{field}.{variable}", name, variable in known, variable in wanted)
            if row is not None and (sources[1] if row.kind == "removed" else sources[0]):
                note = "may be among those that are not known"
                yield replace(row, kind=DifferenceKind.UNKNOWN, note=note)
            elif row is not None:
                yield row
            elif field == "variables":
                values = (left.values[before.name, variable], right.values[after.name, variable])
                yield from _value(f"{field}.{variable}", name, *values)


def _variable(field: str, container: str, was: bool, is_: bool) -> Difference | None:
    """A variable that one side does not have."""
    if was == is_:
        return None
    kind = DifferenceKind.REMOVED if was else DifferenceKind.ADDED
    return Difference(
        field=field, container=container, left=None, right=None, kind=kind, hidden=True
    )


def _value(field: str, container: str, one: Secret, other: Secret) -> list[Difference]:
    """Whether a value differs, and never more than that."""
    kind, note = DifferenceKind.CHANGED, None
    if one.is_reference or other.is_reference:
        kind, note = DifferenceKind.UNKNOWN, "its value stands in another object"
    elif one.value == other.value:
        return []
    return [
        Difference(
            field=field, container=container, left=None, right=None, kind=kind, hidden=True,
            note=note,
        )
    ]  # fmt: skip
