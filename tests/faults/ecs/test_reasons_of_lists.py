"""What a list of services says of those that are not well, by the tasks that have stopped."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.ecs.conftest import Serve
from tests.faults.ecs.test_causes import NOW, OLD, stopped, unstarted, web
from tests.support.aws_objects import Json, definition, service
from tests.support.cli import Cli, Result

EXITED = {"exitCode": 1}


def listed(dashborion: Cli, serve: Serve, options: str, *tasks: Json, of: Json) -> Result:
    idle = service("idle", count=0)
    serve(services=[of, idle], tasks=list(tasks), definitions=[definition("web")])
    return dashborion(f"workloads list {options}", now=NOW)


@pytest.mark.parametrize(
    ("tasks", "of", "expected"),
    [
        pytest.param([], web(2), (None, None, 0), id="well"),
        pytest.param(
            [unstarted(1), unstarted(2)], web(2),
            ("CannotPullContainerError", "image-not-found", 2),
            id="an image that is not there, while the old tasks run",
        ),
        pytest.param(
            [stopped(1, EXITED), stopped(2, EXITED)], web(1), ("Error", "exit", 2), id="a crash",
        ),
        pytest.param(
            [stopped(1, EXITED, startedBy=OLD)], web(2), (None, None, 0),
            id="a task of an older deployment is no restart",
        ),
        pytest.param(
            [stopped(1, EXITED, stopCode="ServiceSchedulerInitiated",
                     stoppedReason="Task failed ELB health checks in (target-group web)")],
            web(2), ("FailedHealthChecks", "target-unhealthy", 1),
            id="one that was stopped for its health",
        ),
        pytest.param([], web(1), (None, "unavailable", 0), id="nothing says why"),
        pytest.param([], web(1, pendingCount=1), (None, None, 0), id="one is on its way"),
    ],
)  # fmt: skip
def test_reason_cause_and_restarts(
    dashborion: Cli, serve: Serve, tasks: list[Json], of: Json, expected: tuple[Any, ...]
) -> None:
    seen = listed(dashborion, serve, "web -o json", *tasks, of=of)
    (found,) = seen.json
    assert (found["reason"], found["cause"], found["restarts"]) == expected
    problems = dashborion("workloads list --problems -o name", now=NOW)
    assert problems.lines == (["web"] if expected[1] else [])


def test_status_tells_the_tasks_of_no_service_that_failed(dashborion: Cli, serve: Serve) -> None:
    by_hand: dict[str, Any] = {"group": "family:web", "startedBy": "somebody"}
    tasks = [
        stopped(1, EXITED, minutes=9, **by_hand),
        stopped(2, {"exitCode": 0}, **by_hand),
        stopped(3, {"exitCode": 137}, stopCode="UserInitiated", stoppedReason="enough", **by_hand),
        unstarted(4, **by_hand),
    ]
    aws = serve(services=[web(2)], tasks=tasks, definitions=[definition("web")])
    (found,) = dashborion("status -o json", now=NOW).json
    assert found["workloads"] == {"running": 1, "degraded": 0, "stopped": 0}
    assert (found["verdict"], found["problems"], found["notChecked"]) == ("healthy", [], [])
    assert [(one["kind"], one["reason"]) for one in found["failed"]] == [
        ("task", "CannotPullContainerError"),
        ("task", "Error"),
    ]
    assert aws.spy.counts["ecs:ListTasks"] == 2  # those that run, and those that have stopped
