"""Names as typed, queries, and their results."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any, Generic, Literal, TypeVar

from msgspec import Struct

from dashborion.errors import UsageError, short
from dashborion.models.kinds import (
    INSTANCE_WORDS,
    KIND_OF,
    WorkloadType,
    command_for,
    is_meant,
    kind_word,
    workload_type,
)

T_co = TypeVar("T_co", covariant=True)

_ARN = "arn:"
Part = Literal[
    "endpoints", "definition", "health", "causes", "revisions", "evidence", "events", "autoscaling",
    "log", "digests",
]  # fmt: skip
"""Parts of a workload that take additional calls.

``definition`` is its images and requests, ``health`` how much of it is available, ``causes`` what
is wrong and how often its instances began again, ``revisions`` which one runs and since when.
``evidence`` is what else lists have that may be a cause or speak against one; ``log`` the last
line of what failed, ``digests`` which images its instances run.
"""
SINCE = timedelta(hours=1)


class Found(Struct, Generic[T_co], frozen=True, gc=False):
    """An object that was found and, if the query asks for it, the API's own JSON of it."""

    item: T_co
    raw: dict[str, Any] | None = None


class Name(Struct, frozen=True):
    """A NAME as typed: ``[namespace/][kind/]name``, or the ``arn`` of a service or task.

    ``environments`` are the labels of those that it can be in, None for all that were chosen.
    """

    name: str
    type: WorkloadType | None = None
    namespace: str | None = None
    arn: str | None = None
    environments: frozenset[str] | None = None

    @classmethod
    def parse(cls, text: str) -> Name:
        """Parse a NAME; the part before the last is a kind if it is a word for one.

        Raises:
            UsageError: a part is empty, or it is the word for another kind.
        """
        if text.startswith(_ARN):
            name = _last_part_of_arn(text, "service")
            return cls(name=name, type=WorkloadType.ECS_SERVICE, arn=text)
        *before, name = name_parts(text)
        kind = workload_type(before[-1]) if before else None
        if kind is not None:
            before.pop()
        elif before:
            if kind_word(before[-1]) in INSTANCE_WORDS:
                raise _other_kind(text, "workload", f"instances describe {name}")
            _refuse_other_kinds(text, before[-1], "workload", name)
        return cls(name=name, type=kind, namespace="/".join(before) or None)

    @classmethod
    def parse_instance(cls, text: str) -> Name:
        """Parse an instance's ID: ``[namespace/][pod/|task/]id``; raises as ``parse``."""
        if text.startswith(_ARN):
            return cls(name=_last_part_of_arn(text, "task"), arn=text)
        *before, name = name_parts(text)
        if before and kind_word(before[-1]) in INSTANCE_WORDS:
            before.pop()
        elif before:
            if workload_type(before[-1]):
                raise _other_kind(text, "instance", f"workloads describe {before[-1]}/{name}")
            _refuse_other_kinds(text, before[-1], "instance", name)
        return cls(name=name, namespace="/".join(before) or None)

    def is_in(self, label: str) -> bool:
        """Whether an environment, by its label, can have what is meant."""
        return self.environments is None or label in self.environments

    def is_of(self, arn: str) -> bool:
        """Whether the object with that ARN can be meant: anything, unless an ARN was typed.

        ARNs of the old format name no cluster.
        """
        if self.arn is None:
            return True
        typed, known = self.arn.split("/"), arn.split("/")
        return (typed[0], typed[-1]) == (known[0], known[-1]) and (
            2 in (len(typed), len(known)) or typed == known
        )

    def fits(self, name: str, type_: WorkloadType | None, namespace: str) -> bool:
        """Whether a workload is meant by this name, taken as a pattern with wildcards."""
        return (
            fnmatchcase(name, self.name)
            and is_meant(self.type, type_)
            and (self.namespace is None or fnmatchcase(namespace, self.namespace))
        )

    @property
    def is_pattern(self) -> bool:
        """Whether several workloads may be meant."""
        return has_wildcards(self.name) or has_wildcards(self.namespace or "")

    def is_elsewhere(self, cluster: str, region: str | None) -> bool:
        """Whether an ARN was typed that is not of this cluster."""
        if self.arn is None:
            return False
        prefix, *path = self.arn.split("/")
        other_region = region is not None and prefix.split(":")[3] != region
        return other_region or (len(path) > 1 and path[0] != cluster)

    def __str__(self) -> str:
        if self.arn:
            return self.arn
        kind = KIND_OF[self.type] if self.type else None
        return "/".join(part for part in (self.namespace, kind, self.name) if part)


