"""What every orchestrator can do, and what a command lends to it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Protocol

from msgspec import Struct, field

from dashborion.concurrency import Deadline
from dashborion.config.targets import Environment
from dashborion.errors import DashborionError
from dashborion.models.environment import Check
from dashborion.models.instance import Instance, InstanceDetail
from dashborion.models.query import Found, Name, Query
from dashborion.models.rollout import Revision, Rollout
from dashborion.models.workload import Autoscaling, Workload, WorkloadDetail
from dashborion.orchestrators.logs import Reader, Wanted
from dashborion.terminal import Terminal


class Call(Struct, frozen=True):
    """One attempt at one API operation, as ``-v`` shows it: no query, no header, no body."""

    operation: str
    outcome: str
    seconds: float


class Runtime(Struct, frozen=True):
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


class Subject(Struct, frozen=True):
    """One workload that is about to be changed or waited for.

    ``refusal`` says why no change may be made to it, ``fixed`` why its replicas
    may not, ``held`` why it may not be restarted or rolled back, ``caution`` why new
    instances will not come by themselves. ``newest`` is what a restart replaces: the
    revision, or on ECS, where a restart makes none, the deployment's id. ``handle``
    is the adapter's own.
    """

    workload: Workload
    autoscaling: Autoscaling | None
    refusal: str | None
    fixed: str | None
    held: str | None
    caution: str | None
    handle: Any
    newest: str | None = None

    def set_by(self, replicas: int) -> str:
        """Who has set the replicas to something else: no API says, but it can be told."""
        owner = self.autoscaling
        if owner is None or owner.suspended or not owner.min <= replicas <= owner.max:
            return f"somebody set the replicas to {replicas}"
        bounds = f"keeps them between {owner.min} and {owner.max}"
        return f"the replicas are {replicas} now: most likely {owner.source}, which {bounds}"


class Followed(Struct, frozen=True):
    """What a wait follows: a change's own mark, and the instances there were before it.

    ``before`` None means that instances are told apart by their revision. ``newest``
    is what there is in place of the subject's, None as long as the API does not say.
    ``notes`` say what else the change did.
    """

    mark: Any
    before: frozenset[str] | None = None
    newest: str | None = None
    notes: tuple[str, ...] = ()


class Planned(Struct, frozen=True):
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


class History(Struct, frozen=True):
    """A workload's revisions, oldest first; ``doubt`` says why they may not be what ran here."""

    revisions: list[Revision]
    doubt: str | None = None


class Trouble(Struct, frozen=True):
    """What is wrong with one instance, ``count`` times so far."""

    kind: Literal["crash", "pull", "placement"]
    instance: str
    reason: str
    message: str | None
    count: int = 1


class Look(Struct, frozen=True):
    """One look at a rollout: done, ended badly (``ended`` names how), or still under way."""

    rollout: Rollout
    message: str
    done: bool = False
    ended: Literal["rollout-failed", "rolled-back", "superseded", "deleted", "paused"] | None = None
    troubles: tuple[Trouble, ...] = ()


class Native(Protocol):
    """What only one orchestrator has, by the word that commands use for the kind."""

    def listed(self, kind: str, query: Query) -> list[Found[Any]]:
        """The objects of a kind, in the order in which they are shown."""
        ...

    def described(self, kind: str, name: str, query: Query) -> Found[Any]:
        """The one object of that name, else ``NotFound`` or ``Ambiguous``."""
        ...


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

    def flow(self, query: Query) -> Iterator[list[Found[Instance]]]:
        """The same in parts, as they come; in order of namespace and name where the API says so."""
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

    def logs(self, name: Name, query: Query, wanted: Wanted) -> Reader:
        """The logs of the one workload of that name."""
        ...

    def instance_logs(self, name: Name, query: Query, wanted: Wanted) -> Reader:
        """The logs of the one instance of that id, name or unique prefix."""
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

    @property
    def native(self) -> Native:
        """What this kind of orchestrator has and others do not."""
        ...
