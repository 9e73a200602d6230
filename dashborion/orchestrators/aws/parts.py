"""Answers of which a part may be missing: what cannot be had costs itself, and is told once.

A part is lost when the API forbids it, refuses it, is throttled, does not answer or answers
what cannot be decoded. Credentials that are not accepted are no part: nothing else would be
answered, either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeAlias, TypeVar

import msgspec

from dashborion.concurrency import Deadline, result, start
from dashborion.errors import BadAnswer, DashborionError, Forbidden, Unavailable
from dashborion.models.base import ready
from dashborion.orchestrators.aws.errors import Refused

T = TypeVar("T")

Outcome: TypeAlias = tuple[T | None, DashborionError | None]
Tell = Callable[[DashborionError], None]
LOST = (Forbidden, Refused, Unavailable)
MOST_ONE_BY_ONE = 100
# Errors that may be about one of several names: without it the others are answered.
_OF_ONE_NAME = (Forbidden, Refused, BadAnswer)


def part(ask: Callable[[], T], tell: Tell) -> T | None:
    """The answer; if it cannot be had, None, and ``tell`` is told why."""
    try:
        return ask()
    except LOST as error:
        tell(error)
        return None


def parts(calls: Iterable[Callable[[], T]], deadline: Deadline, tell: Tell) -> list[T | None]:
    """The answers of calls side by side, in order; None for those that cannot be had."""
    outcomes = _outcomes([start(call) for call in calls], deadline)
    _tell_kinds([error for _, error in outcomes if error], tell)
    return [answer for answer, _ in outcomes]


def rows(calls: Iterable[Callable[[], list[T]]], deadline: Deadline, tell: Tell | None) -> list[T]:
    """The items of all calls' answers; ``tell`` is told why some are missing.

    Raises:
        DashborionError: there is none because of that; without ``tell``, one call was not answered.
    """
    return in_batches(([call] for call in calls), lambda one: one[0](), deadline, tell)


def in_batches(
    batches: Iterable[Sequence[Any]],
    ask: Callable[[Sequence[Any]], list[T]],
    deadline: Deadline,
    tell: Tell | None,
) -> list[T]:
    """What ``ask`` answers about batches of names, side by side, as soon as they are listed.

    Raises as ``rows``.
    """
    started: list[tuple[Sequence[Any], Future[list[T]]]] = []
    lost: list[DashborionError] = []
    try:
        for batch in batches:
            started.append((batch, start(partial(ask, batch))))
    except LOST as error:  # the rest of the list
        lost.append(error)
    outcomes = _outcomes([future for _, future in started], deadline)
    asked = [batch for batch, _ in started]
    if tell is not None:
        asked, outcomes = _one_by_one(asked, outcomes, ask, deadline)
    for batch, (_, why) in zip(asked, outcomes, strict=True):
        if why is not None:
            lost.append(_about(why, batch))
    items = [item for answer, _ in outcomes for item in answer or ()]
    if lost and (tell is None or not items):
        raise lost[0]
    if tell is not None:
        _tell_kinds(lost, tell)
    return items


def _one_by_one(
    asked: list[Sequence[Any]],
    outcomes: list[Outcome[list[T]]],
    ask: Callable[[Sequence[Any]], list[T]],
    deadline: Deadline,
) -> tuple[list[Sequence[Any]], list[Outcome[list[T]]]]:
    """The batches and their outcomes, those that were refused name by name.

    One service that is denied, or one target group that was deleted, must not cost the others.
    Where all of very many names are refused, one of each batch shows whether that helps.
    """
    refused = [
        batch
        for batch, (_, why) in zip(asked, outcomes, strict=True)
        if len(batch) > 1 and _may_be_of_one(why)
    ]
    if len(refused) == len(asked) and sum(map(len, refused)) > MOST_ONE_BY_ONE:
        probes = _outcomes([start(partial(ask, batch[:1])) for batch in refused], deadline)
        refused = refused if any(why is None for _, why in probes) else []
    kept = [pair for pair in zip(asked, outcomes, strict=True) if pair[0] not in refused]
    names = [[name] for batch in refused for name in batch]
    again = _outcomes([start(partial(ask, name)) for name in names], deadline)
    return [*(batch for batch, _ in kept), *names], [*(outcome for _, outcome in kept), *again]


def decoded(
    type_: type[T], items: Sequence[Any], operation: str, tell: Tell | None
) -> list[tuple[T, Any]]:
    """Items as a type, each with the API's own object; ``tell`` is told of those that are not.

    Raises:
        BadAnswer: none of them is what the API documents; without ``tell``, one is not.
    """
    pairs = [(item, plain) for plain in items if (item := _as_type(type_, plain)) is not None]
    if len(pairs) < len(items):
        error = BadAnswer(f"{operation}: an object that is not what the API documents")
        if tell is None or not pairs:
            raise error
        tell(error)
    return pairs


def _as_type(type_: type[T], plain: Any) -> T | None:
    for clean in (_as_it_is, _without_nulls):  # cleaning takes time, and is hardly ever needed
        try:
            return msgspec.convert(clean(plain), ready(type_))
        except msgspec.ValidationError:
            continue
    return None


def _as_it_is(value: Any) -> Any:
    return value


def _without_nulls(value: Any) -> Any:
    """The value without nulls, which botocore hands on from within lists."""
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value if item is not None]
    return value


def _outcomes(futures: Iterable[Future[T]], deadline: Deadline) -> list[Outcome[T]]:
    """Each answer, or why it cannot be had; the grace after the deadline is given only once."""
    outcomes: list[Outcome[T]] = []
    is_late = False
    for future in futures:
        try:
            if is_late and not future.done():
                raise deadline.expired()
            outcomes.append((result(future, deadline), None))
        except LOST as error:
            is_late = deadline.remaining() <= 0
            outcomes.append((None, error))
    return outcomes


def _may_be_of_one(error: DashborionError | None) -> bool:
    """Whether an error may be about one name of a batch; "on resource: *" is about all."""
    is_about_all = isinstance(error, Forbidden) and "on resource: *" in error.message
    return isinstance(error, _OF_ONE_NAME) and not is_about_all


def _about(error: DashborionError, batch: Sequence[Any]) -> DashborionError:
    """The error with what it is about, where that was a single name that it does not say."""
    name = batch[0] if len(batch) == 1 else None
    if isinstance(name, str) and name not in error.message:
        error.hint = error.hint or f"asked about {name}"
    return error


def _tell_kinds(errors: Sequence[DashborionError], tell: Tell) -> None:
    """Tell the first error of each kind, with the number of the others like it."""
    kinds: dict[type[DashborionError], list[DashborionError]] = {}
    for error in errors:
        kinds.setdefault(type(error), []).append(error)
    for first, *others in kinds.values():
        if others:
            more = f"and {len(others)} more like this"
            first.hint = f"{first.hint}, {more}" if first.hint else more
        tell(first)
