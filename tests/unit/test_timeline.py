"""Entries of several workloads in one order, and what repeats in one line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dashborion.engines.timeline import grouped, in_order
from dashborion.models.cause import Cause, Code, Confidence, Evidence, Severity
from dashborion.models.timeline import Entry, EntryKind, Source
from dashborion.orchestrators.findings import after_changes

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


def entry(kind: str, seconds: float | None, summary: str = "x", **more: Any) -> Entry:
    at = None if seconds is None else NOON + timedelta(seconds=seconds)
    return Entry(
        timestamp=at,
        project=None,
        environment="here",
        namespace="shop",
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
