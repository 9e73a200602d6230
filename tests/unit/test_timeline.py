"""Entries of several workloads in one order, and what repeats in one line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dashborion.engines import timeline
from dashborion.engines.answers import Answer
from dashborion.engines.fleet import Fleet
from dashborion.engines.timeline import grouped, in_order, within
from dashborion.errors import AccessError, DashborionError, Unavailable
from dashborion.models.cause import Cause, Code, Confidence, Evidence, Severity
from dashborion.models.query import Query
from dashborion.models.timeline import Entry, EntryKind, Source
from dashborion.orchestrators.findings import after_changes
from dashborion.orchestrators.protocol import Looked

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


def entry(kind: str, seconds: float | None, summary: str = "x", **more: Any) -> Entry:
    at = None if seconds is None else NOON + timedelta(seconds=seconds)
    return Entry(
        timestamp=at,
        project=None,
        environment=more.pop("environment", "here"),
        namespace=more.pop("namespace", "shop"),
        workload=more.pop("workload", "web"),
        kind=EntryKind(kind),
        severity=Severity.INFO,
        summary=summary,
        source=Source(api="events", object="object"),
        **more,
    )


def test_within_a_second_changes_stand_before_what_they_do() -> None:
    kinds = ["restart", "instance", "node", "alarm", "hook", "scale", "rollout", "config"]
    found = in_order([entry(kind, 0.1 * number) for number, kind in enumerate(kinds)])
    assert [str(one.kind) for one in found] == kinds[::-1]


def test_an_entry_without_a_time_stands_behind_what_it_followed() -> None:
    told = [entry("rollout", 10, "a"), entry("rollout", None, "b"), entry("rollout", 30, "c")]
    other = [entry("rollout", 20, "of another", workload="db")]
    found = [one.summary for one in in_order([*told, *other])]
    assert found == ["a", "b", "of another", "c"]


@pytest.mark.parametrize(
    "other",
    [{"workload": "web", "namespace": "other"}, {"workload": "web", "environment": "there"}],
    ids=["of another namespace", "of another environment"],
)
def test_a_workload_of_the_same_name_is_another_one(other: dict[str, str]) -> None:
    told = [entry("rollout", 10, "a"), entry("rollout", 30, "b")]
    first = entry("rollout", None, "of nobody knows when", **other)
    found = [one.summary for one in in_order([*told, first])]
    assert found == ["of nobody knows when", "a", "b"]


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        pytest.param(-60, None, ["a", "b", "c", "d"], id="all"),
        pytest.param(5, None, ["c", "d"], id="not what was followed by something older"),
        pytest.param(1, 5, ["c"], id="it may have been meanwhile"),
        pytest.param(-60, 1, ["a", "b", "c"], id="not what followed something newer"),
        pytest.param(-60, -1, ["a"], id="nor one before"),
    ],
)
def test_what_has_no_time_was_between_what_stands_around_it(
    since: float, until: float | None, expected: list[str]
) -> None:
    told = [
        entry("rollout", None, "a"), entry("rollout", 0, "b"),
        entry("instance", 2, "made"), entry("rollout", None, "c"),
        entry("rollout", 10, "d"),
    ]  # fmt: skip
    looked = Looked(
        NOON + timedelta(seconds=since),
        None if until is None else NOON + timedelta(seconds=until),
        frozenset({EntryKind.ROLLOUT}),
    )
    assert [one.summary for one in within(in_order(told), looked)] == expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param(
            [("restart", 1, "oom"), ("instance", 2, "made"), ("restart", 3, "oom")],
            [("oom", 2, 3), ("made", 1, None)],
            id="what repeats is counted at its first time",
        ),
        pytest.param(
            [("restart", 1, "oom"), ("rollout", 2, "deployed"), ("restart", 3, "oom")],
            [("oom", 1, None), ("deployed", 1, None), ("oom", 1, None)],
            id="not across a change",
        ),
    ],
)
def test_what_repeats_is_one_line(told: list[Any], expected: list[Any]) -> None:
    found = grouped([entry(*one) for one in told])
    seconds = [one.last_seen and (one.last_seen - NOON).total_seconds() for one in found]
    assert [(one.summary, one.count) for one in found] == [one[:2] for one in expected]
    assert seconds == [one[2] for one in expected]


def test_a_group_of_several_instances_names_none() -> None:
    pods = [entry("restart", n, "oom", instance=f"web-{n}") for n in (1, 2)]
    (one,) = grouped(pods)
    assert (one.instance, one.count) == (None, 2)
    (same,) = grouped([pods[0], pods[0]])
    assert same.instance == "web-1"


def cause(began: datetime | None, severity: Severity = Severity.ERROR) -> Cause:
    return Cause(
        code=Code.OOM, severity=severity, confidence=Confidence.CERTAIN, title="", reason=None,
        message=None, evidence=[], instances=[], count=1, first_seen=began, last_seen=began,
        explains=[], advice=[],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param(cause(NOON), ["second"], id="the last one before it began"),
        pytest.param(cause(NOON - timedelta(hours=3)), ["first"], id="not one that came later"),
        pytest.param(cause(NOON + timedelta(days=2)), [], id="not one of another day"),
        pytest.param(cause(None), [], id="nobody knows when it began"),
        pytest.param(cause(NOON, Severity.WARNING), [], id="no error"),
    ],
)
def test_an_error_has_the_last_change_before_it_as_evidence(
    told: Cause, expected: list[str]
) -> None:
    changes = [
        Evidence(source="web", field="last change", value=value, timestamp=at)
        for value, at in [
            ("second", NOON - timedelta(hours=1)),
            ("unknown", None),
            ("first", NOON - timedelta(hours=4)),
            ("later", NOON + timedelta(hours=1)),
        ]
    ]
    (found,) = after_changes([told], changes)
    assert [one.value for one in found.evidence] == expected


def failed(kind: type[DashborionError], where: str) -> DashborionError:
    error = kind("no")
    error.environment = where
    return error


def test_what_happened_while_an_environment_was_lost_is_told_when_it_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One poll a minute; ``b`` is lost for ten, then both for one; ``c`` is never allowed."""
    late, clock = timedelta(minutes=2), [NOON]
    lost, refused = failed(Unavailable, "b"), failed(AccessError, "c")
    outcomes: list[list[DashborionError]] = [[refused], *[[lost, refused]] * 10, [refused]]
    reported: list[str | None] = []
    asked: list[datetime] = []
    unused: Any = None
    fleet = Fleet(
        [], unused, unused, lambda error: reported.append(error.environment),
        lambda _: None, unused,
    )  # fmt: skip

    def look(watched: Fleet, *_: Any) -> Any:
        asked.append(_[-1].since)
        if not outcomes:
            raise failed(Unavailable, "b") if len(asked) == 13 else KeyboardInterrupt
        failures = outcomes.pop(0)
        for one in failures:
            watched.report(one)
        return Answer([], failures), [entry("rollout", len(asked)), entry("rollout", 0)]

    def sleep(_: float) -> None:
        clock[0] += timedelta(minutes=1)

    monkeypatch.setattr(timeline, "look", look)
    found = timeline.follow(
        fleet, [], Query(), Looked(NOON - timedelta(hours=1)), told=[], now=lambda: clock[0],
        sleep=sleep,
    )  # fmt: skip
    told: list[Entry] = []
    with pytest.raises(KeyboardInterrupt):
        told.extend(one for new in found for one in new)
    assert reported == ["c", "b", "b"]  # once each time that it is lost
    since = [(at + late - NOON).total_seconds() / 60 for at in asked]
    assert since == [0, *[1] * 11, 12, 12]
    assert [(one.timestamp or NOON) - NOON for one in told] == [
        timedelta(seconds=second) for second in (1, 0, *range(2, 13))
    ]
