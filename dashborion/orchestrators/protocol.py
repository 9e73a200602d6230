"""What every orchestrator can do, and what a command lends to it.

An adapter is made of parts, each of which fills one role: ``inventory``, ``changes``, ``logs``,
``exec`` and so on, and ``ecs`` or ``kubernetes`` for what others do not have. A new role is one
protocol here, one attribute of ``Orchestrator`` and one file in each adapter.
"""

from __future__ import annotations

import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar

from msgspec import Struct, field

from dashborion.concurrency import Deadline
from dashborion.config.places import Place
from dashborion.config.targets import Environment
from dashborion.errors import DashborionError, Refusal
from dashborion.models.base import Model
from dashborion.models.cause import Cause, NotChecked
from dashborion.models.environment import Check
from dashborion.models.event import Event
from dashborion.models.exec_check import Requirement
from dashborion.models.health import FailedRun
from dashborion.models.instance import Instance, InstanceDetail
from dashborion.models.kinds import WorkloadType
from dashborion.models.query import Found, Name, Query
from dashborion.models.rollout import Revision, Rollout, RolloutState
from dashborion.models.usage import MachineUsage
from dashborion.models.workload import Autoscaling, Workload, WorkloadDetail
from dashborion.orchestrators.event_feeds import Feed
from dashborion.orchestrators.logs import Reader, Selection, Wanted
from dashborion.orchestrators.samples import Sample
from dashborion.terminal import Terminal

if TYPE_CHECKING:
    from dashborion.models.definition import Comparison, Defined
    from dashborion.models.timeline import Entry, EntryKind

T_co = TypeVar("T_co", covariant=True)

# --- What a command lends -----------------------------------------------------------------------


class Call(Struct, frozen=True):
    """One attempt at one API operation, as ``-v`` shows it: no query, no header, no body."""

    operation: str
    outcome: str
    seconds: float


class Runtime(Struct, frozen=True):
    """What a command lends to the adapters it connects.

    ``warn`` takes why decoration is missing from an otherwise good answer (an endpoint,
    an autoscaler, tags); ``incomplete`` why rows or log lines may be missing, which the
    exit code tells, too. They and ``trace`` are called from several threads.
    """

    deadline: Deadline
    warn: Callable[[DashborionError], None] = lambda _: None
    incomplete: Callable[[DashborionError], None] = lambda _: None
    trace: Callable[[Call], None] = lambda _: None
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


# --- The roles ----------------------------------------------------------------------------------


class Orchestrator(Protocol):
    """One environment, reachable through one adapter.

    Every method of every role may raise ``AccessError`` and ``Unavailable``; all but
    ``check`` raise ``NotFound`` for a namespace or name that does not exist.
    """

    @property
    def environment(self) -> Environment: ...
    @property
    def inventory(self) -> Inventory: ...
    @property
    def causes(self) -> Causes: ...
    @property
    def definitions(self) -> Definitions: ...
    @property
    def changes(self) -> Changes: ...
    @property
    def logs(self) -> Logs: ...
    @property
    def events(self) -> Events: ...
    @property
    def timeline(self) -> Timeline: ...
    @property
    def exec(self) -> Exec: ...
    @property
    def usage(self) -> Usage: ...
    @property
    def forward(self) -> Forward: ...
    @property
    def ecs(self) -> EcsNative | None: ...
    @property
    def kubernetes(self) -> Native | None: ...

    def check(self) -> Check:
        """Whether the API answers, as whom, and what the credentials may do."""
        ...


class Inventory(Protocol):
    """Which workloads and instances there are."""

    def workloads(self, query: Query) -> list[Examined[Workload]]:
        """The workloads in a namespace or in all, unordered, without a call for a single one.

        Their causes are what the parts that were asked for tell. What may not be read of these
        is told, never raised.
        """
        ...

    def workload(self, name: Name, query: Query) -> Examined[WorkloadDetail]:
        """The one workload of that name; ``Ambiguous`` when there are several."""
        ...

    def instances(self, query: Query) -> list[Found[Instance]]:
        """The instances in a namespace or in all, or of one workload, unordered."""
        ...

    def instance_pages(self, query: Query) -> Iterator[list[Found[Instance]]]:
        """The same page by page as they come, by namespace and name where the API sorts them."""
        ...

    def instance(self, name: Name, query: Query) -> Found[InstanceDetail]:
        """The one instance of that id, name or unique prefix; else ``Ambiguous``."""
        ...


