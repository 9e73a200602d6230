"""What is found of a workload, judged and put into a line: ``engines.verdicts``."""

from __future__ import annotations

from typing import Any

import pytest

from dashborion.engines.verdicts import diagnosis
from dashborion.models.cause import Cause, Code, NotChecked, Severity, Verdict
from dashborion.models.query import is_one_name
from dashborion.models.rollout import Rollout, RolloutState
from dashborion.models.workload import WorkloadStatus
from dashborion.orchestrators.protocol import Examined
from tests.support.causes import AT, cause, examined
from tests.support.render_samples import workload

BLIND = NotChecked(what="instances", permission="list pods", reason="it is forbidden")


def rollout(state: RolloutState, message: str | None = None) -> Rollout:
    return Rollout(state=state, revision="2", message=message)


@pytest.mark.parametrize(
    ("causes", "changes", "expected"),
    [
        pytest.param([], {}, Verdict.HEALTHY, id="nothing is wrong"),
        pytest.param([cause()], {}, Verdict.FAILING, id="an error while all are available"),
        pytest.param(
            [cause(severity=Severity.WARNING)], {}, Verdict.HEALTHY, id="a warning is no failure"
        ),
        pytest.param([cause(Code.BUDGET)], {}, Verdict.HEALTHY, id="information"),
        pytest.param(
            [], {"status": WorkloadStatus.STOPPED, "desired": 0}, Verdict.STOPPED, id="at zero"
        ),
        pytest.param(
            [], {"rollout": rollout(RolloutState.PROGRESSING)}, Verdict.PROGRESSING, id="it rolls"
        ),
        pytest.param(
            [], {"rollout": rollout(RolloutState.PAUSED)}, Verdict.PROGRESSING, id="it is paused"
        ),
        pytest.param(
            [], {"rollout": rollout(RolloutState.FAILED)}, Verdict.FAILING, id="the rollout failed"
        ),
        pytest.param(
            [],
            {"status": WorkloadStatus.DEGRADED, "available": 1},
            Verdict.FAILING,
            id="degraded, and nothing says why",
        ),
        pytest.param(
            [],
            {
                "status": WorkloadStatus.DEGRADED,
                "available": 0,
                "rollout": rollout(RolloutState.PROGRESSING),
            },
            Verdict.PROGRESSING,
            id="not there yet",
        ),
    ],
)
def test_the_verdict(causes: list[Cause], changes: dict[str, Any], expected: Verdict) -> None:
    found = diagnosis(examined(*causes, **changes))
    assert found.verdict is expected
    assert found.since == (AT if expected is Verdict.FAILING and causes else None)


@pytest.mark.parametrize(
    ("causes", "expected"),
    [
        pytest.param([], Verdict.UNKNOWN, id="nobody can say that it is well"),
        pytest.param([cause(Code.QUOTA)], Verdict.FAILING, id="what is seen is wrong"),
    ],
)
def test_instances_that_may_not_be_looked_at(causes: list[Cause], expected: Verdict) -> None:
    found = diagnosis(Examined(item=workload(), causes=causes, not_checked=[BLIND]))
    assert (found.verdict, found.not_checked) == (expected, [BLIND])


def test_a_workload_that_is_degraded_for_no_known_reason_has_a_cause() -> None:
    found = diagnosis(examined(status=WorkloadStatus.DEGRADED, available=1))
    (only,) = found.causes
    assert (only.code, only.count) == (Code.UNAVAILABLE, 1)
    assert only.message == "1 of 2 replicas are available; nothing says why"


@pytest.mark.parametrize(
    ("promising", "causes", "expected"),
    [
        pytest.param(2, [], Verdict.PROGRESSING, id="the other has just begun"),
        pytest.param(1, [], Verdict.FAILING, id="one is missing"),
        pytest.param(2, [cause()], Verdict.FAILING, id="what has just begun fails"),
    ],
)
def test_a_workload_whose_instances_have_just_begun(
    promising: int, causes: list[Cause], expected: Verdict
) -> None:
    """No rollout is under way when one is replaced, or a set is made: nobody is late yet."""
    degraded = workload(status=WorkloadStatus.DEGRADED, available=1)
    found = diagnosis(Examined(item=degraded, causes=causes, promising=promising))
    codes = [one.code for one in found.causes]
    assert (found.verdict, Code.UNAVAILABLE in codes) == (expected, promising == 1)


@pytest.mark.parametrize(
    ("causes", "changes", "expected"),
    [
        pytest.param([], {}, "2 of 2 replicas available", id="healthy"),
        pytest.param([cause()], {}, "out of memory (OOMKilled)", id="of one instance"),
        pytest.param(
            [cause(instances=["a", "b", "c"]), cause(Code.EXIT)],
            {},
            "out of memory (OOMKilled), in 3 instances",
            id="the worst, of several",
        ),
        pytest.param([cause(Code.QUOTA)], {}, "a quota is used up", id="without a word"),
        pytest.param(
            [],
            {"rollout": rollout(RolloutState.PROGRESSING, "1 of 2 updated")},
            "1 of 2 updated",
            id="what a rollout waits for",
        ),
        pytest.param(
            [cause(Code.BUDGET)],
            {"rollout": rollout(RolloutState.FAILED, "it timed out")},
            "it timed out",
            id="a rollout that failed, which information does not explain",
        ),
    ],
)
def test_the_headline(causes: list[Cause], changes: dict[str, Any], expected: str) -> None:
    assert diagnosis(examined(*causes, **changes)).headline == expected


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        pytest.param(["web"], True, id="a name"),
        pytest.param(["shop/deploy/web"], True, id="a whole name"),
        pytest.param([], False, id="everything"),
        pytest.param(["web*"], False, id="a pattern"),
        pytest.param(["*/web"], False, id="a pattern of namespaces"),
        pytest.param(["web", "api"], False, id="two names"),
    ],
)
def test_one_name_without_wildcards_is_looked_at_wholly(
    patterns: list[str], expected: bool
) -> None:
    assert is_one_name(patterns) is expected
