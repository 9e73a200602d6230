"""Causes, and what adapters find, without an orchestrator."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from dashborion.models.cause import (
    MEANINGS,
    Advice,
    Cause,
    Code,
    Confidence,
    Diagnosis,
    Evidence,
    LogTail,
    NotChecked,
    Verdict,
)
from dashborion.models.workload import Workload
from dashborion.orchestrators.protocol import Examined
from tests.support.render_samples import NOW, workload

AT = NOW - timedelta(minutes=4)


def cause(code: Code = Code.OOM, **changes: Any) -> Cause:
    """A cause as certain and as bad as its code is, of one instance."""
    fields: dict[str, Any] = {
        "severity": MEANINGS[code].severity,
        "confidence": Confidence.CERTAIN,
        "title": MEANINGS[code].title,
        "reason": "OOMKilled" if code is Code.OOM else None,
        "message": "web exited with 137" if code is Code.OOM else None,
        "evidence": [
            Evidence(source="pod/web-1", field="status.reason", value="OOMKilled", timestamp=AT)
        ],
        "instances": ["web-1"],
        "count": 1,
        "first_seen": AT,
        "last_seen": AT,
        "explains": [],
        "advice": [Advice(text="read what it wrote", command="dashborion instances logs web-1")],
    }
    return Cause(code=code, **{**fields, **changes})


def examined(*causes: Cause, name: str = "web", **changes: Any) -> Examined[Workload]:
    """What an adapter has found of a workload; ``changes`` are of the workload."""
    return Examined(item=workload(name, **changes), causes=causes)


def diagnosis(*causes: Cause, **changes: Any) -> Diagnosis:
    """A diagnosis to show."""
    fields: dict[str, Any] = {
        "project": "shop",
        "environment": "staging",
        "namespace": "shop",
        "workload": "web",
        "instance": None,
        "type": "k8s-deployment",
        "verdict": Verdict.FAILING if causes else Verdict.HEALTHY,
        "since": AT if causes else None,
        "headline": causes[0].title if causes else "2 of 2 replicas available",
        "causes": list(causes),
        "log": [],
        "checked": ["instances", "events"],
        "not_checked": [],
    }
    return Diagnosis(**{**fields, **changes})


def tail(*lines: str) -> LogTail:
    return LogTail(instance="web-1", container="web", lines=list(lines))


FORBIDDEN = NotChecked(what="nodes", permission="list nodes", reason="it is forbidden")
