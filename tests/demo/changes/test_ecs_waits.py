"""How a wait ends on ECS, each end with its exit code and its words."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.support.aws import FILE, HERE, write_config
from tests.support.cli import Cli
from tests.support.ecs_mover import Json, Mover
from tests.support.fleet_on_ecs import REGION, Fleet

RESTART = "workloads restart web --wait"


def test_a_completed_deployment_exits_0(dashborion: Cli, web: Mover) -> None:
    dashborion.steps = [web.runs(1), web.runs(2), web.completes]

    seen = dashborion(f"{RESTART} -o json")

    assert seen.exit_code == 0, seen.err
    assert seen.json["rollout"]["state"] == "complete"
    assert len(dashborion.slept) == 3
    assert web.fleet.aws.spy.counts["ecs:UpdateService"] == 1


def test_progress_is_printed_when_it_changes(dashborion: Cli, web: Mover) -> None:
    dashborion.steps = [web.runs(0), web.runs(1), web.runs(1), web.runs(2), web.completes]
    seen = dashborion(RESTART)
    assert [one for one in seen.err.splitlines() if one.startswith("web: ")] == [
        "web: 0 of 2 tasks running",
        "web: 1 of 2 tasks running",
        "web: 2 of 2 tasks running",
        "web: complete: 2 of 2 available",
    ]


def test_a_rollback_is_a_rollback(dashborion: Cli, web: Mover) -> None:
    dashborion.steps = [web.runs(1), web.rolls_back]
    seen = dashborion(f"{RESTART} -o json")
    assert (seen.exit_code, seen.error["code"]) == (7, "rolled-back")
    assert "circuit breaker" in seen.error["message"]


def test_a_rollback_that_only_the_newer_api_remembers(dashborion: Cli, web: Mover) -> None:
    def forgets() -> None:
        web.rolls_back()
        ours: Json = web.service.deployments.pop()
        why = "Service deployment rolled back because the circuit breaker threshold was exceeded."
        ours["serviceDeployment"] = {"status": "ROLLBACK_SUCCESSFUL", "statusReason": why}
        with web.fleet.aws.lock:
            del web.service.deployments[0]["rolloutStateReason"]
            web.service.deployments[0]["createdAt"] = ours["createdAt"].replace(year=2020)
            web.service.earlier_deployments = [ours]  # type: ignore[attr-defined]

    dashborion.steps = [forgets]
    seen = dashborion(f"{RESTART} -o json")
    assert (seen.exit_code, seen.error["code"]) == (7, "rolled-back")
    assert "threshold was exceeded" in seen.error["message"]


def test_a_newer_deployment_supersedes_the_one_waited_for(dashborion: Cli, web: Mover) -> None:
    dashborion.steps = [web.runs(1), web.replaced]
    seen = dashborion(f"{RESTART} -o json")
    assert (seen.exit_code, seen.error["code"]) == (7, "superseded")


def test_a_newer_deployment_that_is_rolled_back_supersedes_it_too(
    dashborion: Cli, web: Mover
) -> None:
    """Bug: the newest service deployment is believed whoever's it is."""

    def theirs_fails() -> None:
        web.replaced()
        web.primary["serviceDeployment"] = {"status": "ROLLBACK_IN_PROGRESS"}

    dashborion.steps = [web.runs(1), theirs_fails]
    seen = dashborion(f"{RESTART} -o json")
    assert (seen.exit_code, seen.error["code"]) == (7, "superseded")


def test_a_deployment_that_fails_without_a_rollback(dashborion: Cli, web: Mover) -> None:
    def fails() -> None:
        why = "ECS deployment circuit breaker: tasks failed to start."
        web.primary.update(rolloutState="FAILED", rolloutStateReason=why)

    dashborion.steps = [fails]
    seen = dashborion(f"{RESTART} -o json")
    assert (seen.exit_code, seen.error["code"]) == (7, "rollout-failed")
    assert "tasks failed to start" in seen.error["message"]


def test_two_tasks_that_end_are_enough_although_ecs_has_forgotten_the_first(
    dashborion: Cli, web: Mover
) -> None:
    said = partial(web.says, "has started 1 tasks.")
    dashborion.steps = [web.task_fails, web.runs(1), said, web.task_fails]
    seen = dashborion(RESTART)
    assert (seen.exit_code, len(dashborion.slept)) == (7, 4)
    assert "error: the process fails (Error) in web-" in seen.err
    (event,) = [one for one in seen.err.splitlines() if one.startswith("event: ")]
    assert re.fullmatch(
        r"event: 20\S+Z service/web: \(service web\) has started 1 tasks.", event
    ), "only what has happened since"


def test_tasks_that_cannot_pull_their_image_end_it(dashborion: Cli, web: Mover) -> None:
    why = "CannotPullContainerError: example.test/app:9: not found"

    def fails() -> None:
        web.task_fails(stop_code="TaskFailedToStart", stopped_reason=why, containers={})

    dashborion.steps = [fails, fails]
    seen = dashborion(f"{RESTART} -o json")
    assert (seen.exit_code, seen.error["code"]) == (7, "rollout-failed")
    assert seen.error["message"].startswith("the image does not exist (CannotPullContainerError)")
    assert "not found" in seen.error["message"]


