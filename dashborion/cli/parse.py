"""Words of options as values, with errors that say which words there are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from dashborion.errors import UsageError, suggestion
from dashborion.models.kinds import KIND_WORDS, WorkloadType

E = TypeVar("E", bound=StrEnum)


def members(type_: type[E], words: Sequence[str] | None, option: str) -> frozenset[E] | None:
    """The enum members that an option names, None when it was not given.

    Raises:
        UsageError: a word that is no member.
    """
    if not words:
        return None
    known = [str(member) for member in type_]
    for word in words:
        if word.lower() not in known:
            raise UsageError(f"{option}: '{word}' is none of {', '.join(known)}")
    return frozenset(type_(word.lower()) for word in words)


_DURATION = re.compile(r"(?P<number>\d+(\.\d+)?)(?P<unit>[smhd]?)")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def duration(text: str, option: str) -> float:
    """Seconds of ``90s``, ``15m``, ``2h`` or plain seconds.

    Raises:
        UsageError: anything else.
    """
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"{option}: '{text}' is no duration", hint="90s, 15m, 2h or seconds")
    return float(found["number"]) * _UNITS[found["unit"]]


def moment(text: str, option: str, now: datetime) -> datetime:
    """A time so long before now, or one in RFC 3339; without a zone it is UTC.

    Raises:
        UsageError: anything else.
    """
    example = "15m, 2h, or a time such as 2026-01-31T08:00:00Z"
    if _DURATION.fullmatch(text.strip()):
        try:
            return now - timedelta(seconds=duration(text, option))
        except OverflowError as error:
            raise UsageError(f"{option}: '{text}' is too long ago", hint=example) from error
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise UsageError(f"{option}: '{text}' is no time", hint=example) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def workload_types(words: Sequence[str] | None) -> frozenset[WorkloadType] | None:
    """The types that ``--type`` names, by any word that users have for them.

    Raises:
        UsageError: an unknown word.
    """
    if not words:
        return None
    for word in words:
        if word.lower() not in KIND_WORDS:
            near = suggestion(word, [str(one) for one in WorkloadType])
            raise UsageError(f"--type: '{word}' is no type of workload", hint=near)
    return frozenset(KIND_WORDS[word.lower()] for word in words)


def images(words: Sequence[str]) -> list[tuple[str | None, str]]:
    """Containers and images of ``--image [CONTAINER=]IMAGE``; a reference holds no ``=``.

    Raises:
        UsageError: a part is empty, or holds a space.
    """
    found: list[tuple[str | None, str]] = []
    for word in words:
        name, equals, image = word.rpartition("=")
        if not image or (equals and not name) or any(one.isspace() for one in word):
            raise UsageError(f"--image: '{word}' is no image", hint="IMAGE or CONTAINER=IMAGE")
        found.append((name if equals else None, image))
    return found
