"""From what rules find to causes: merged, folded under what explains them, and ordered. Pure.

A rule looks at facts and says what one instance, or the workload, suffers from. Findings of
the same code and key are one cause of several instances. A cause folds the causes that would
not be there without it, so that what is left is what somebody has to do something about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from msgspec import Struct

from dashborion.concurrency import Deadline, result, start
from dashborion.errors import DashborionError
from dashborion.models.cause import (
    MEANINGS,
    Advice,
    Cause,
    Code,
    Confidence,
    Evidence,
    LogTail,
    NotChecked,
    Severity,
)
from dashborion.models.instance import Instance, InstanceStatus
from dashborion.models.query import SINCE
from dashborion.models.workload import Reason
from dashborion.orchestrators.effects import ENDING, EXPLAINS, OF_ROLLOUT
from dashborion.orchestrators.protocol import Examined, LastLines

F = TypeVar("F")
S = TypeVar("S", bound=Struct)
T = TypeVar("T")
Gather = Callable[[], Mapping[str, Any]]
"""The end of reads that have been started: facts by their names."""

A_DAY = timedelta(days=1)
MOST_ADVICE = 2
MOST_LOGS = 2  # containers whose last lines are read
_LOG_SECONDS = 5.0  # that a page waits for them
_BEGINNING = timedelta(minutes=2)  # in which an instance may get ready without being late
_SEVERITIES, _CONFIDENCES = list(Severity), list(Confidence)


class Finding(Struct, frozen=True, kw_only=True):
    """What a rule has found.

    Attributes:
        reason: the API's own word for it, such as ``ImagePullBackOff``.
        message: what happens, in a sentence; an API's own message where it has one.
        instance: who has it; None for the workload itself.
        container: of which container, if of one.
        key: what tells findings of the same code apart that are different causes, such as the
            name of a quota or an exit code.
        stands: whether it is so now; what has passed is dropped when it is too long ago.
        is_old: whether its instance is of an older revision, which explains no rollout.
        severity: None is the code's own.
    """

    code: Code
    reason: str | None = None
    message: str | None = None
    evidence: Sequence[Evidence] = ()
    instance: str | None = None
    container: str | None = None
    key: str = ""
    confidence: Confidence = Confidence.CERTAIN
    severity: Severity | None = None
    stands: bool = True
    is_old: bool = False
    count: int = 1
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    advice: Sequence[Advice] = ()


class Rule(Struct, Generic[F], frozen=True):
    """A pure function from facts to findings, and which optional facts it cannot do without.

    ``needs`` names attributes of the facts; one that is None was not, or could not be, read.
    """

    find: Callable[[F], Iterable[Finding]]
    needs: tuple[str, ...] = ()

    def applies(self, facts: F) -> bool:
        return all(getattr(facts, name) is not None for name in self.needs)


def found(rules: Iterable[Rule[F]], facts: F) -> list[Finding]:
    """What all rules find whose facts are there."""
    return [finding for rule in rules if rule.applies(facts) for finding in rule.find(facts)]


def causes(findings: Iterable[Finding], *, now: datetime, since: timedelta = SINCE) -> list[Cause]:
    """The causes, the worst first, without what is over and what another one explains."""
    groups: dict[tuple[Code, str], list[Finding]] = {}
    for finding in findings:
        last = finding.last_seen
        if finding.stands or last is None or now - last <= since:
            groups.setdefault((finding.code, finding.key), []).append(finding)
    merged = [_merged(group) for group in groups.values()]
    flags = enumerate(all(one.is_old for one in group) for group in groups.values())
    old = frozenset(index for index, is_old in flags if is_old)
    return sorted(_folded(merged, old), key=_order)


def after_changes(causes: Iterable[Cause], changes: Iterable[Evidence]) -> list[Cause]:
    """Errors with the last change before they began as their last evidence, if it was that day."""
    known = sorted(
        (one.timestamp, number, one) for number, one in enumerate(changes) if one.timestamp
    )
    return [_after_change(cause, known) for cause in causes]


def _after_change(cause: Cause, known: Sequence[tuple[datetime, int, Evidence]]) -> Cause:
    began = cause.first_seen
    if cause.severity is not Severity.ERROR or began is None:
        return cause
    last = [one for at, _, one in known if began - A_DAY <= at <= began][-1:]
    return msgspec.structs.replace(cause, evidence=[*cause.evidence, *last])


def reasons(causes: Iterable[Cause]) -> list[Reason]:
    """The older, flatter form of causes; what is no more than information is left out."""
    return [
        Reason(
            reason=cause.reason or str(cause.code),
            message=cause.message,
            count=len(cause.instances) or cause.count,
            last_seen=cause.last_seen,
            instances=cause.instances,
        )
        for cause in causes
        if cause.severity is not Severity.INFO
    ]


def failed(told: Iterable[Finding]) -> list[tuple[str, str | None]]:
    """The instance and the container of each end, the newest first, one for each container name.

    Their last log lines say more than the API does.
    """
    ended = [one for one in told if one.instance and one.code in ENDING]
    # Of several that ended at once the first is the newest, as it is for ``_merged``.
    ended.sort(key=lambda one: (one.last_seen is not None, one.last_seen), reverse=True)
    newest: dict[str | None, str] = {}
    for one in ended:
        newest.setdefault(one.container, one.instance or "")
    return [(instance, container) for container, instance in newest.items()]


def promising(instances: Iterable[Instance], now: datetime) -> int:
    """How many instances are ready or have just begun, if one has: it is not late yet."""
    ready = begun = 0
    for one in instances:
        is_new = one.created_at is not None and now - one.created_at < _BEGINNING
        begun += is_new and one.status in (InstanceStatus.PENDING, InstanceStatus.RUNNING)
        ready += one.ready and not is_new
    return ready + begun if begun else 0


class Reported(Protocol):
    """What an adapter has looked at, and what it could not."""

    @property
    def checked(self) -> list[str]: ...
    @property
    def not_checked(self) -> list[NotChecked]: ...


def examined(
    item: T,
    told: Sequence[Finding],
    reads: Reported,
    last_lines: LastLines,
    *,
    causes: Sequence[Cause],
    instances: Iterable[Instance] = (),
    now: datetime,
) -> Examined[T]:
    """What findings have come to, with all that a diagnosis says beside it."""
    return Examined(
        item=item,
        causes=causes,
        failed=failed(told),
        last_lines=last_lines,
        checked=reads.checked,
        not_checked=reads.not_checked,
        promising=promising(instances, now),
    )


Tail = tuple[str, str | None, list[str] | DashborionError]
"""The instance, the container, and its last log lines or why they cannot be read."""


def last_log(
    failed: Sequence[tuple[str, str | None]], last_lines: LastLines, lines: int, deadline: Deadline
) -> Iterator[Tail]:
    """The last log lines of the first of what failed, read side by side."""
    reads = [
        (name, container, start(partial(last_lines, name, container, lines)))
        for name, container in failed[:MOST_LOGS]
    ]
    for name, container, reading in reads:
        try:
            yield name, container, result(reading, deadline)
        except DashborionError as error:
            yield name, container, error


def last_line(
    failed: Sequence[tuple[str, str | None]],
    last_lines: LastLines,
    deadline: Deadline,
    tell: Callable[[DashborionError], None],
) -> list[LogTail]:
    """The last log line of what failed, for a page that does not wait long for it.

    Without it the page has all that it had before; why is told.
    """
    short = Deadline(min(_LOG_SECONDS, deadline.remaining()))
    tails = []
    for name, container, told in last_log(failed, last_lines, 1, short):
        if isinstance(told, DashborionError):
            of = "/".join(filter(None, (name, container)))
            told.message = f"the log of {of} cannot be read: {told.message}"
            tell(told)
        elif told:
            tails.append(LogTail(instance=name, container=container, lines=told))
    return tails


def completed(facts: S, under_way: Sequence[Gather], **more: Any) -> S:
    """Facts with those that reads under way give, in the end."""
    known = {name: fact for gather in under_way for name, fact in gather().items()}
    return msgspec.structs.replace(facts, **known, **more)


def _merged(group: Sequence[Finding]) -> Cause:
    """One cause of findings that are alike: told by the newest, as messages name instances."""
    newest = max(group, key=lambda one: (one.last_seen is not None, one.last_seen))
    worst = min(group, key=_severity)
    meaning = MEANINGS[newest.code]
    return Cause(
        code=newest.code,
        severity=worst.severity or meaning.severity,
        confidence=min((one.confidence for one in group), key=_CONFIDENCES.index),
        title=meaning.title,
        reason=newest.reason,
        message=newest.message,
        evidence=list(newest.evidence),
        instances=list(dict.fromkeys(one.instance for one in group if one.instance)),
        count=sum(one.count for one in group),
        first_seen=min(_known(one.first_seen or one.last_seen for one in group), default=None),
        last_seen=max(_known(one.last_seen for one in group), default=None),
        explains=[],
        advice=list(newest.advice[:MOST_ADVICE]),
    )


def _known(times: Iterable[datetime | None]) -> list[datetime]:
    return [time for time in times if time is not None]


def _severity(finding: Finding) -> int:
    return _SEVERITIES.index(finding.severity or MEANINGS[finding.code].severity)


def _order(cause: Cause) -> tuple[int, int, bool, float]:
    """Worst, surest and oldest first, and else as they were found."""
    begun = cause.first_seen
    return (
        _SEVERITIES.index(cause.severity),
        _CONFIDENCES.index(cause.confidence),
        begun is None,
        begun.timestamp() if begun else 0.0,
    )


def _folded(causes: Sequence[Cause], old: frozenset[int]) -> list[Cause]:
    """The causes without those that another explains, whose codes the other then has.

    One explains another only of its own instances, or of the workload as a whole; and only if
    it is at least as bad: what is over does not explain what is wrong now. What only ``old``
    instances have explains no rollout.
    """
    explained: dict[int, list[Code]] = {}
    hidden: set[int] = set()
    for number, effect in enumerate(causes):
        for index, cause in enumerate(causes):
            is_of_rollout = effect.code in OF_ROLLOUT and index in old
            if index != number and not is_of_rollout and _explains(cause, effect):
                explained.setdefault(index, []).append(effect.code)
                hidden.add(number)
    return [
        msgspec.structs.replace(cause, explains=list(dict.fromkeys(explained.get(number, ()))))
        for number, cause in enumerate(causes)
        if number not in hidden
    ]


def _explains(cause: Cause, effect: Cause) -> bool:
    if effect.code not in EXPLAINS.get(cause.code, frozenset()):
        return False
    if _SEVERITIES.index(cause.severity) > _SEVERITIES.index(effect.severity):
        return False
    return not cause.instances or set(effect.instances) <= set(cause.instances)
