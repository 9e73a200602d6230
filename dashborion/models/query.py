"""Names as typed, queries, and their results."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from msgspec import Struct

from dashborion.models.kinds import INSTANCE_WORDS, KIND_OF, KIND_WORDS, WorkloadType

T = TypeVar("T")


class Found(Struct, Generic[T], frozen=True, gc=False):
    """An object that was found and, if the query asks for it, the API's own JSON of it."""

    item: T
    raw: dict[str, Any] | None = None


class Name(Struct, frozen=True):
    """A NAME as typed: ``[namespace/][kind/]name``."""

    name: str
    type: WorkloadType | None = None
    namespace: str | None = None

    @classmethod
    def parse(cls, text: str) -> Name:
        """Parse a NAME; the part before the last is a kind if it is a word for one."""
        *before, name = text.split("/")
        kind = KIND_WORDS.get(before[-1].lower()) if before else None
        if kind is not None:
            before.pop()
        return cls(name=name, type=kind, namespace="/".join(before) or None)

    @classmethod
    def parse_instance(cls, text: str) -> Name:
        """Parse an instance's ID: ``[namespace/][pod/|task/]id``."""
        *before, name = text.split("/")
        if before and before[-1].lower() in INSTANCE_WORDS:
            before.pop()
        return cls(name=name, namespace="/".join(before) or None)

    def __str__(self) -> str:
        kind = KIND_OF[self.type] if self.type else None
        return "/".join(part for part in (self.namespace, kind, self.name) if part)


class Query(Struct, frozen=True, kw_only=True):
    """Which objects of an environment to get; None does not restrict.

    Attributes:
        namespace: None is the environment's own, unless ``all_namespaces``.
        all_namespaces: objects of every namespace.
        selector: ``key=value[,…]`` on labels or tags.
        types: only workloads of these types.
        workload: only instances of this workload.
        stopped: finished instances, too.
        endpoints: get the endpoints of workloads, which takes additional calls.
        parts: of one workload get only these, as far as they take additional calls:
            ``events`` or ``autoscaling``; an adapter may get more.
        raw: get the API's own objects, too.
        within: the parent of the objects, such as the family of task definitions.
        limit: at most this many of them, the newest.
    """

    namespace: str | None = None
    all_namespaces: bool = False
    selector: str | None = None
    types: frozenset[WorkloadType] | None = None
    workload: Name | None = None
    stopped: bool = False
    endpoints: bool = True
    parts: frozenset[str] | None = None
    raw: bool = False
    within: str | None = None
    limit: int | None = None
