"""From findings to causes: what is alike is one, what is over goes, what is explained is folded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from dashborion.models.cause import MEANINGS, Cause, Code, Confidence, Severity
from dashborion.models.instance import InstanceStatus
from dashborion.orchestrators import findings
from dashborion.orchestrators.effects import EXPLAINS, OF_ROLLOUT
from dashborion.orchestrators.findings import Finding, Rule
from tests.unit.kubernetes.raw_kubernetes import instance, pod

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def of(code: Code, *instances: str | None, **more: Any) -> list[Finding]:
    return [Finding(code=code, instance=one, **more) for one in instances or (None,)]


def causes(*told: list[Finding]) -> list[Cause]:
    return findings.causes([one for group in told for one in group], now=NOW)


def codes(*told: list[Finding]) -> list[Code]:
    return [one.code for one in causes(*told)]


def test_the_same_of_several_instances_is_one_cause_told_by_the_newest() -> None:
    (found,) = causes(
        of(Code.OOM, "a", message="old", last_seen=ago(minutes=9), first_seen=ago(minutes=20)),
        of(Code.OOM, "b", message="new", last_seen=ago(minutes=1), count=3),
    )
    assert (found.message, found.instances, found.count) == ("new", ["a", "b"], 4)
    assert (found.first_seen, found.last_seen) == (ago(minutes=20), ago(minutes=1))


def test_what_has_another_key_is_another_cause() -> None:
    assert codes(of(Code.EXIT, key="1"), of(Code.EXIT, key="3")) == [Code.EXIT, Code.EXIT]


def test_the_worst_and_the_surest_of_a_group_count() -> None:
    (found,) = causes(
        of(Code.OOM, severity=Severity.WARNING, confidence=Confidence.CERTAIN),
        of(Code.OOM, confidence=Confidence.POSSIBLE),
    )
    assert (found.severity, found.confidence) == (Severity.ERROR, Confidence.CERTAIN)


@pytest.mark.parametrize(
    ("more", "is_told"),
    [
        ({"stands": False, "last_seen": ago(minutes=59)}, True),
        ({"stands": False, "last_seen": ago(minutes=61)}, False),
        ({"stands": True, "last_seen": ago(days=9)}, True),
        ({"stands": False}, True),
    ],
    ids=["within the hour", "longer ago", "it still is so", "nobody knows when"],
)
def test_what_is_over_is_told_for_an_hour(more: dict[str, Any], is_told: bool) -> None:
    assert bool(causes(of(Code.EXIT, **more))) is is_told


def test_causes_are_ordered_by_severity_confidence_and_age() -> None:
    found = causes(
        of(Code.ZERO),
        of(Code.PREEMPTED, "a", severity=Severity.WARNING),
        of(Code.GATED, "b", first_seen=ago(hours=2)),
        of(Code.CAPACITY, "c", confidence=Confidence.POSSIBLE),
        of(Code.ZONE, "d", first_seen=ago(minutes=1)),
        of(Code.CONFIG_KEY, "e", first_seen=ago(hours=1)),
    )
    assert [one.code for one in found] == [
        Code.CONFIG_KEY, Code.ZONE, Code.CAPACITY, Code.GATED, Code.PREEMPTED, Code.ZERO,
    ]  # fmt: skip


def test_what_a_cause_explains_is_folded_under_it() -> None:
    (found,) = causes(of(Code.IMAGE_AUTH, "a"), of(Code.DEADLINE), of(Code.READINESS, "a"))
    assert (found.code, found.explains) == (Code.IMAGE_AUTH, [Code.DEADLINE, Code.READINESS])


@pytest.mark.parametrize(
    ("cause", "effect"),
    [
        (of(Code.IMAGE_AUTH, "a"), of(Code.READINESS, "b")),
        (of(Code.IMAGE_AUTH, "a", severity=Severity.WARNING), of(Code.READINESS, "a")),
        (of(Code.IMAGE_AUTH, "a", is_old=True), of(Code.DEADLINE)),
        (of(Code.ZERO), of(Code.OOM, "a")),
    ],
    ids=["of another instance", "of what is over", "of an old instance", "of what has no effect"],
)
def test_what_a_cause_does_not_explain_stands_beside_it(
    cause: list[Finding], effect: list[Finding]
) -> None:
    assert len(causes(cause, effect)) == 2


def test_what_an_old_instance_has_explains_the_health_and_no_rollout() -> None:
    old = of(Code.OOM, "a", is_old=True)
    assert codes(old, of(Code.ENDPOINTS_NONE)) == [Code.OOM]
    assert set(codes(old, of(Code.CIRCUIT_BREAKER))) == {Code.OOM, Code.CIRCUIT_BREAKER}


def test_no_cause_explains_itself_by_others() -> None:
    def reached(code: Code, seen: frozenset[Code] = frozenset()) -> frozenset[Code]:
        for effect in EXPLAINS.get(code, frozenset()) - seen:
            seen |= {effect} | reached(effect, seen | {effect})
        return seen

    assert [code for code in Code if code in reached(code)] == []
    assert frozenset(Code) >= OF_ROLLOUT


def test_every_code_has_a_title_of_its_own() -> None:
    titles = [meaning.title for meaning in MEANINGS.values()]
    assert set(MEANINGS) == set(Code)
    assert len(set(titles)) == len(titles)


def test_a_rule_without_its_facts_is_not_asked() -> None:
    class Facts:
        events = None

    rule = Rule[Facts](lambda _: of(Code.OOM), ("events",))
    assert findings.found([rule], Facts()) == []
    Facts.events = []  # type: ignore[assignment]
    assert [one.code for one in findings.found([rule], Facts())] == [Code.OOM]


def test_the_containers_that_ended_last_come_first_one_of_each_name() -> None:
    told = [
        *of(Code.EXIT, "a", container="app", last_seen=ago(minutes=5)),
        *of(Code.OOM, "b", container="app", last_seen=ago(minutes=1)),
        *of(Code.EXIT, "c", container="proxy", last_seen=ago(minutes=3)),
        *of(Code.IMAGE_AUTH, "d", container="app"),
    ]
    assert findings.failed(told) == [("b", "app"), ("c", "proxy")]


def test_of_several_that_ended_at_once_the_log_is_that_of_the_one_that_the_cause_tells() -> None:
    told = [
        *of(Code.OOM, "a", container="app", last_seen=ago(minutes=1), message="a was killed"),
        *of(Code.OOM, "b", container="app", last_seen=ago(minutes=1), message="b was killed"),
    ]
    assert findings.failed(told) == [("a", "app")]
    assert causes(told)[0].message == "a was killed"


def test_reasons_are_causes_in_their_older_form_without_information() -> None:
    found = causes(of(Code.OOM, "a", reason="OOMKilled", message="m"), of(Code.ZERO))
    (told,) = findings.reasons(found)
    assert (told.reason, told.message, told.count, told.instances) == ("OOMKilled", "m", 1, ["a"])


@pytest.mark.parametrize(
    ("instances", "expected"),
    [
        pytest.param([(60, True), (1, False)], 2, id="one is ready, one has just begun"),
        pytest.param([(60, True), (60, False)], 0, id="none has just begun"),
        pytest.param([(60, False), (1, True)], 1, id="one is late"),
        pytest.param([(60, True), (1, None)], 0, id="what has just ended"),
        pytest.param([(None, False)], 0, id="nobody knows when it began"),
    ],
)
def test_instances_that_are_ready_or_may_yet_be(
    instances: list[tuple[int | None, bool | None]], expected: int
) -> None:
    """Minutes since they were made, and whether they are ready; None is of one that has ended."""
    made = [
        msgspec.structs.replace(
            instance(pod()),
            created_at=None if minutes is None else ago(minutes=minutes),
            ready=bool(ready),
            status=InstanceStatus.STOPPED if ready is None else InstanceStatus.PENDING,
        )
        for minutes, ready in instances
    ]
    assert findings.promising(made, NOW) == expected
