"""A change, from the look before it to the end of its rollout."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from dashborion.config.places import Place
from dashborion.config.targets import Environment
from dashborion.errors import NotApplicable, UsageError
from dashborion.models.cause import Cause
from dashborion.models.event import Event
from dashborion.models.managed import ManagedBy
from dashborion.models.query import Name
from dashborion.models.rollout import Revision, Rollout, RolloutState
from dashborion.models.workload import Autoscaling, Workload
from dashborion.orchestrators.parking import Mark

if TYPE_CHECKING:
    from dashborion.orchestrators.run import PlannedRun, RunWish

T_co = TypeVar("T_co", covariant=True)


Steering = Literal["continue", "abort", "pause", "resume"]
"""What can be done to a rollout that is under way."""

Images = Sequence[tuple[str | None, str]]
"""Containers and the images they shall have; None is a workload's only container."""


class Keeper(Struct, frozen=True):
    """Who keeps a workload as it is defined elsewhere.

    ``reverts`` names who may undo a change of what that definition says, and ``instead`` where to
    make it; both are None where nobody does before the next deployment.
    """

    managed_by: ManagedBy
    reverts: str | None = None
    instead: str | None = None


@dataclass(frozen=True, kw_only=True)
class WorkloadToChange(ABC):
    """One workload as it was looked up, what a change has to know of it, and the changes.

    Every change raises ``Conflict`` where what it is about is not as it was looked up any
    more: what was shown, and perhaps approved minutes ago, would not be what happens.

    ``place`` is where it is, whatever its environment is called. ``newest`` is what a restart
    replaces: the revision, or on ECS, where a restart makes none, the deployment's id.
    ``warning`` says why new instances will not come by themselves. ``stages`` are those that its
    rollouts go through, in their order, with the API's names; ``pauses`` those at which a new one
    would wait for a person. ``mark`` is what a stop has left on it, be it stopped or not.
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
    keeper: Keeper | None = None
    stages: Sequence[str] = ()
    pauses: Sequence[str] = ()
    mark: Mark | None = None

    @property
    def name(self) -> Name:
        """The name that no other workload of the environment has."""
        return Name(self.workload.name, self.workload.type, self.workload.namespace)

    @property
    def managed_by(self) -> ManagedBy | None:
        """Whose it is, as far as it says so itself."""
        return self.keeper.managed_by if self.keeper else None

    def rollout(self) -> Rollout:
        """How far the current rollout is, with all that the API says of it."""
        return self.workload.rollout

    def require_possible(self, action: str) -> None:  # noqa: B027 - most kinds can all
        """Check that this kind of workload can ``scale``, ``stop``, ``start``, ``deploy``,
        ``rollback`` or ``run``; else ``NotApplicable`` with the command that can.
        """

    def volumes_lost(self, replicas: int) -> list[str]:  # noqa: ARG002 - of most kinds none are
        """The claims that are deleted, with their data, if it has no more than these replicas."""
        return []

    def require_place_for(self, reason: str, action: str) -> None:  # noqa: B027 - most have one
        """Check that the reason for an action can be kept; else ``UsageError``."""

    @abstractmethod
    def scale(self, replicas: int) -> FollowedRollout:
        """Set the replicas."""

    def image_moves(self) -> list[ImageMove]:
        """What a restart would start in place of what runs, for each image that is named by a tag.

        Of a registry that nobody asks, both digests are unknown.
        """
        images = [one for one in self.workload.images if "@" not in one]
        return [ImageMove(one, None, None) for one in dict.fromkeys(images)]

    @abstractmethod
    def restart(self, *, now: datetime, reason: str | None) -> FollowedRollout:
        """Replace all instances by new ones of the same definition."""

    @abstractmethod
    def history(self) -> History:
        """The revisions of its definition that can be gone back to."""

    @abstractmethod
    def proven_revision(self) -> str | None:
        """The newest revision that is known to have run well; None where nothing tells.

        Asked after a change that failed, as the one before had: neither of these two is meant.
        """

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
    def plan_run(self, wish: RunWish) -> PlannedRun:
        """What a one-off command in a new instance would be.

        Raises:
            NotFound: there is no such container or revision.
            UsageError: it cannot be run so here.
            Refusal: it would not be run once.
        """

    def plan_steering(self, action: Steering, hook: str | None) -> PlannedChange:  # noqa: ARG002
        """What steering the rollout that is under way would do; ``hook`` is the pause meant.

        ``before`` and ``after`` are states of the rollout, for ``abort`` revisions; ``notes`` say
        what happens next.

        Raises:
            UsageError: this cannot be done here, or now; with what can be.
        """
        raise UsageError(f"{self.workload.name}: its rollouts cannot be steered")

    def relied_on(self) -> str | None:
        """Why the cluster itself, or another controller, needs it to run; None if nothing does.

        No pattern puts such a workload to zero.
        """
        return None

    def plan_stop(self, now: datetime) -> PlannedSwitch:  # noqa: ARG002
        """What putting it to zero would do, so that ``plan_start`` can undo all of it.

        Raises:
            NotApplicable: it is of a kind that has no count.
            Refusal: nothing could be remembered.
        """
        raise NotApplicable(f"{self.workload.name}: {self.workload.type} cannot be stopped")

    def plan_start(self) -> PlannedSwitch:
        """What its ``mark`` says that it had.

        Raises:
            NotApplicable: it has no mark.
        """
        raise NotApplicable(f"{self.workload.name}: {self.workload.type} cannot be started")

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


class ImageMove(Struct, frozen=True):
    """An image, the digest that runs, and the one that its tag means by now, where both are known.

    A restart changes the image where they differ.
    """

    image: str
    before: str | None
    after: str | None

    @property
    def is_change(self) -> bool:
        """Whether the tag is known to have moved."""
        return self.before != self.after


class History(Struct, frozen=True):
    """A workload's revisions, oldest first; ``doubt`` says why they may not be what ran here."""

    revisions: list[Revision]
    doubt: str | None = None


class PlannedSwitch(Struct, frozen=True):
    """A stop or a start, worked out and not yet sent; ``after`` is None where another decides.

    ``nothing`` says why there is nothing to send; ``notes`` what else is worth knowing.
    """

    before: int
    after: int | None
    send: Callable[[], FollowedRollout]
    notes: tuple[str, ...] = ()
    nothing: str | None = None


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
        return replace(rollout, state=RolloutState.PROGRESSING, message=self.message)


class RolloutProgress(Verdict, frozen=True, kw_only=True):
    """What one look at a rollout has seen."""

    rollout: Rollout
    troubles: tuple[Trouble, ...] = ()
