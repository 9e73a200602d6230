"""What a wait that fails or runs out of time says on ECS: of its own tasks, and since it began."""

from __future__ import annotations

from typing import Any

from tests.faults.ecs.conftest import Serve
from tests.support.aws_objects import CREATED, definition, deployment, service, task
from tests.support.cli import Cli

OLD = {"id": "1", "createdAt": CREATED - 3600, "message": "(service web) was unable to place."}
OURS = {"id": "2", "createdAt": CREATED + 60, "message": "(service web) has started 1 tasks."}


def missing(**more: Any) -> dict[str, Any]:
    """A service whose rollout is over and of whose tasks none runs."""
    gone = [deployment(runningCount=0, **more)]
    return service("web", runningCount=0, deployments=gone, events=[OURS, OLD])


def test_status_is_not_complete_while_tasks_are_missing(serve: Serve, dashborion: Cli) -> None:
    serve(services=[missing()], definitions=[definition("web")])
    told = dashborion("workloads status web -o json").json
    assert (told["state"], told["message"]) == ("progressing", "0 of 1 tasks running")
    listed = dashborion("workloads list -o json").json[0]
    assert (listed["status"], listed["rollout"]["state"]) == ("degraded", "complete")


def test_a_timeout_says_why_and_what_has_happened_since(serve: Serve, dashborion: Cli) -> None:
    ours = deployment()["id"]
    stopped = task(
        1,
        "web",
        startedBy=ours,
        lastStatus="STOPPED",
        desiredStatus="STOPPED",
        stopCode="TaskFailedToStart",
        stoppedReason="CannotPullContainerError: not found",
    )
    serve(services=[missing()], definitions=[definition("web")], tasks=[stopped])
    seen = dashborion("workloads status web --wait --timeout 0s --fail-crashes 9")
    assert seen.exit_code == 8
    assert "0 of 1 tasks running" in seen.err
    assert "CannotPullContainerError" in seen.err.splitlines()[-2]
    (event,) = [one for one in seen.err.splitlines() if one.startswith("event: ")]
    assert event.endswith("service/web: (service web) has started 1 tasks.")
    assert event.startswith("event: 2026-")
