"""What ECS' sentences mean: why a task stopped, and the events of a service.

The same sentence may come from a task or from an event, which is all that is left an hour after.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dashborion.models.cause import Advice, Code, Confidence, Evidence, Severity
from dashborion.models.event import Event, EventType
from dashborion.orchestrators.ecs import events, rollout
from dashborion.orchestrators.ecs.causes import (
    admission,
    configuration,
    exits,
    images,
    network,
    placement,
)
from dashborion.orchestrators.ecs.causes.tasks import (
    is_past,
    lacks,
    may_have_failed,
    meaning,
    of_tasks,
    sentences,
)
from dashborion.orchestrators.ecs.facts import Facts, TaskFacts, of_event
from dashborion.orchestrators.findings import Finding, Rule
from dashborion.orchestrators.messages import Pattern

# In the order in which they are looked for: the special ones go before the general ones.
KINDS = (*images.KINDS, *configuration.KINDS, *network.KINDS, *admission.KINDS, *placement.KINDS,
         *exits.KINDS)  # fmt: skip
_ADVICE = {
    **images.ADVICE, **configuration.ADVICE, **network.ADVICE, **admission.ADVICE,
    **placement.ADVICE,
}  # fmt: skip
# Events whose sentence goes on in an unknown way, by the reason of how they begin.
_GENERAL: Mapping[str | None, Pattern] = {
    events.UNPLACED: Pattern("", Code.UNSCHEDULABLE),
    events.UNLAUNCHED: Pattern("", Code.CREATE_REFUSED),
}
# Something wrong with a service that has all its tasks; the rest is then over.
_OF_FULL_SERVICES = frozenset({Code.LOAD_BALANCER})


def _stopped(facts: Facts, one: TaskFacts) -> Finding | None:
    """Why a task stopped, if nobody wanted it to."""
    if not may_have_failed(one):
        return None
    told = sentences(one)
    for container, said in told:
        if known := meaning(KINDS, said.value):
            return _finding(facts, one, known, said, container.name if container else None)
    return exits.ended(facts, one) or _unknown(facts, one, [said for _, said in told])


def _unknown(facts: Facts, one: TaskFacts, told: Sequence[Evidence]) -> Finding | None:
    """A task that failed to start, and nothing that it says is known here.

    Without a stop code, or with a new one, nobody can tell whether it failed at all.
    """
    if one.task.stop_code != "TaskFailedToStart":
        return None
    said = told[0] if told else one.evidence("stopCode", one.task.stop_code, one.task.stopped_at)
    return _finding(facts, one, Pattern("", Code.OTHER, Confidence.CERTAIN), said, None)


def _finding(
    facts: Facts, one: TaskFacts, known: Pattern, said: Evidence, container: str | None
) -> Finding:
    over = is_past(facts, one)
    return Finding(
        code=known.code,
        reason=one.instance.reason,
        message=said.value,
        evidence=[said],
        instance=one.name,
        container=container,
        confidence=known.confidence,
        severity=Severity.WARNING if over else None,
        stands=not over,
        is_old=one.is_old,
        last_seen=said.timestamp,
        advice=_advice(known.code),
    )


def _told(facts: Facts) -> Iterator[Finding]:
    """What events say that stands, the newest of each code; nothing that a task says itself."""
    service = facts.service
    if service is None:
        return
    newest = rollout.primary(service)
    standing: dict[Code, tuple[Event, Pattern]] = {}
    for event in events.after_moves(service, newest.created_at if newest else None):
        known = _meaning(event)
        if known is not None and (lacks(service) or known.code in _OF_FULL_SERVICES):
            standing.setdefault(known.code, (event, known))
    if not standing:
        return
    said = {found.code for one in facts.tasks if (found := _stopped(facts, one)) is not None}
    for event, known in standing.values():
        if known.code not in said:
            yield Finding(
                code=known.code,
                reason=event.reason,
                message=events.sentence(event.message),
                evidence=[of_event(event)],
                confidence=known.confidence,
                last_seen=event.timestamp,
                advice=_advice(known.code),
            )


def _meaning(event: Event) -> Pattern | None:
    """What an event means, unless it is an ordinary one."""
    if event.type is EventType.NORMAL and event.reason is not None:
        return None
    return meaning(KINDS, events.sentence(event.message)) or _GENERAL.get(event.reason)


def _advice(code: Code) -> list[Advice]:
    shown, text = placement.ON_MACHINES.get(code), _ADVICE.get(code)
    first = [Advice(text=shown, command=placement.SHOWN)] if shown else []
    return [*first, Advice(text=text)] if text else first


RULES: Sequence[Rule[Facts]] = (of_tasks(_stopped), Rule(_told))
