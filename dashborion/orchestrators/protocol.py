"""What every orchestrator can do.

An adapter is made of parts, each of which fills one role: ``inventory``, ``changes``, ``logs``,
``exec`` and so on, and ``ecs`` or ``kubernetes`` for what others do not have. A new role is one
protocol here, one attribute of ``Orchestrator`` and one file in each adapter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from msgspec import Struct

from dashborion.models.kinds import WorkloadType
from dashborion.models.query import Found

if TYPE_CHECKING:
    from dashborion.config.places import Place
    from dashborion.config.targets import Environment
    from dashborion.errors import DashborionError
    from dashborion.models.base import Model
    from dashborion.models.cause import Cause, NotChecked
    from dashborion.models.definition import Comparison, Defined
    from dashborion.models.environment import Check, Right, Verb
    from dashborion.models.exec_check import Requirement
    from dashborion.models.health import FailedRun
    from dashborion.models.instance import Instance, InstanceDetail
    from dashborion.models.query import Name, Query
    from dashborion.models.timeline import Entry, EntryKind
    from dashborion.models.usage import MachineUsage
    from dashborion.models.workload import Workload, WorkloadDetail
    from dashborion.orchestrators.changing import WorkloadToChange
    from dashborion.orchestrators.event_feeds import Feed
    from dashborion.orchestrators.forwarding import Forward
    from dashborion.orchestrators.logs import Reader, Selection, Wanted
    from dashborion.orchestrators.parking import Scheduled
    from dashborion.orchestrators.samples import Sample
    from dashborion.terminal import Terminal

T_co = TypeVar("T_co", covariant=True)


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

    def watched(self, interval: float) -> Watched:
        """The same environment, to be looked at again and again, ``interval`` seconds apart."""
        ...

    def check(self) -> Check:
        """Whether the API answers, as whom, and what the credentials may do."""
        ...

    def rights(self, verb: Verb, query: Query) -> list[Right]:
        """Whether the credentials may do what a command does; ``UsageError`` if there is none."""
        ...


class Watched(Protocol):
    """One environment while it is watched: its ``orchestrator`` says what is there now.

    Between two looks ``wait`` is called, before each one ``renew``.
    """

    @property
    def orchestrator(self) -> Orchestrator: ...

    @property
    def notes(self) -> list[str]:
        """How it is kept up to date, and what of it is not; the first note is always there."""
        ...

    def renew(self) -> None:
        """Begin a look; raises why what it would say may be over."""
        ...

    def wait(self, pause: Callable[[float], None], error: DashborionError | None) -> None:
        """Wait the interval at least, until there may be something new to see.

        ``error`` is what the last look failed with. ``pause`` raises ``Ended`` in the end.
        """
        ...

    def end(self) -> None:
        """Nobody looks any more."""
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

    def scheduled(self, names: Sequence[Name], query: Query) -> Scheduled:
        """What starts instances at times, of one of these names if there are any."""
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
