"""What differs between two environments: asked side by side, workload by workload.

Names are paired before anything is looked into, and only what has a counterpart is.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from dashborion.concurrency import result, start
from dashborion.config.targets import Environment
from dashborion.engines import comparison, pairing
from dashborion.engines.answers import located, matching, require_matches
from dashborion.engines.comparison import Selection
from dashborion.engines.fleet import Fleet
from dashborion.engines.pairing import Pair
from dashborion.errors import (
    Ambiguous,
    DashborionError,
    NotFound,
    PartialFailure,
    UsageError,
    foreseen,
)
from dashborion.models.definition import Comparison, Defined
from dashborion.models.query import Found, Name, Query
from dashborion.models.workload import Workload
from dashborion.orchestrators.protocol import Listing
from dashborion.orchestrators.runtime import Runtime


class Compared(Struct, frozen=True):
    """The comparisons of all pairs, and the labels of the two environments."""

    comparisons: Sequence[Comparison]
    left: str
    right: str


def of_environments(
    fleet: Fleet,
    patterns: Sequence[str],
    query: Query,
    *,
    mapped: Sequence[tuple[str, str]],
    selection: Selection,
) -> Compared:
    """How the workloads of the fleet's two environments differ; those that fit on either side.

    Raises:
        PartialFailure: one of the environments does not answer: nothing can be compared.
        NotFound: a name without wildcards that neither has, or a mapped one.
    """
    names = [fleet.workload_name(pattern) for pattern in patterns]
    asked = replace(query, parts=selection.parts)
    partly: set[str] = set()  # the environments of which some workloads may not be known
    answer = _noting(fleet, partly).ask_all(lambda one: one.definitions.listed(asked))
    if answer.failures:
        raise PartialFailure("nothing was compared, because one of the environments failed")
    first, second = answer.items
    left, right = fleet.environments
    unread = frozenset(partly)  # what definitions lack, which come later, costs only their rows
    require_matches(names, [*first.workloads, *second.workloads], fleet.where)
    words = (pairing.words_of(left), pairing.words_of(right))
    found = pairing.pairs(
        [one.item for one in first.workloads],
        [one.item for one in second.workloads],
        words,
        mapped=_mapped(fleet, (first, second), mapped),
        by_namespace=query.all_namespaces,
    )
    chosen = [pair for pair in found if _is_meant(pair, names)]
    defined = _both_defined(fleet, (first, second), chosen)
    comparisons = []
    for pair in chosen:
        if pair.left is None or pair.right is None:
            other_side = left if pair.left is None else right
            comparisons.append(comparison.alone(pair, unread=other_side.label in unread))
            continue
        one, other = (side.get(_key(it)) for side, it in zip(defined, pair.sides, strict=True))
        if one is not None and other is not None:
            comparisons.append(comparison.compared(one, other, words, selection))
    return Compared(comparisons, left.label, right.label)


Keyed = dict[tuple[str, str, str], Defined]


def _both_defined(
    fleet: Fleet, listings: tuple[Listing, Listing], pairs: Sequence[Pair]
) -> list[Keyed]:
    """The definitions of what has a counterpart, of each environment."""
    both = [pair.sides for pair in pairs if pair.left and pair.right]
    fleet.progress(f"comparing {len(both)} workloads")
    futures = [
        start(partial(_define, environment, listing, [sides[number] for sides in both]))
        for number, (environment, listing) in enumerate(
            zip(fleet.environments, listings, strict=True)
        )
    ]
    try:
        deadline = fleet.runtime(fleet.environments[0]).deadline
        answers = [result(future, deadline) for future in futures]
    finally:
        fleet.progress("")
    return [{_key(one.item): one for one in answer} for answer in answers]


def _define(
    environment: Environment, listing: Listing, chosen: Sequence[Workload]
) -> list[Defined]:
    try:
        with foreseen(environment.label):
            return listing.define(chosen) if chosen else []
    except DashborionError as error:
        raise located(error, environment) from None


def _is_meant(pair: Pair, names: Sequence[Name]) -> bool:
    return bool(matching(names, [Found(one) for one in pair.sides]))


def _noting(fleet: Fleet, partly: set[str]) -> Fleet:
    """The fleet, which notes the environments whose lists may lack something."""

    def lent(environment: Environment) -> Runtime:
        runtime = fleet.runtime(environment)

        def incomplete(error: DashborionError) -> None:
            partly.add(environment.label)
            runtime.incomplete(error)

        return replace(runtime, incomplete=incomplete)

    return replace(fleet, runtime=lent)


def _mapped(
    fleet: Fleet, listings: tuple[Listing, Listing], names: Sequence[tuple[str, str]]
) -> list[tuple[Workload, Workload]]:
    """The workloads that ``--map`` names.

    Raises:
        NotFound, Ambiguous: there is none of a name, or several.
        UsageError: one is named twice.
    """
    sides = []
    for number, environment in enumerate(fleet.environments):
        found = [_named(fleet, environment, listings[number], both[number]) for both in names]
        for one in found:
            if sum(one is other for other in found) > 1:
                raise UsageError(f"--map names {one.name} of {environment.label} more than once")
        sides.append(found)
    return list(zip(*sides, strict=True))


def _named(fleet: Fleet, environment: Environment, listing: Listing, typed: str) -> Workload:
    """The workload of that name.

    Raises:
        NotFound, Ambiguous: there is none, or several.
    """
    found = matching([fleet.workload_name(typed)], listing.workloads)
    if not found:
        known = [one.item.name for one in listing.workloads]
        raise NotFound("workload", typed, where=environment.label, known=known)
    if len(found) > 1:
        raise Ambiguous(
            f"'{typed}' is the name of {len(found)} workloads of {environment.label}",
            hint="use NAMESPACE/KIND/NAME",
        )
    return found[0].item


def _key(workload: Workload) -> tuple[str, str, str]:
    return (workload.namespace, str(workload.type), workload.name)
