"""What differs between two frames, as lines and as marks."""

from __future__ import annotations

from collections.abc import Hashable

import pytest

from dashborion.engines.watch import RowChange, changes
from dashborion.render.live import Board, Row
from dashborion.render.views.workloads import WORKLOADS
from tests.support.render_samples import workload

OLD, NEW = workload("web"), workload("web", available=1)
COLUMNS = [WORKLOADS.column(key) for key in ("name", "ready", "status", "created")]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({}, {1: OLD}, [RowChange("added", OLD)]),
        ({1: OLD}, {1: OLD}, []),
        ({1: OLD}, {1: workload("web")}, []),
        ({1: OLD}, {1: NEW}, [RowChange("modified", NEW)]),
        ({1: OLD}, {}, [RowChange("deleted", OLD)]),
        ({1: OLD}, {2: NEW}, [RowChange("deleted", OLD), RowChange("added", NEW)]),
    ],
    ids=["new", "the same", "equal", "changed", "gone", "one in the place of another"],
)
def test_what_changed_is_told_once(
    before: dict[Hashable, object], after: dict[Hashable, object], told: list[RowChange]
) -> None:
    assert changes(before, after) == told


def board(*names: str) -> Board:
    shown = Board(COLUMNS)
    shown.advance(rows(*names), fresh=names)
    return shown


def rows(*names: str) -> list[Row]:
    return [Row(name, workload(name)) for name in names]


def signs(shown: Board) -> str:
    return " ".join(f"{row.key}{row.sign}".strip() for row in shown.rows)


def test_the_first_rows_of_an_environment_are_not_marked() -> None:
    assert signs(board("a", "b")) == "a b"


def test_cells_that_changed_are_marked_for_one_frame() -> None:
    shown = board("web")
    shown.advance([Row("web", NEW)])
    assert (shown.rows[0].sign, shown.rows[0].changed) == ("*", frozenset({"ready"}))
    shown.advance([Row("web", NEW)])
    assert (shown.rows[0].sign, shown.rows[0].changed) == (" ", frozenset())


def test_a_change_that_no_column_shows_is_not_marked() -> None:
    shown = board("web")
    shown.advance([Row("web", workload("web", labels={"tier": "front"}))])
    assert signs(shown) == "web"


@pytest.mark.parametrize(
    ("after", "seen", "then"),
    [
        ("b c", "a- b c", "b c"),
        ("a c", "a b- c", "a c"),
        ("a b", "a b c-", "a b"),
        ("", "a- b- c-", ""),
        ("c d", "a- b- c d+", "c d"),
        ("a d c", "a b- d+ c", "a d c"),
    ],
    ids=["the first", "in between", "the last", "all", "some, and a new one", "replaced"],
)
def test_what_is_gone_stays_in_its_place_for_one_frame(after: str, seen: str, then: str) -> None:
    shown = board("a", "b", "c")
    shown.advance(rows(*after.split()))
    assert signs(shown) == seen
    shown.advance(rows(*after.split()))
    assert signs(shown) == then


def test_what_comes_back_is_new() -> None:
    shown = board("a", "b")
    shown.advance(rows("a"))
    shown.advance(rows("a", "b"))
    assert signs(shown) == "a b+"
