"""What the events of a service say: a type, a reason, and what hinders its tasks. Pure.

ECS' events have no type and no code, only a sentence behind the names of what it is about:
``(service web) (task 0123) failed container health checks.`` A name may hold any word, so
only how the sentence begins tells. The beginnings are those of "Viewing Amazon ECS service
event messages" in AWS' guide, and of what Application Auto Scaling writes.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from dashborion.models.event import Event, EventType, by_time
from dashborion.orchestrators.ecs import rollout, wire

ROLE, BLOCKED, UNPLACED = "CannotAssumeRole", "DeploymentBlocked", "UnableToPlace"
UNLAUNCHED = "UnableToLaunch"
HOPELESS = frozenset({ROLE, BLOCKED})
"""What ECS tries again for ever without a chance, until somebody changes a role or the service."""

_HINDERS = HOPELESS | {UNPLACED, UNLAUNCHED}
_MOVES = re.compile(
    r"has started|has reached a steady state|(deployment )?completed", re.IGNORECASE
)

# What a sentence is about, in front of it: in parentheses, or bare in older ones.
_SUBJECT = re.compile(
    r"\s*(?:(?:service\s+)?\([^()]*\)|service\s+[\w-]+,?(?=\s)|(?:deployment|task-?set)\s+ecs-svc/\S+)",
    re.IGNORECASE,
)
# A second sentence may follow the list of tasks that were started or stopped.
_COUNTED = re.compile(r"has (?:started|stopped)[^:]*:(?:\s*\([^()]*\)[.,]?)*\s*", re.IGNORECASE)

_WARNINGS: Sequence[tuple[str, str]] = (
    (r"failed to launch a task with \(error ECS was unable to assume the role", ROLE),
    (r"failed to launch a task", UNLAUNCHED),
    (r"was unable to stop or start tasks during a deployment", BLOCKED),
    (r"was unable to place|reason:", UNPLACED),
    (r"was unable to reach (a )?steady state|did not stabilize", "UnableToReachSteadyState"),
    (r"(is|was) unable to consistently start tasks", "UnableToStartTasks"),
    (r"is unhealthy|failed .*health checks", "Unhealthy"),
    (r"amazon ecs replaced", "ReplacedUnhealthy"),
    (r"operations are being throttled", "Throttled"),
    (r"timed out waiting for amazon ecs agent", "AgentDisconnected"),
    (r"rolling back|(deployment )?rolled back", "RollingBack"),
    (r"deployment failed|had to cancel", "DeploymentFailed"),
    (r"(deployment )?(was )?(stopped|cancell?ed|timed out)", "DeploymentStopped"),
    (r"task protection", "TaskProtection"),
    (r"message: (failed|could not|unable)", "ScalingFailed"),
    (r"(is|was|were) (unable|not able)|(could|can|did) ?not", "Unable"),
    (r"failed|is missing|(an )?error", "Failed"),
)  # fmt: skip
_ORDINARY: Sequence[tuple[str, str]] = (
    (r"has reached a steady state", "SteadyState"),
    (r"has started", "Started"),
    (r"has stopped", "Stopped"),
    (r"has begun draining", "Draining"),
    (r"registered", "Registered"),
    (r"deregistered", "Deregistered"),
    (r"(deployment )?completed", "DeploymentCompleted"),
    (r"is rebalancing|is (not )?AZ balanced", "Rebalancing"),
    (r"updated", "TaskSetUpdated"),
    (r"message: successfully set desired count", "Scaled"),
)
_BEGINNINGS = [
    (re.compile(beginning, re.IGNORECASE), reason, type_)
    for type_, table in ((EventType.WARNING, _WARNINGS), (EventType.NORMAL, _ORDINARY))
    for beginning, reason in table
]


class Meaning(NamedTuple):
    """What a sentence says; ``reason`` is None for one that is not known, which is no warning."""

    type: EventType
    reason: str | None


def sentence(message: str) -> str:
    """A message without what it is about."""
    rest = message
    while subject := _SUBJECT.match(rest):
        rest = rest[subject.end() :]
    return rest.strip()


def meaning(message: str) -> Meaning:
    """The type and reason of an event's message; of two sentences, those of the one that warns."""
    text = sentence(message)
    first = _of_sentence(text)
    counted = _COUNTED.match(text)
    second = _of_sentence(text[counted.end() :]) if counted else first
    return second if second.type is EventType.WARNING else first


def _of_sentence(text: str) -> Meaning:
    fitting = (
        Meaning(type_, reason) for beginning, reason, type_ in _BEGINNINGS if beginning.match(text)
    )
    return next(fitting, Meaning(EventType.NORMAL, None))


def events(service: wire.Service) -> list[Event]:
    """A service's events, newest last."""
    normalised = []
    for item in reversed(service.events):
        type_, reason = meaning(item.message)
        normalised.append(
            Event(
                timestamp=item.created_at,
                type=type_,
                reason=reason,
                message=item.message,
                object=f"service/{service.service_name}",
                count=1,
                first_seen=item.created_at,
            )
        )
    return by_time(normalised)


def hindrances(
    service: wire.Service, since: datetime | None, known: Iterable[str] = ()
) -> list[Event]:
    """What hinders tasks now, as ``standing``."""
    told = standing(service, since, _HINDERS, known)
    return [with_numbers(event, service) for event in told]


def standing(
    service: wire.Service,
    since: datetime | None,
    reasons: Container[str],
    known: Iterable[str] = (),
) -> list[Event]:
    """The newest event of each of these reasons, as ``after_moves``."""
    newest: dict[str, Event] = {}
    for event in after_moves(service, since, known):
        if event.reason is not None and event.reason in reasons:
            newest.setdefault(event.reason, event)
    return list(newest.values())


def after_moves(
    service: wire.Service, since: datetime | None, known: Iterable[str] = ()
) -> Iterator[Event]:
    """The events after the last thing that moved, the newest first: what they say still holds.

    ECS repeats itself only once an hour, so any event from ``since`` on counts; without a time
    all of them do. Those with ``known`` ids do not.
    """
    old = set(known)
    fresh = [item for item in service.events if item.id not in old]
    for event in reversed(events(msgspec.structs.replace(service, events=fresh))):
        if since is not None and (event.timestamp is None or event.timestamp < since):
            continue
        if _MOVES.match(sentence(event.message)):
            return
        yield event


def with_numbers(event: Event, service: wire.Service) -> Event:
    """AWS' sentence about a deployment that cannot move names two settings without their values."""
    if event.reason != BLOCKED:
        return event
    minimum, maximum = rollout.percents(service)
    told = f"{event.message.rstrip('. ')} (minimum {minimum} %, maximum {maximum} %)"
    return msgspec.structs.replace(event, message=told)
