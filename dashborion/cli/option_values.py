"""Parsing of option values; the errors name the option and the values that it takes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from dashborion.errors import UsageError, suggestion
from dashborion.models.kinds import WorkloadType, workload_type

E = TypeVar("E", bound=StrEnum)

_DURATION = re.compile(r"(?P<number>\d+(\.\d+)?)\s*(?P<unit>[a-z]*)")
_WORDS = {60: "m min mins minute minutes", 3600: "h hr hrs hour hours", 86400: "d day days",
          1: "s sec secs second seconds"}  # fmt: skip
_UNITS = {"": 1, **{word: size for size, words in _WORDS.items() for word in words.split()}}
_LONGEST = 1000 * 365 * 86400.0


def members(type_: type[E], values: Sequence[str] | None, option: str) -> frozenset[E] | None:
    """The enum members that an option names; None when it was not given.

    Raises:
        UsageError: a value that is not a member.
    """
    if not values:
        return None
    known = [str(member) for member in type_]
    typed = [part.strip() for value in values for part in value.split(",")]
    for value in typed:
        if value.lower() not in known:
            raise UsageError(f"{option}: '{value}' is not one of {', '.join(known)}")
    return frozenset(type_(value.lower()) for value in typed)


def member(type_: type[E], value: str | None, option: str) -> E | None:
    """The one member that an option names; raises as ``members``."""
    found = members(type_, [value], option) if value is not None else None
    if found and len(found) > 1:
        raise UsageError(f"{option} takes one value")
    return next(iter(found)) if found else None


def _duration(text: str) -> re.Match[str] | None:
    match = _DURATION.fullmatch(text.strip().lower())
    return match if match and match["unit"] in _UNITS else None


def duration(text: str, option: str) -> float:
    """Seconds of ``90s``, ``15m``, ``2h`` or plain seconds.

    Raises:
        UsageError: anything else.
    """
    match = _duration(text)
    if match is None:
        raise UsageError(
            f"{option}: '{text}' is not a duration", hint="use 90s, 15m, 2h or a number of seconds"
        )
    return float(match["number"]) * _UNITS[match["unit"]]


def time_span(text: str, option: str) -> timedelta:
    """As ``duration``, for the time before now.

    Raises:
        UsageError: it is no duration, or longer than any date is ago.
    """
    seconds = duration(text, option)
    if seconds > _LONGEST:
        raise UsageError(f"{option}: '{text}' is too long ago", hint="use 15m, 2h or 7d")
    return timedelta(seconds=seconds)


def point_in_time(text: str, option: str, now: datetime) -> datetime:
    """The time of a duration before now, or of RFC 3339; without a time zone it is UTC.

    Raises:
        UsageError: anything else.
    """
    example = "use 15m, 2h, or a time such as 2026-01-31T08:00:00Z"
    if _duration(text):
        try:
            return now - timedelta(seconds=duration(text, option))
        except OverflowError as error:
            raise UsageError(f"{option}: '{text}' is too long ago", hint=example) from error
    try:
        time = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise UsageError(f"{option}: '{text}' is not a time", hint=example) from error
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def workload_types(words: Sequence[str] | None) -> frozenset[WorkloadType] | None:
    """The types that ``--type`` names, by any of their words; None when it was not given.

    Raises:
        UsageError: an unknown word.
    """
    if not words:
        return None
    for word in words:
        if workload_type(word) is None:
            near = suggestion(word, [str(member) for member in WorkloadType])
            raise UsageError(f"--type: '{word}' is not a type of workload", hint=near)
    return frozenset(filter(None, map(workload_type, words)))


def revisions(text: str) -> tuple[str, str]:
    """The two revisions of ``REV..REV``.

    Raises:
        UsageError: anything else.
    """
    left, dots, right = (part.strip() for part in text.partition(".."))
    if not (left and dots and right):
        raise UsageError(f"--between: '{text}' is not REV..REV", hint="such as 3..5")
    return left, right


def images(values: Sequence[str]) -> list[tuple[str | None, str]]:
    """Container (None if not named) and image of each ``[CONTAINER=]IMAGE``.

    An image reference cannot hold a ``=``.

    Raises:
        UsageError: a part is empty, or holds a space.
    """
    parsed: list[tuple[str | None, str]] = []
    for value in values:
        name, equals, image = value.rpartition("=")
        if not image or (equals and not name) or any(char.isspace() for char in value):
            raise UsageError(
                f"--image: '{value}' is not an image", hint="use IMAGE or CONTAINER=IMAGE"
            )
        parsed.append((name if equals else None, image))
    return parsed