def test_the_last_words_of_a_failed_task_are_shown(dashborion: Cli, web: Mover) -> None:
    def fails() -> None:
        web.task_fails()
        task = web.fleet.tasks["web"][-1]
        moment = web.fleet.cluster.now
        group = f"/ecs/{web.fleet.cluster.name}/web"
        web.fleet.region.log_stream(group, f"web/app/{task.id}", [(moment, "cannot bind")])

    dashborion.steps = [fails, fails]
    seen = dashborion(RESTART)
    assert seen.exit_code == 7
    assert "cannot bind" in seen.err


@pytest.mark.parametrize(
    ("options", "region", "stream"),
    [
        pytest.param(
            {"awslogs-group": "/other", "awslogs-region": "us-west-2"}
            | {"awslogs-stream-prefix": "p"},
            "us-west-2",
            "p/app/{id}",
            id="another region",
        ),
        pytest.param({"awslogs-group": "/other"}, REGION, "run-1", id="no prefix"),
        pytest.param(None, REGION, "run-1", id="the environment's log_group"),
    ],
)
def test_last_words_are_read_where_the_logs_are(
    dashborion: Cli, web: Mover, options: Json | None, region: str, stream: str
) -> None:
    write_config(Path.home(), {HERE: FILE[HERE] | {"log_group": "/other"}})

    def fails() -> None:
        web.task_fails(containers={"app": {"exitCode": 1, "runtimeId": "run-1"}})
        task = web.fleet.tasks["web"][-1]
        number = int(task.task_definition_arn.rpartition(":")[2])
        (defined,) = web.fleet.cluster.backend.task_definitions["web"][number].container_definitions
        logs = {"logDriver": "awslogs", "options": options}
        defined["logConfiguration"] = logs if options else None
        said = [(web.fleet.cluster.now, "cannot bind")]
        web.fleet.aws.region(region).log_stream("/other", stream.format(id=task.id), said)

    dashborion.steps = [fails, fails]
    seen = dashborion(RESTART)
    assert seen.exit_code == 7
    assert "cannot bind" in seen.err


def test_tasks_that_scaling_stops_have_not_failed(dashborion: Cli, web: Mover) -> None:
    said = f"Scaling activity initiated by (deployment {web.primary['id']})"

    def stops() -> None:
        web.task_fails(stop_code="ServiceSchedulerInitiated", stopped_reason=said)

    dashborion.steps = [stops, stops, stops, web.completes]
    assert dashborion(RESTART).exit_code == 0


def test_the_timeout_ends_it_with_8_and_where_it_stands(dashborion: Cli, web: Mover) -> None:
    dashborion.steps = [web.runs(1)]
    seen = dashborion(f"{RESTART} --timeout 9s -o json")
    assert (seen.exit_code, seen.error["code"]) == (8, "rollout-pending")
    assert "after 9 seconds: 1 of 2 tasks running" in seen.error["message"]
    assert sum(dashborion.slept) == 9


@pytest.mark.parametrize("trouble", ["throttle", "reset_connection", "break_down", "cut_body"])
def test_trouble_during_the_wait_is_ridden_out(dashborion: Cli, web: Mover, trouble: str) -> None:
    def strikes() -> None:
        getattr(web.fleet.aws.faults, trouble)("ecs:DescribeServices", times=10)

    dashborion.steps = [strikes, lambda: None, web.completes]
    seen = dashborion(RESTART)
    assert seen.exit_code == 0, seen.err
    assert "asking again: " in seen.err
    assert web.fleet.aws.spy.counts["ecs:UpdateService"] == 1


@pytest.mark.parametrize("happens", [Mover.is_gone, Mover.drains], ids=["inactive", "draining"])
def test_a_service_that_is_deleted_ends_it(
    dashborion: Cli, web: Mover, happens: Callable[[Mover], None]
) -> None:
    """Bug: one that is DRAINING, with 0 of 0 tasks, is called complete."""
    dashborion.steps = [lambda: happens(web)]
    seen = dashborion(f"{RESTART} -o json --timeout 1m")
    assert (seen.exit_code, seen.error["code"]) == (7, "deleted")


def test_a_rolled_back_service_that_is_well_is_not_waited_for(
    dashborion: Cli, fleet: Fleet
) -> None:
    """Bug: ``status`` says complete, and ``status --wait`` waits until the time is up."""
    assert dashborion("workloads status failed -o json").json["state"] == "complete"
    seen = dashborion("workloads status failed --wait --timeout 1m")
    assert (seen.exit_code, dashborion.slept) == (0, []), seen.err


def test_a_service_without_rollout_state_is_waited_for_by_counting(
    dashborion: Cli, fleet: Fleet
) -> None:
    old = Mover(fleet, "old")
    old.runs(0)()
    dashborion.steps = [lambda: None, old.runs(1)]
    seen = dashborion("workloads status old --wait")
    assert (seen.exit_code, len(dashborion.slept)) == (0, 2), seen.err
