"""Workloads to show, without an orchestrator."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dashborion.models.cause import Code
from dashborion.models.workload import Workload, WorkloadStatus
from tests.support.render_samples import NOW, workload


@pytest.fixture
def three() -> list[Workload]:
    return [
        workload("web", restarts=0, updated_at=NOW - timedelta(days=2)),
        workload(
            "api", status=WorkloadStatus.DEGRADED, available=1, desired=3, restarts=13,
            reason="CrashLoopBackOff", cause=Code.EXIT, updated_at=NOW - timedelta(minutes=9),
        ),
        workload("job-runner-with-a-long-name", desired=0, available=0, created_at=None),
    ]  # fmt: skip
