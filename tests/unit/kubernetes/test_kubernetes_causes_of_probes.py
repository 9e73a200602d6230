"""What probes do to containers, and which of their words are no cause."""

from __future__ import annotations

from typing import Any

import pytest

from dashborion.orchestrators.kubernetes import wire
from tests.unit.kubernetes.raw_kubernetes import (
    Raw,
    condition,
    ending,
    pod,
    reported,
    running,
    waiting,
)
from tests.unit.kubernetes.raw_kubernetes_causes import ago, codes, event, found

STATUS = "probe failed: HTTP probe failed with statuscode: 503"
PROBE = {"httpGet": {"path": "/live", "port": "http"}, "periodSeconds": 10, "failureThreshold": 3}


def with_probes(reported_: Raw, **more: Any) -> wire.Pod:
    names = ("livenessProbe", "readinessProbe")
    return pod(
        reported_, spec={"containers": [{"name": "app"} | dict.fromkeys(names, PROBE)]}, **more
    )


def runs(began: str, **more: Any) -> Raw:
    more = {"ready": True, "started": True, **more}
    return reported("app", {"running": {"startedAt": began}}, **more)


def unready(turned: str = ago(minutes=30), began: str = ago(hours=1), **more: Any) -> wire.Pod:
    status = runs(began, ready=False, **more)
    said = condition("Ready", "False", reason="ContainersNotReady", message="unready: [app]")
    said["lastTransitionTime"] = turned
    return with_probes(status, conditions=[said])


def killed(**state: Any) -> Raw:
    ended = ending(137, "Error", startedAt=ago(minutes=4), finishedAt=ago(minutes=2))
    return waiting(reason="CrashLoopBackOff", restartCount=3, lastState={"terminated": ended},
                   **state)  # fmt: skip


def killing(word: str, at: str = ago(minutes=2, seconds=30)) -> list[Raw]:
    return [
        event("Unhealthy", f"{word.capitalize()} {STATUS}", at=at),
        event("Killing", f"Container app failed {word} probe, will be restarted", at=at),
    ]


@pytest.mark.parametrize(
    ("events", "code", "words"),
    [
        (killing("liveness"), "liveness", "statuscode: 503"),
        (killing("startup"), "startup-probe", "statuscode: 503"),
        ([event("FailedPostStartHook", "PostStartHook failed", at=ago(minutes=3)),
          event("Killing", "FailedPostStartHook", at=ago(minutes=3))],
         "hook-failed", "PostStartHook failed"),
    ],
    ids=["liveness", "startup", "hook"],
)  # fmt: skip
def test_a_kill_is_told_by_what_has_led_to_it(events: list[Raw], code: str, words: str) -> None:
    (finding,) = found(with_probes(killed()), events=events)
    assert finding.code == code
    assert words in (finding.message or "")
    assert "137" in [one.value for one in finding.evidence], "the end is its evidence"


def test_the_probe_is_evidence_of_the_kill() -> None:
    (finding,) = found(with_probes(killed()), events=killing("liveness"))
    assert finding.evidence[-1].field == "spec.containers[app].livenessProbe"
    assert finding.evidence[-1].value.startswith("/live on port http, timeout 1s, period 10s")


@pytest.mark.parametrize(
    ("status", "events", "severity"),
    [
        (runs(ago(minutes=10)),
         killing("liveness", at=ago(minutes=1)), None),
        (runs(ago(minutes=20), restartCount=1,
                 lastState={"terminated": ending(137, startedAt=ago(hours=5),
                                                 finishedAt=ago(minutes=20))}),
         killing("liveness", at=ago(minutes=21)), "warning"),
    ],
    ids=["is-being-killed", "runs-again"],
)  # fmt: skip
def test_how_bad_a_kill_is(status: Raw, events: list[Raw], severity: str | None) -> None:
    (finding,) = found(with_probes(status), events=events)
    assert (finding.code, finding.severity) == ("liveness", severity)


def test_a_kill_of_an_earlier_run_is_not_why_this_one_has_ended() -> None:
    assert codes(with_probes(killed()), events=killing("liveness", ago(minutes=30))) == ["exit-137"]


@pytest.mark.parametrize(
    ("words", "code", "confidence"),
    [
        (STATUS, "readiness-status", "certain"),
        ("probe failed: dial tcp: connection refused", "readiness-refused", "certain"),
        ("probe failed: context deadline exceeded", "readiness-timeout", "certain"),
        ("probe failed: not yet", "readiness", "certain"),
        ("probe errored and resulted in unknown state: connection refused", "readiness", "likely"),
    ],
)
def test_a_readiness_probe_that_fails(words: str, code: str, confidence: str) -> None:
    (finding,) = found(unready(), events=[event("Unhealthy", f"Readiness {words}")])
    assert (finding.code, finding.confidence, finding.severity) == (code, confidence, None)
    assert finding.message == f"Readiness {words}"


def test_without_events_the_condition_says_so() -> None:
    (finding,) = found(unready())
    assert (finding.code, finding.confidence) == ("readiness", "likely")
    assert finding.message == "unready: [app]"


@pytest.mark.parametrize(
    ("item", "at"),
    [
        (with_probes(running()), ago(minutes=1)),
        (unready(began=ago(seconds=20)), ago(seconds=5)),
        (unready(started=False), ago(minutes=1)),
        (with_probes(running(ready=False), meta={"deletionTimestamp": ago(seconds=5)}),
         ago(minutes=1)),
    ],
    ids=["ready", "within-its-start", "before-its-startup-probe", "deleted"],
)  # fmt: skip
def test_words_of_probes_that_are_no_cause(item: wire.Pod, at: str) -> None:
    assert codes(item, events=[event("Unhealthy", f"Readiness {STATUS}", at=at)]) == []


def test_words_from_before_it_was_last_ready_are_not_why_it_is_unready() -> None:
    old = event("Unhealthy", f"Readiness {STATUS}", at=ago(minutes=50))
    assert codes(unready(turned=ago(minutes=30)), events=[old]) == ["readiness"]


def test_one_that_was_never_ready_may_still_become_so() -> None:
    began = ago(seconds=90)
    (finding,) = found(never_ready(began), events=[event("Unhealthy", f"Readiness {STATUS}")])
    assert finding.severity == "warning"


def never_ready(began: str) -> wire.Pod:
    raw = runs(began, ready=False)
    said = condition("Ready", "False", reason="ContainersNotReady") | {"lastTransitionTime": began}
    return with_probes(raw, conditions=[said], status={"startTime": began})


GATE = 'the status of pod readiness gate "example.com/open" is not "True", but False'


@pytest.mark.parametrize(
    ("gates", "message"),
    [
        ([], GATE),
        ([condition("example.com/open", "False", message="no healthy target")],
         "no healthy target"),
        ([condition("example.com/open", "Unknown", message="nobody knows")], GATE),
    ],
    ids=["absent", "false", "unknown"],
)  # fmt: skip
def test_a_gate_that_is_not_open(gates: list[Raw], message: str) -> None:
    said = condition("Ready", "False", reason="ReadinessGatesNotReady", message=GATE)
    (finding,) = found(pod(conditions=[said, *gates]))
    assert (finding.code, finding.message) == ("readiness-gate", message)