def has_wildcards(text: str) -> bool:
    """Whether it is a pattern, which several names may fit."""
    return not frozenset("*?[").isdisjoint(text)


def is_one_name(typed: Sequence[str]) -> bool:
    """Whether one object is named, and no pattern is there that several may fit."""
    return len(typed) == 1 and not has_wildcards(typed[0])


def object_name(text: str, kind: str, noun: str) -> tuple[str | None, str]:
    """The namespace and the name in ``[namespace/][kind/]name`` of a kind of ``dashborion k8s``.

    ``kind`` is the word of its commands, ``noun`` that for one of them; raises as ``Name.parse``.
    """
    *before, name = name_parts(text)
    if before:
        word = kind_word(before[-1])
        command = command_for(word, name)
        if type_ := workload_type(word):
            is_service = type_ is WorkloadType.ECS_SERVICE
            command = (
                f"k8s services describe {name}" if is_service else f"workloads describe {text}"
            )
        elif word in INSTANCE_WORDS:
            command = f"instances describe {name}"
        if command == f"k8s {kind} describe {name}":
            before.pop()
        elif command:
            raise _other_kind(text, noun, command)
    return "/".join(before) or None, name


def name_parts(text: str) -> list[str]:
    """The parts of a name between slashes.

    Raises:
        UsageError: one is empty, as in ``$NAMESPACE/web`` without that variable.
    """
    parts = text.split("/")
    if not all(part.strip() for part in parts):
        raise UsageError(
            f"'{short(text)}' is not a name: a part of it is empty",
            hint="was a variable not set? use NAME, KIND/NAME or NAMESPACE/KIND/NAME",
        )
    return parts


def _last_part_of_arn(text: str, kind: str) -> str:
    """The name or id in ``arn:PARTITION:ecs:REGION:ACCOUNT:KIND/[CLUSTER/]NAME``.

    Raises:
        UsageError: it is not an ARN of that kind.
    """
    *place, resource = text.split(":", 5)
    word, *path = resource.split("/")
    if len(place) == 5 and place[2] == "ecs" and all(place) and path and all(path):
        if word == kind and len(path) <= 2:
            return path[-1]
        described = path[-1] if word in ("task-definition", "cluster") else text
        commands = {"service": f"workloads describe {text}", "task": f"instances describe {text}"}
        if command := commands.get(word) or command_for(word, described):
            raise _other_kind(text, kind, command)
    raise UsageError(
        f"'{short(text)}' is not the ARN of an ECS {kind}",
        hint=f"use arn:aws:ecs:REGION:ACCOUNT:{kind}/CLUSTER/NAME",
    )


def _refuse_other_kinds(text: str, word: str, expected: str, name: str) -> None:
    """Check the word before a name.

    Raises:
        UsageError: it is the word for a kind that has commands of its own.
    """
    if command := command_for(word, name):
        raise _other_kind(text, expected, command)
    if kind_word(word) in ("secret", "secrets"):
        raise UsageError(f"'{short(text)}' is not a {expected}: no command shows Secrets")


def _other_kind(text: str, expected: str, command: str) -> UsageError:
    article = "an" if expected[0] in "aeiou" else "a"
    return UsageError(
        f"'{short(text)}' is not {article} {expected}", hint=f"use `dashborion {short(command)}`"
    )


class Query(Struct, frozen=True, kw_only=True):
    """Which objects of an environment to get; None does not restrict.

    Attributes:
        namespace: None is the environment's own, unless ``all_namespaces``.
        all_namespaces: objects of every namespace.
        selector: ``key=value[,…]`` on labels or tags.
        types: only workloads of these types.
        workload: only instances of this workload.
        stopped: finished instances, too.
        parts: get only these parts of workloads, as far as they take additional calls; an
            adapter may get more.
        raw: get the API's own objects, too.
        within: the parent of the objects, such as the family of task definitions.
        limit: at most this many of them, the newest.
        since: causes that are over are left out when they were seen longer ago.
    """

    namespace: str | None = None
    all_namespaces: bool = False
    selector: str | None = None
    types: frozenset[WorkloadType] | None = None
    workload: Name | None = None
    stopped: bool = False
    parts: frozenset[Part] | None = None
    raw: bool = False
    within: str | None = None
    limit: int | None = None
    since: timedelta = SINCE

    def wants(self, *parts: Part) -> bool:
        """Whether any of these parts will be shown or filtered by."""
        return self.parts is None or not self.parts.isdisjoint(parts)
