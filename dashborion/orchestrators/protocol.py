"""What every orchestrator can do, and what a command lends to it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from dashborion.concurrency import Deadline
from dashborion.config import Environment
from dashborion.errors import DashborionError
from dashborion.models import (
    Autoscaling,
    Check,
    Found,
    Instance,
    InstanceDetail,
    Name,
    Query,
    Revision,
    Rollout,
    Workload,
    WorkloadDetail,
)
from dashborion.terminal import Terminal


@dataclass(frozen=True)
class Call:
    """One attempt at one API operation, as ``-v`` shows it: no query, no header, no body."""

    operation: str
    outcome: str
    seconds: float


@dataclass(frozen=True)
class Runtime:
    """What a command lends to the adapters it connects.

    ``warn`` takes what is missing from an otherwise good answer; it and
    ``trace`` are called from several threads.
    """

    deadline: Deadline
    warn: Callable[[DashborionError], None] = lambda _: None
    trace: Callable[[Call], None] = lambda _: None
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    sleep: Callable[[float], None] = time.sleep


Images = Sequence[tuple[str | None, str]]
"""Containers and the images they shall have."""


@dataclass(frozen=True)
class Subject:
    """One workload that is about to be changed or waited for.

    ``refusal`` says why no change may be made to it, ``fixed`` why its replicas
    may not, ``held`` why it may not be restarted or rolled back, ``caution`` why new
    instances will not come by themselves. ``handle`` is the adapter's own.
    """

    workload: Workload
    autoscaling: Autoscaling | None
    refusal: str | None
    fixed: str | None
    held: str | None
    caution: str | None
    handle: Any


@dataclass(frozen=True)
class Followed:
    """What a wait follows: a change's own mark, and the instances there were before it.

    ``before`` None means that instances are told apart by their revision.
    ``notes`` say what else the change did.
    """

    mark: Any
    before: frozenset[str] | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Planned:
    """A change of a workload's definition, worked out and not yet sent.

    ``before`` and ``after`` are what it is about, images or revisions;
    ``difference`` has a line for each field that changes, and none when nothing
    does; ``notes`` say what else is worth knowing. ``handle`` is the adapter's own.
    """

    before: str
    after: str
    difference: tuple[str, ...]
    handle: Any
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class History:
    """A workload's revisions, oldest first; ``doubt`` says why they may not be what ran here."""

    revisions: list[Revision]
    doubt: str | None = None


@dataclass(frozen=True)
class Trouble:
    """What is wrong with one instance, ``count`` times so far."""

    kind: Literal["crash", "pull", "placement"]
    instance: str
    reason: str
    message: str | None
    count: int = 1


@dataclass(frozen=True)
class Look:
    """One look at a rollout: done, ended badly (``ended`` names how), or still under way."""

    rollout: Rollout
    message: str
    done: bool = False
    ended: Literal["rollout-failed", "rolled-back", "superseded", "deleted", "paused"] | None = None
    troubles: tuple[Trouble, ...] = ()


class Orchestrator(Protocol):
    """One environment, reachable through one adapter.

    Every method may raise ``AccessError`` and ``Unavailable``; all but
    ``check`` raise ``NotFound`` for a namespace or name that does not exist.
    """

    @property
    def environment(self) -> Environment:
        """The one that it reaches."""
        ...

    def workloads(self, query: Query) -> list[Found[Workload]]:
        """The workloads in a namespace or in all, unordered."""
        ...

    def workload(self, name: Name, query: Query) -> Found[WorkloadDetail]:
        """The one workload of that name; ``Ambiguous`` when there are several."""
        ...

    def instances(self, query: Query) -> list[Found[Instance]]:
        """The instances in a namespace or in all, or of one workload, unordered."""
        ...

    def instance(self, name: Name, query: Query) -> Found[InstanceDetail]:
        """The one instance of that id, name or unique prefix; else ``Ambiguous``."""
        ...

    def subject(self, name: Name, query: Query) -> Subject:
        """The one workload of that name, with what a change has to know of it."""
        ...

    def scale(self, subject: Subject, replicas: int, *, current: int | None) -> Followed:
        """Set the replicas, once; ``Conflict`` when they are not ``current``.

        Raises:
            MaybeApplied: the change was sent and its answer is lost.
        """
        ...

    def restart(self, subject: Subject, *, now: datetime) -> Followed:
        """Replace all instances by new ones of the same definition; raises as ``scale``."""
        ...

    def history(self, subject: Subject) -> History:
        """The revisions of a workload's definition that can be gone back to."""
        ...

    def with_images(self, subject: Subject, images: Images) -> Planned:
        """What new images would change; None names a workload's only container.

        Raises:
            UsageError: no container was named, and there are several.
            Refusal: a new definition would lose something.
        """
        ...

    def with_revision(self, subject: Subject, revision: str | None) -> Planned:
        """What going back to a revision would change; None is the one that ran before.

        Raises:
            NotFound: there is no such revision.
            Refusal: there is none to go back to, or it is what runs now.
        """
        ...

    def redefine(self, subject: Subject, planned: Planned) -> Followed:
        """Send what was planned; raises as ``scale``."""
        ...

    def following(self, subject: Subject) -> Followed:
        """The rollout that is under way now, to be followed."""
        ...

    def look(self, subject: Subject, followed: Followed) -> Look:
        """How far the rollout has come."""
        ...

    def last_words(self, subject: Subject, instance: str, lines: int) -> list[str]:
        """The last log lines of an instance, of its previous run if it is between two."""
        ...

    def stop(self, found: Found[InstanceDetail]) -> None:
        """Stop one instance, and no other of the same name; raises as ``scale``."""
        ...

    def container(
        self, found: Found[InstanceDetail], wanted: str | None, note: Callable[[str], None]
    ) -> str:
        """The container in which a command can run; the choice, if there was one, is noted.

        Raises:
            NotFound: no container of that name.
            UsageError: there are several, and none stands out.
            Refusal: none can run there; with what is missing, and how to get it.
        """
        ...

    def execute(
        self,
        found: Found[InstanceDetail],
        container: str,
        command: Sequence[str],
        own: Terminal,
        *,
        note: Callable[[str], None],
    ) -> int:
        """Run a command in a container, on our own streams; the exit code."""
        ...

    def check(self) -> Check:
        """Whether the API answers, as whom, and what the credentials may do."""
        ...
