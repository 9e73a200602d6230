"""Workloads to show, without an orchestrator."""

from __future__ import annotations

import pytest

from dashborion.models.workload import Workload, WorkloadStatus
from tests.support.render_samples import workload


@pytest.fixture
def three() -> list[Workload]:
    return [
        workload("web"),
        workload("api", status=WorkloadStatus.DEGRADED, available=1, desired=3),
        workload("job-runner-with-a-long-name", desired=0, available=0, created_at=None),
    ]