class Causes(Protocol):
    """Why workloads and instances are not well. What may not be read is told, never raised.

    What is over is left out when it was seen longer ago than ``since``.
    """

    def overview(self, query: Query) -> Overview:
        """All workloads, as ``Inventory`` has them, and what has failed beside them."""
        ...

    def workload(self, name: Name, query: Query, since: timedelta) -> Examined[Workload]:
        """The one workload of that name, by all facts; raises as ``Inventory.workload``."""
        ...

    def instance(self, name: Name, query: Query, since: timedelta) -> Examined[Instance]:
        """The one instance of that id, name or unique prefix."""
        ...


LastLines = Callable[[str, str | None, int], list[str]]
"""The last lines, so many, of an instance's container."""


class Examined(Found[T_co], Generic[T_co], frozen=True, kw_only=True, gc=True):
    """What was found of one workload or instance, and what could not be looked at.

    Attributes:
        causes: the worst first.
        failed: instances and containers whose last log lines belong to a cause, the newest first.
        last_lines: the last lines that a container wrote in the newest run that failed.
        checked: what was looked at, in words.
        not_checked: what was not; without ``instances``, nobody can say that it is well.
        promising: how many instances are ready or have just begun; 0 if none has just begun.
    """

    causes: Sequence[Cause] = ()
    failed: Sequence[tuple[str, str | None]] = ()
    last_lines: LastLines = lambda *_: []
    checked: Sequence[str] = ()
    not_checked: Sequence[NotChecked] = ()
    promising: int = 0


class Overview(Struct, frozen=True):
    """All workloads of an environment, and the Jobs and tasks of no service that failed.

    ``not_checked`` says which of these could not be asked for.
    """

    workloads: Sequence[Examined[Workload]]
    failed: Sequence[FailedRun]
    not_checked: Sequence[NotChecked] = ()


class Definitions(Protocol):
    """What workloads are made of, to be compared and to be taken elsewhere."""

    def listed(self, query: Query) -> Listing:
        """The workloads in a namespace or in all, none of which is looked into yet.

        ``query.parts`` says what will be compared, as far as it takes additional calls.
        """
        ...

    def revisions(
        self, name: Name, query: Query, between: tuple[str, str] | None
    ) -> Found[Comparison]:
        """How two revisions of a workload differ, or the newest two.

        Raises:
            NotFound: there is no such revision, or only one.
        """
        ...

    def running(self, name: Name, query: Query) -> Running:
        """What the instances of the one workload of that name run."""
        ...

    def tags_of(self, repository: str, digest: str) -> list[str] | None:
        """The tags of an image in its registry; None if nobody can tell from here.

        Raises:
            Refusal: the registry has no such image.
        """
        ...


class Listing(Protocol):
    """The workloads of one environment."""

    @property
    def workloads(self) -> Sequence[Found[Workload]]: ...

    def define(self, chosen: Sequence[Workload]) -> list[Defined]:
        """These of them with their definitions; what cannot be had is left out and told."""
        ...


class RunningContainer(Struct, frozen=True):
    """A container: its image as it is defined, and the digests that its instances run.

    None among the digests is one that is not certain.
    """

    name: str
    image: str
    digests: Sequence[str | None]
    init: bool = False


class Running(Struct, frozen=True):
    """What a workload runs; ``architectures`` it may run on, None if nobody can tell."""

    environment: Environment
    workload: Workload
    containers: Sequence[RunningContainer]
    architectures: frozenset[str] | None


class Changes(Protocol):
    """Changing workloads and instances. Each change is sent once.

    Raises:
        Conflict: the object is not what it was when it was looked up.
        MaybeApplied: the change was sent and its answer is lost.
    """

    def workload(self, name: Name, query: Query) -> WorkloadToChange:
        """The one workload of that name, with what a change has to know of it."""
        ...

    def place(self, instance: Found[Any]) -> Place:
        """Where an instance is, whatever its environment is called."""
        ...

    def require_place_for(self, reason: str) -> None:
        """Check that the reason for stopping an instance can be kept; else ``UsageError``."""
        ...

    def stop(self, instance: Found[InstanceDetail], reason: str | None) -> None:
        """Stop one instance, and no other of the same name."""
        ...


