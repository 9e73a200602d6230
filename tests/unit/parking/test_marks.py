"""The mark of what was stopped: plain text that any tag can hold, and what is read from it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from dashborion.orchestrators.parking import ALL_SUSPENDED, Flags, Mark, parked

AT = datetime(2026, 11, 27, 2, tzinfo=UTC)
WHOLE = Mark(
    desired=4, min=2, max=10, flags=Flags(scheduled=True), up="Max", keda="-", at=AT, rev="web:12"
)
TEXT = "desired=4 min=2 max=10 in=0 out=0 sched=1 up=Max keda=- at=2026-11-27T02:00:00Z rev=web:12"
MARKS = {
    "all there is": (WHOLE, TEXT),
    "a count alone": (Mark(desired=0), "desired=0"),
    "all suspended": (Mark(desired=1, flags=ALL_SUSPENDED), "desired=1 in=1 out=1 sched=1"),
}


@pytest.mark.parametrize(("mark", "text"), MARKS.values(), ids=MARKS)
def test_a_mark_is_read_as_it_was_written(mark: Mark, text: str) -> None:
    assert (mark.text, Mark.parse(text)) == (text, mark)


UNREAD = {"none": None, "empty": "", "no count": "min=2", "odd count": "desired=-1 min=2",
          "more than there can be": "desired=2147483648", "another's digits": "desired=٣",
          "json": '{"desired": 4}'}  # fmt: skip


@pytest.mark.parametrize("text", UNREAD.values(), ids=UNREAD)
def test_what_nobody_can_read_is_no_mark(text: str | None) -> None:
    assert Mark.parse(text) is None


@pytest.mark.parametrize("rev", ["web:12", "a b=c", "x" * 300, "né#{}\n"])
def test_any_tag_of_ecs_can_hold_it(rev: str) -> None:
    text = Mark(desired=4, at=AT, rev=rev).text
    assert len(text) <= 256
    assert re.fullmatch(r"[\w .:/=+\-@]*", text)
    known = Mark.parse(text)
    assert known is not None
    assert (known.desired, known.at) == (4, AT)


def test_an_unreadable_time_costs_itself() -> None:
    assert Mark.parse("desired=4 at=yesterday") == Mark(desired=4)


def test_what_an_earlier_mark_holds_of_bounds_stays() -> None:
    half_way = Mark(desired=3, min=0, max=10, flags=ALL_SUSPENDED, at=AT, rev="web:13")
    kept = half_way.kept(WHOLE)
    assert (kept.desired, kept.rev) == (3, "web:13")
    assert (kept.min, kept.max, kept.flags, kept.up, kept.keda) == (
        2, 10, Flags(scheduled=True), "Max", "-",
    )  # fmt: skip
    assert half_way.kept(None) == half_way
    assert half_way.kept(Mark(desired=1)) == half_way, "an autoscaler that is new since"


def test_what_runs_is_not_parked() -> None:
    assert parked(WHOLE, 1) is None
    assert parked(None, 0) is None
    told = parked(WHOLE, 0)
    assert told is not None
    assert (told.desired, told.min, told.max, told.at) == (4, 2, 10, AT)
