"""Which of the found workloads and instances are meant, and in which order they are shown. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TypeVar

from msgspec.structs import replace

from dashborion.errors import NotFound
from dashborion.models.instance import Instance
from dashborion.models.query import Found, Name, Query
from dashborion.models.workload import Workload

Row = TypeVar("Row", Workload, Instance)


def widened(query: Query, patterns: Sequence[Name]) -> Query:
    """A query that asks where the patterns point: ``other/web`` is about namespace ``other``."""
    namespaces = {pattern.namespace for pattern in patterns}
    types = {pattern.type for pattern in patterns}
    if patterns and None not in types and query.types is None:
        query = replace(query, types=frozenset(filter(None, types)))
    if not patterns or None in namespaces or query.namespace or query.all_namespaces:
        return query
    only = next(iter(namespaces))
    if len(namespaces) == 1 and only and not _has_wildcards(only):
        return replace(query, namespace=only)
    return replace(query, all_namespaces=True)


def matching(patterns: Sequence[Name], found: Sequence[Found[Workload]]) -> list[Found[Workload]]:
    """The workloads that fit one of the patterns; all where there is none."""
    if not patterns:
        return list(found)
    return [one for one in found if any(_fits(pattern, one.item) for pattern in patterns)]


def require_matches(patterns: Sequence[Name], found: Sequence[Found[Workload]], where: str) -> None:
    """Called with everything that was found.

    Raises:
        NotFound: nothing fits a pattern without wildcards.
    """
    for pattern in patterns:
        if not _has_wildcards(pattern.name) and not matching([pattern], found):
            known = [one.item.name for one in found]
            raise NotFound("workload", str(pattern), where=where, known=known)


def order(found: Found[Row]) -> tuple[str, ...]:
    """Environment, namespace, name; ``a-b`` before ``a``, as in kubectl and in etcd's keys.

    There a slash ends the namespace. What comes in this order need not be held back.
    """
    item = found.item
    kind = item.type if isinstance(item, Workload) else ""
    return (item.project or "", item.environment, f"{item.namespace}/", item.name, kind)


def _fits(pattern: Name, workload: Workload) -> bool:
    return (
        fnmatchcase(workload.name, pattern.name)
        and (pattern.type is None or workload.type is pattern.type)
        and (pattern.namespace is None or fnmatchcase(workload.namespace, pattern.namespace))
    )


def _has_wildcards(text: str) -> bool:
    return not frozenset("*?[").isdisjoint(text)
