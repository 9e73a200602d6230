"""Which workloads of two environments belong together, and which containers of two workloads. Pure.

By name, else by name without the words of environment and project.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from msgspec import Struct

from dashborion.config.targets import Environment
from dashborion.models.workload import Workload

T = TypeVar("T")

# Words for the same, of which an environment is called one and its workloads another.
_ALIKE = (("prod", "production"), ("stg", "stage", "staging"), ("dev", "development"))


class Pair(Struct, frozen=True):
    """Two workloads, or one that has no counterpart."""

    left: Workload | None
    right: Workload | None

    @property
    def sides(self) -> list[Workload]:
        """Those that there are, the left one first."""
        return [one for one in (self.left, self.right) if one is not None]

    @property
    def name(self) -> str:
        one = self.left or self.right
        return one.name if one else ""


Words = frozenset[str]


def words_of(environment: Environment) -> Words:
    """The words of an environment and its project, which names of their workloads may hold."""
    found = frozenset(_split(f"{environment.project or ''} {environment.name}"))
    return found.union(*(alike for alike in _ALIKE if not found.isdisjoint(alike)))


def _split(text: str) -> list[str]:
    return [word for word in re.split(r"[^a-z0-9]+", text.lower()) if word]


def without(text: str, words: Words) -> str:
    """A text without the words of its environment."""
    return "-".join(word for word in _split(text) if word not in words)


def plain(name: str, words: Words) -> str:
    """A name without these words; itself if there is nothing else in it."""
    return without(name, words) or name


def pairs(
    left: Sequence[Workload],
    right: Sequence[Workload],
    words: tuple[Words, Words],
    *,
    mapped: Sequence[tuple[Workload, Workload]] = (),
    by_namespace: bool = False,
) -> list[Pair]:
    """Each workload once, by name: those ``mapped``, of one name, of one name but for the words.

    With ``by_namespace`` several namespaces are compared, which have to fit as well.
    """

    def space(one: Workload, own: Words) -> str:
        return without(one.namespace, own) if by_namespace else ""

    keys: Sequence[Callable[[Workload, Words], Hashable]] = (
        lambda one, own: (space(one, own), one.name, one.type),
        lambda one, own: (space(one, own), one.name),
        lambda one, own: (space(one, own), plain(one.name, own), one.type),
        lambda one, own: (space(one, own), plain(one.name, own)),
    )
    found, lefts, rights = matched(left, right, words, keys, mapped)
    rest = [Pair(one, None) for one in lefts] + [Pair(None, one) for one in rights]
    return sorted([*(Pair(*both) for both in found), *rest], key=_order)


def _order(pair: Pair) -> tuple[bool, bool, str]:
    """Those on both sides first, then those on the left only."""
    return (pair.left is None, pair.right is None, pair.name)


def matched(
    left: Sequence[T],
    right: Sequence[T],
    words: tuple[Words, Words],
    keys: Sequence[Callable[[T, Words], Hashable]],
    mapped: Sequence[tuple[T, T]] = (),
) -> tuple[list[tuple[T, T]], list[T], list[T]]:
    """Those that have a key that nothing else has on either side, key by key, and the rest."""
    found = list(mapped)
    lefts = [one for one in left if all(one is not known for known, _ in found)]
    rights = [one for one in right if all(one is not known for _, known in found)]
    for key in keys:
        groups: dict[Hashable, tuple[list[T], list[T]]] = defaultdict(lambda: ([], []))
        for side, (items, own) in enumerate(zip((lefts, rights), words, strict=True)):
            for one in items:
                groups[key(one, own)][side].append(one)
        new = [(a[0], b[0]) for a, b in groups.values() if len(a) == len(b) == 1]
        taken = {id(one) for both in new for one in both}
        lefts, rights = ([one for one in x if id(one) not in taken] for x in (lefts, rights))
        found += new
    return found, lefts, rights