class Logs(Protocol):
    """What containers write."""

    def of_workload(self, name: Name, query: Query, wanted: Wanted) -> Reader:
        """The logs of the one workload of that name."""
        ...

    def of_workloads(self, patterns: Sequence[Name], query: Query, wanted: Wanted) -> Selection:
        """The logs of all workloads that fit a pattern, if there are any, and the query.

        Those that are made while they are followed are among them.
        """
        ...

    def of_instance(self, name: Name, query: Query, wanted: Wanted) -> Reader:
        """The logs of the one instance of that id, name or unique prefix."""
        ...


class Events(Protocol):
    """What happened to workloads and their instances."""

    def feed(self, query: Query) -> Feed:
        """The events of all workloads in a namespace or in all, and those to come."""
        ...


class Looked(Struct, frozen=True):
    """What a timeline is about: from ``since`` to ``until``, of these ``kinds`` or of all.

    ``who``: and who did it, where that takes additional calls.
    """

    since: datetime
    until: datetime | None = None
    kinds: frozenset[EntryKind] | None = None
    who: bool = False

    def wants(self, *kinds: EntryKind) -> bool:
        """Whether entries of one of these kinds are asked for."""
        return self.kinds is None or not self.kinds.isdisjoint(kinds)


class Past(Struct, frozen=True):
    """What happened, those of one workload in their order; ``reach`` says how far back that is."""

    entries: Sequence[Entry]
    reach: str


class Timeline(Protocol):
    """What changed, and what went wrong."""

    def listed(self, query: Query) -> Lookback:
        """The workloads in a namespace or in all, none of which is looked into yet."""
        ...


class Lookback(Protocol):
    """The workloads of one environment."""

    @property
    def workloads(self) -> Sequence[Found[Workload]]: ...

    def past(self, chosen: Sequence[Workload], looked: Looked) -> Past:
        """What happened to these of them, and around them; what cannot be had is told."""
        ...


class Exec(Protocol):
    """Commands in containers."""

    def choose_container(
        self, instance: Found[InstanceDetail], wanted: str | None, note: Callable[[str], None]
    ) -> str:
        """The container in which a command can run; the choice, if there was one, is noted.

        Raises:
            NotFound: no container of that name.
            UsageError: there are several, and none stands out.
            Refusal: none can run there; with what is missing, and how to get it.
        """
        ...

    def run(
        self,
        instance: Found[InstanceDetail],
        container: str,
        command: Sequence[str],
        terminal: Terminal,
        *,
        note: Callable[[str], None],
    ) -> int:
        """Run a command in a container, on this process' streams; gives the exit code."""
        ...

    def check(
        self, instance: Found[InstanceDetail], container: str | None, *, tries: bool
    ) -> list[Requirement]:
        """What a command there needs; it ``tries`` a shell only if it may run something."""
        ...


class Forward(Protocol):
    """Connections to the ports of instances."""

    def require(self, namespace: str) -> None:
        """Check what forwarding needs, before anything is listened to.

        Raises:
            Forbidden, Refusal: with what is missing, and how to get it.
        """
        ...

    def behind(self, service: Name, query: Query) -> Query:
        """What asks for the instances behind a Service; ``WrongOrchestrator`` where none are."""
        ...

    def is_ready(self, instance: Found[Instance]) -> bool:
        """Whether it takes connections, as it was found; ``Refusal`` if waiting will not help."""
        ...

    def is_still_ready(self, instance: Found[Instance]) -> bool:
        """Whether it is there and takes connections now."""
        ...

    def port(self, instance: Found[Instance], word: str, service: Name | None) -> int:
        """The number of an instance's port, from a number or a name there or in the ``service``.

        Raises:
            NotFound: with the names there are.
            UsageError: it is a port of UDP.
        """
        ...

    def prepare(self, instance: Found[Instance], port: int) -> None:
        """Start what all connections to an instance's port share; what fails is raised here."""
        ...

    def connect(self, instance: Found[Instance], port: int) -> Remote:
        """A connection to an instance's port; raises ``NothingListens``, for one."""
        ...

    def close(self) -> None:
        """End what serves connections."""
        ...


