"""What is asked for: a NAME as typed, a query, and what was found."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from msgspec import Struct

from dashborion.models.kinds import INSTANCE_WORDS, KIND_OF, KIND_WORDS, WorkloadType

T = TypeVar("T")


class Found(Struct, Generic[T], frozen=True, gc=False):
    """A normalised object and, only when it was asked for, the API's own JSON for it."""

    item: T
    raw: dict[str, Any] | None = None


class Name(Struct, frozen=True):
    """A NAME as typed: ``[namespace/][kind/]name``."""

    name: str
    type: WorkloadType | None = None
    namespace: str | None = None

    @classmethod
    def parse(cls, text: str) -> Name:
        """Read a NAME; the part before the last is a kind where it is a known kind word."""
        *before, name = text.split("/")
        kind = KIND_WORDS.get(before[-1].lower()) if before else None
        if kind is not None:
            before.pop()
        return cls(name=name, type=kind, namespace="/".join(before) or None)

    @classmethod
    def parse_instance(cls, text: str) -> Name:
        """Read an instance's ID: ``[namespace/][pod/|task/]id``."""
        *before, name = text.split("/")
        if before and before[-1].lower() in INSTANCE_WORDS:
            before.pop()
        return cls(name=name, namespace="/".join(before) or None)

    def __str__(self) -> str:
        kind = KIND_OF[self.type] if self.type else None
        return "/".join(part for part in (self.namespace, kind, self.name) if part)


class Query(Struct, frozen=True, kw_only=True):
    """Which objects of one environment are wanted; None does not restrict.

    ``namespace`` None is the environment's own, unless ``all_namespaces``.
    ``selector`` is ``key=value[,…]`` on labels or tags. ``workload`` keeps
    that workload's instances. ``stopped`` asks for finished instances too.
    ``endpoints`` asks for the ways in, which take calls of their own. ``raw`` asks
    for the API's own objects beside the models. ``within`` names what has the
    objects as its parts, such as a task definition's family, ``limit`` keeps the
    newest of them.
    """

    namespace: str | None = None
    all_namespaces: bool = False
    selector: str | None = None
    types: frozenset[WorkloadType] | None = None
    workload: Name | None = None
    stopped: bool = False
    endpoints: bool = True
    raw: bool = False
    within: str | None = None
    limit: int | None = None
