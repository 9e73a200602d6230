"""A one-off command in a new instance of a workload: what is asked for, planned and seen."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import Struct

from dashborion.errors import NotFound
from dashborion.models.cause import Cause
from dashborion.orchestrators.logs import Reader
from dashborion.terminal import Terminal

LABEL = "dashborion.io/run-of"  # the workload, on Jobs and their pods
TAG = "dashborion:run-of"  # the same on tasks and on one-off task definitions
REASON = "dashborion.io/reason"
DEADLINE_GRACE = 60  # seconds after `--timeout` in which the client ends a run by itself


@dataclass(frozen=True, kw_only=True)
class RunWish:
    """What was typed; what is None or empty stays as the workload's definition has it.

    ``command`` replaces the arguments, and with ``entry_point`` that, too. ``beside`` are other
    containers that are to run as well, where they do not anyway. Amounts are the orchestrator's
    own. ``timeout_seconds`` bounds the run. ``interactive`` asks for ``stdin``, which may be empty,
    ``terminal`` when it gets one.
    """

    command: tuple[str, ...] = ()
    entry_point: bool = False
    container: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    image: str | None = None
    revision: str | None = None
    cpu: str | None = None
    memory: str | None = None
    beside: tuple[str, ...] = ()
    timeout_seconds: float = 3600.0
    reason: str | None = None
    on_demand: bool = False
    interactive: bool = False
    stdin: bool = False
    terminal: bool = False


@dataclass(frozen=True, kw_only=True)
class PlannedRun:
    """A run, worked out and not yet sent.

    ``role`` is as whom it runs, ``public_ip`` whether it gets an address of the internet, None
    where nobody can tell. ``before`` are the init containers, ``beside`` what else runs in the
    instance, each with what is to be known of it, ``active`` other runs of the workload.
    """

    container: str
    image: str
    revision: str | None
    role: str | None
    start: Callable[[], StartedRun]
    public_ip: bool | None = None
    before: tuple[str, ...] = ()
    beside: Mapping[str, str] = field(default_factory=dict)
    active: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class RunSeen(Struct, frozen=True, kw_only=True):
    """What one look at a run has seen.

    Attributes:
        instance: the pod's name or the task's id, once there is one.
        started: the command's container has begun, as far as anybody knows.
        waits_for: why it has not, in words.
        hopeless: that does not pass by itself.
        is_over: the command has ended, or never will run.
        exit_code: the command's; None where something else ended it, which ``why`` then tells.
        why: the API's words about the end.
    """

    instance: str | None = None
    started: bool = False
    waits_for: str | None = None
    hopeless: bool = False
    is_over: bool = False
    exit_code: int | None = None
    why: str | None = None


@dataclass(kw_only=True)
class StartedRun(ABC):
    """A run that was sent. ``name`` is the Job's, or the task's id.

    ``late_seconds`` is how long after the end lines may still come. ``if_left`` says what becomes
    of it without us.
    """

    name: str
    late_seconds: float
    if_left: str
    notes: tuple[str, ...] = ()

    @abstractmethod
    def look(self) -> RunSeen:
        """How far it is."""

    @abstractmethod
    def reader(self) -> Reader:
        """What the command writes, from the first line on; for a run that has started."""

    @abstractmethod
    def stop(self, reason: str) -> None:
        """Ask for its end; nothing happens where it has ended."""

    @abstractmethod
    def clean_up(self) -> None:
        """Remove what a run that is over has left behind, its logs were read."""

    @abstractmethod
    def causes(self, seen: RunSeen) -> Sequence[Cause]:
        """Why its instance is not well."""

    def attach(self, terminal: Terminal, note: Callable[[str], None]) -> None:
        """Connect this process' streams with the command until it ends."""
        raise NotImplementedError


def chosen_container(
    wanted: str | None, candidates: Sequence[str], known: Sequence[str], *, owner: str
) -> str:
    """The container that the command runs in: the one that is ``wanted``, else the candidate.

    Raises:
        NotFound: there is none of that name.
    """
    if wanted is not None and wanted not in known:
        raise NotFound("container", wanted, where=owner, known=known)
    return wanted or candidates[0]