class NothingListens(Refusal):
    """There is no connection to an instance's port, so nothing of it has been delivered."""


class Remote(Protocol):
    """A connection to an instance's port. Nothing but ``close`` waits for the other side.

    Raises:
        NothingListens: there has never been a connection.
        Unreachable: it broke.
    """

    @property
    def unsent(self) -> int:
        """How many bytes wait for ``flush``."""
        ...

    @property
    def has_arrived(self) -> bool:
        """Whether there is something to ``receive`` that ``select`` cannot tell of."""
        ...

    def fileno(self) -> int: ...

    def send(self, data: bytes) -> None:
        """Take bytes, for ``flush`` to send."""
        ...

    def flush(self) -> None: ...

    def receive(self) -> bytes | None:
        """What has arrived, b"" for nothing yet, None at the end."""
        ...

    def ping(self) -> None:
        """Send something that nobody gets, so that the connection is not silent."""
        ...

    def close(self) -> None: ...


IsMeant = Callable[[str, WorkloadType | None, str], bool]
"""Whether a workload of that name, type and namespace is asked about."""


class Usage(Protocol):
    """What is used of what was asked for, measured over ``window`` where one can be chosen.

    All methods raise ``NoMetrics`` where nobody measures anything.
    """

    def workloads(
        self, query: Query, window: timedelta, is_meant: IsMeant, *, each: bool
    ) -> list[Sample]:
        """What workloads that run use; ``each`` of their instances, which may be charged for."""
        ...

    def instances(self, query: Query, window: timedelta) -> list[Sample]:
        """What instances use, those of no workload included, and their containers."""
        ...

    def machines(self, query: Query, window: timedelta) -> list[MachineUsage]:
        """What the machines of the cluster use."""
        ...


class Native(Protocol):
    """Kinds that one orchestrator alone has, by the word that commands use for the kind."""

    def listed(self, kind: str, query: Query) -> list[Found[Model]]:
        """The objects of a kind, in the order in which they are shown."""
        ...

    def described(self, kind: str, name: str, query: Query) -> Found[Model]:
        """The one object of that name, else ``NotFound`` or ``Ambiguous``."""
        ...


class EcsNative(Native, Protocol):
    """ECS' own kinds."""

    def difference(self, first: str, second: str | None, *, values: bool) -> Found[Comparison]:
        """What changed between two revisions of task definitions; ``values`` shows secrets.

        ``first`` alone is a family, of which the newest two are compared, or a
        revision, which is compared with the newest.

        Raises:
            NotFound: no such family or revision, or only one.
        """
        ...


# --- A change, from the look before it to the end of its rollout --------------------------------

Images = Sequence[tuple[str | None, str]]
"""Containers and the images they shall have; None is a workload's only container."""


@dataclass(frozen=True, kw_only=True)
class WorkloadToChange(ABC):
    """One workload as it was looked up, what a change has to know of it, and the changes.

    Every change raises ``Conflict`` where what it is about is not as it was looked up any
    more: what was shown, and perhaps approved minutes ago, would not be what happens.

    ``place`` is where it is, whatever its environment is called. ``newest`` is what a restart
    replaces: the revision, or on ECS, where a restart makes none, the deployment's id.
    ``warning`` says why new instances will not come by themselves.
    """

    environment: Environment
    place: Place
    workload: Workload
    autoscaling: Autoscaling | None
    newest: str | None
    not_changeable_because: str | None = None
    not_scalable_because: str | None = None
    not_restartable_because: str | None = None  # nor rolled back
    warning: str | None = None

    @property
    def name(self) -> Name:
        """The name that no other workload of the environment has."""
        return Name(self.workload.name, self.workload.type, self.workload.namespace)

    def rollout(self) -> Rollout:
        """How far the current rollout is, with all that the API says of it."""
        return self.workload.rollout

    def volumes_lost(self, replicas: int) -> list[str]:  # noqa: ARG002 - of most kinds none are
        """The claims that are deleted, with their data, if it has no more than these replicas."""
        return []

    def require_place_for(self, reason: str, action: str) -> None:  # noqa: B027 - most have one
        """Check that the reason for an action can be kept; else ``UsageError``."""

    @abstractmethod
    def scale(self, replicas: int) -> FollowedRollout:
        """Set the replicas."""

    @abstractmethod
    def restart(self, *, now: datetime, reason: str | None) -> FollowedRollout:
        """Replace all instances by new ones of the same definition."""

    @abstractmethod
    def history(self) -> History:
        """The revisions of its definition that can be gone back to."""

    @abstractmethod
    def plan_images(self, images: Images, reason: str | None) -> PlannedChange:
        """What new images would change, and why.

        Raises:
            UsageError: no container was named, and there are several.
            Refusal: a new definition would lose something.
        """

    @abstractmethod
    def plan_revision(self, revision: str | None, reason: str | None) -> PlannedChange:
        """What going back to a revision would change; None is the one that ran before.

        Raises:
            NotFound: there is no such revision.
            Refusal: there is none to go back to, or it is what runs now.
        """

    @abstractmethod
    def current_rollout(self) -> FollowedRollout:
        """The rollout that is under way now."""

    def set_by(self, replicas: int) -> str:
        """Who has set the replicas to something else: no API says, but it can be told."""
        owner = self.autoscaling
        if owner is None or owner.suspended:
            return f"somebody set the replicas to {replicas}"
        if not owner.min <= replicas <= owner.max and not owner.contradicts:
            return f"somebody set the replicas to {replicas}"
        return f"the replicas are {replicas} now: most likely {owner.bounds}"


