"""The mark that ``workloads stop`` leaves on what it stops: what was there, as plain text. Pure.

It is an annotation, or the tag of a service, whose value may hold little more than words:
``desired=4 min=2 max=10 in=0 out=0 sched=1 at=2026-11-27T02:00:00Z rev=12``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from dashborion.config.places import Place
from dashborion.config.targets import Environment
from dashborion.errors import DashborionError, NotApplicable, Refusal, short
from dashborion.models.workload import Parked

ANNOTATION = "dashborion.io/parked"
TAG = "dashborion:parked"
NO_FORMER = "-"  # there was no such setting
_LONGEST = 256  # of a tag's value
_NOT_IN_TAGS = re.compile(r"[^\w.:/+\-@]")  # `=` and blanks are ours
_COUNT = re.compile(r"[0-9]{1,10}")
_MOST = 2**31 - 1  # both APIs hold a count in 32 bits
_TIME = "%Y-%m-%dT%H:%M:%SZ"


class Flags(Struct, frozen=True):
    """What is suspended of an Application Auto Scaling target."""

    inward: bool = False
    outward: bool = False
    scheduled: bool = False


ALL_SUSPENDED = Flags(inward=True, outward=True, scheduled=True)


class Mark(Struct, frozen=True, kw_only=True):
    """What was there.

    Attributes:
        desired: the count.
        min: the autoscaler's bounds, and ``flags`` what of it was suspended.
        max: as above.
        up: a HorizontalPodAutoscaler's ``selectPolicy`` for scaling up.
        keda: the count at which KEDA was paused; ``-`` where it was not.
        rev: the revision that ran.
    """

    desired: int
    min: int | None = None
    max: int | None = None
    flags: Flags | None = None
    up: str | None = None
    keda: str | None = None
    at: datetime | None = None
    rev: str | None = None

    @property
    def text(self) -> str:
        """The mark as it is written."""
        flags = self.flags
        words: dict[str, object | None] = {"desired": self.desired, "min": self.min,
                                           "max": self.max}  # fmt: skip
        if flags is not None:
            words |= {"in": +flags.inward, "out": +flags.outward, "sched": +flags.scheduled}
        at = self.at.astimezone(UTC).strftime(_TIME) if self.at else None
        words |= {"up": self.up, "keda": self.keda, "at": at, "rev": self.rev}
        told = {key: value for key, value in words.items() if value is not None}
        return " ".join(f"{k}={_NOT_IN_TAGS.sub('_', str(v))}" for k, v in told.items())[:_LONGEST]

    @classmethod
    def parse(cls, text: str | None) -> Self | None:
        """The mark in a text; None if there is none, or nobody can read it."""
        words = dict(word.partition("=")[::2] for word in (text or "").split())

        def count(key: str) -> int | None:
            number = int(words[key]) if _COUNT.fullmatch(words.get(key, "")) else _MOST + 1
            return number if number <= _MOST else None

        desired, flags, at = count("desired"), None, None
        if desired is None:
            return None
        if "in" in words:
            flags = Flags(*(words.get(key) == "1" for key in ("in", "out", "sched")))
        with suppress(ValueError):
            at = datetime.strptime(words.get("at", ""), _TIME).replace(tzinfo=UTC)
        return cls(
            desired=desired,
            min=count("min"),
            max=count("max"),
            flags=flags,
            up=words.get("up"),
            keda=words.get("keda"),
            at=at,
            rev=words.get("rev"),
        )

    def kept(self, earlier: Mark | None) -> Mark:
        """With what an ``earlier`` mark holds of bounds and flags.

        A stop that was killed half-way has left others behind, which are not the original ones.
        """
        if earlier is None:
            return self
        names = ("min", "max", "flags", "up", "keda")
        held = {name: getattr(earlier, name) for name in names}
        return replace(self, **{name: value for name, value in held.items() if value is not None})


def parked(mark: Mark | None, desired: int) -> Parked | None:
    """What a workload of that count tells of its mark; nothing, once it is no more zero."""
    if mark is None or desired > 0:
        return None
    return Parked(desired=mark.desired, min=mark.min, max=mark.max, at=mark.at)


def not_marked(name: str, text: str | None, low: int | None) -> DashborionError:
    """Why what has no mark, or this ``text`` for one, is not started; ``low`` is its minimum."""
    least = f"{low}`, its autoscaler's minimum" if low else "N`"
    hint = f"use `workloads scale {name} -r {least}"
    if text is None:
        return NotApplicable(f"{name}: not stopped with `workloads stop`", hint=hint)
    told = f"{name}: nobody can read what `workloads stop` has left on it: '{short(text)}'"
    return Refusal(told, hint=hint)


def left_as_they_are(replicas: int) -> str:
    """What a start does to a count that somebody has raised."""
    counted = "1 replica" if replicas == 1 else f"{replicas} replicas"
    return f"it has {counted} already: that is left as it is"


class ScheduledJob(Struct, frozen=True):
    """What starts instances at times, and can be suspended: a CronJob.

    ``name`` has its kind in front. ``is_marked``: a stop has suspended it. ``relied_on``: why it is
    not suspended with others. Both methods raise ``Conflict`` where it is not as it was found.
    """

    environment: Environment
    place: Place
    namespace: str
    name: str
    is_suspended: bool
    is_marked: bool
    suspend: Callable[[datetime], None]
    resume: Callable[[], None]
    relied_on: str | None = None


class Scheduled(Struct, frozen=True):
    """The jobs of an environment; ``others`` start instances, too, and are left as they are."""

    jobs: Sequence[ScheduledJob] = ()
    others: Sequence[str] = ()


def suspended_at(now: datetime) -> str:
    """The mark of a job that was not suspended before."""
    return f"suspend=0 at={now.astimezone(UTC).strftime(_TIME)}"
