"""``workloads run`` where the API server makes no pod: a quota, a Job that waits for admission."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.cli import Cli
from tests.support.manifests import deployment
from tests.support.real_namespace import Space


@pytest.fixture
def full(space: Space, here: Any) -> str:
    """A workload of nothing, in a namespace that has no room for a pod."""
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "spec": {"hard": {"pods": "0"}}}
    space.plane.apply(quota | {"metadata": {"name": "none", "namespace": space.name}})
    path = f"/api/v1/namespaces/{space.name}/resourcequotas/none"
    space.plane.wait_for(
        "the quota", lambda: bool(space.plane.request("GET", path)["status"].get("hard"))
    )
    return space.add(deployment("full", replicas=0))


def jobs(space: Space) -> list[Any]:
    path = f"/apis/batch/v1/namespaces/{space.name}/jobs"
    return list(space.plane.request("GET", path)["items"])


def test_a_quota_keeps_it_from_starting(full: str, space: Space, dashborion: Cli) -> None:
    dashborion.step_seconds = 0.3
    seen = dashborion(f"workloads run {full} -o json -- true")
    assert (seen.exit_code, seen.error["code"]) == (7, "not-started"), seen.err
    assert "exceeded quota: none" in seen.error["message"]
    space.plane.wait_for("the Job to be gone", lambda: not jobs(space))


def test_a_suspended_job_waits_and_a_deleted_one_is_over(
    full: str, space: Space, dashborion: Cli
) -> None:
    def path() -> str:
        (job,) = jobs(space)
        return f"/apis/batch/v1/namespaces/{space.name}/jobs/{job['metadata']['name']}"

    def suspend() -> None:
        labels = {"kueue.x-k8s.io/queue-name": "night"}
        space.plane.merge(path(), {"metadata": {"labels": labels}, "spec": {"suspend": True}})

    dashborion.steps = [suspend, lambda: None, lambda: space.plane.request("DELETE", path())]
    seen = dashborion(f"workloads run {full} -o json -- true")
    assert (seen.exit_code, seen.error["code"]) == (7, "not-started"), seen.err
    assert "its Job is suspended: it waits for admission of queue night" in seen.err
    assert "its Job was deleted" in seen.error["message"]