class History(Struct, frozen=True):
    """A workload's revisions, oldest first; ``doubt`` says why they may not be what ran here."""

    revisions: list[Revision]
    doubt: str | None = None


class PlannedChange(Struct, frozen=True):
    """A change of a workload's definition, worked out and not yet sent.

    ``before`` and ``after`` are what it is about, images or revisions;
    ``difference`` has a line for each field that changes, and none when nothing
    does; ``notes`` say what else is worth knowing, ``revisions`` what is known of both.
    """

    before: str
    after: str
    difference: tuple[str, ...]
    send: Callable[[], FollowedRollout]
    notes: tuple[str, ...] = ()
    revisions: tuple[Revision, Revision] | None = None


class FollowedRollout(Protocol):
    """The rollout that a change began, or that was under way already."""

    @property
    def newest(self) -> str | None:
        """What took the place of the workload's ``newest``; None until the API says it."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What else the change did."""
        ...

    def look(self) -> RolloutProgress:
        """How far the rollout has come."""
        ...

    def explain(self, *, given_up: bool = False) -> Explanation:
        """Why it is not done, as far as its own instances and events since its beginning tell.

        When the wait was ``given_up``, what is young and may still pass is wrong, too.
        """
        ...

    def last_log_lines(self, instance: str, lines: int) -> list[str]:
        """The last log lines of an instance, of its previous run if it is between two."""
        ...


class Explanation(Struct, frozen=True):
    """What speaks for why a rollout is not done: the worst causes first, the newest events last."""

    events: Sequence[Event] = ()
    causes: Sequence[Cause] = ()


TroubleKind = Literal["crash", "pull", "placement"]
"""Which limit of a wait bounds a trouble: what ends, what lacks its image or its files, and
what finds no place or cannot be made at all."""


class Trouble(Struct, frozen=True):
    """What is wrong with one instance, or with making any, ``count`` times so far."""

    kind: TroubleKind
    instance: str
    reason: str
    message: str | None
    count: int = 1


class Verdict(Struct, frozen=True):
    """A rollout is done, ended badly (``ended`` names how), or is still under way."""

    message: str
    done: bool = False
    ended: Literal["rollout-failed", "rolled-back", "superseded", "deleted", "paused"] | None = None

    def of(self, rollout: Rollout) -> Rollout:
        """A rollout as it is told by itself, without the workload's replicas beside it.

        What a wait goes on waiting for is then not complete, as for ``kubectl rollout status``.
        """
        if rollout.state is not RolloutState.COMPLETE or self.done or self.ended:
            return rollout
        return Rollout(
            state=RolloutState.PROGRESSING, revision=rollout.revision, message=self.message
        )


class RolloutProgress(Verdict, frozen=True, kw_only=True):
    """What one look at a rollout has seen."""

    rollout: Rollout
    troubles: tuple[Trouble, ...] = ()
