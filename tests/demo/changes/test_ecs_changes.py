"""``scale``, ``restart`` and ``stop`` on ECS: what is sent, how often, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.aws_faults import Faults
from tests.support.cli import Cli
from tests.support.fleet_on_ecs import Fleet

UPDATE, STOP = "ecs:UpdateService", "ecs:StopTask"
CHANGES = [
    pytest.param("workloads scale web -r 4", UPDATE, id="scale"),
    pytest.param("workloads restart web", UPDATE, id="restart"),
    pytest.param("instances stop {task}", STOP, id="stop"),
]


def typed(command: str, fleet: Fleet) -> str:
    return command.format(task=fleet.tasks["web"][0].id)


def sent(fleet: Fleet) -> list[dict[str, Any]]:
    return [*fleet.aws.spy.of(UPDATE), *fleet.aws.spy.of(STOP)]


def test_scaling_sends_the_count_and_nothing_else(dashborion: Cli, fleet: Fleet) -> None:
    seen = dashborion("workloads scale web -r 4 -o json")
    assert (seen.exit_code, fleet.service("web").desired_count) == (0, 4)
    assert sent(fleet) == [{"cluster": fleet.cluster.name, "service": "web", "desiredCount": 4}]
    assert seen.json == {
        "action": "scale",
        "project": None,
        "environment": "here",
        "namespace": "media",
        "workload": "web",
        "instance": None,
        "before": 2,
        "after": 4,
        "dryRun": False,
        "rollout": None,
        "type": "ecs-service",
        "seconds": None,
        "revisions": None,
        "managedBy": None,
        "outcome": "done",
        "error": None,
    }


def test_restarting_forces_a_new_deployment(dashborion: Cli, fleet: Fleet) -> None:
    assert dashborion("workloads restart web").exit_code == 0
    told = {"cluster": fleet.cluster.name, "service": "web", "forceNewDeployment": True}
    assert sent(fleet) == [told]


def test_one_task_is_stopped_by_its_id(dashborion: Cli, fleet: Fleet) -> None:
    first, second = fleet.tasks["web"]
    seen = dashborion(f"instances stop web-{first.id[:6]} -o json")
    assert (seen.exit_code, seen.json["instance"], seen.json["before"]) == (0, first.id, "running")
    (told,) = sent(fleet)
    assert told["task"] == first.id
    assert (first.last_status, second.last_status) == ("STOPPED", "RUNNING")


def test_a_task_that_has_stopped_already_is_not_said_to_have_been_stopped(
    dashborion: Cli, fleet: Fleet
) -> None:
    """Doubtful: today it is stopped again, and `before` and `after` are both "stopped"."""
    seen = dashborion(f"instances stop {fleet.tasks['crash'][0].id} -o json")
    assert (seen.exit_code != 0, seen.out) == (True, "")


@pytest.mark.parametrize("command", ["instances stop web-", "instances stop web- -o json"])
def test_an_ambiguous_prefix_stops_nothing(dashborion: Cli, fleet: Fleet, command: str) -> None:
    assert dashborion(command).exit_code == 2
    assert sent(fleet) == []


@pytest.mark.parametrize(("current", "code"), [(2, 0), (3, 1), (0, 1)])
def test_scaling_with_another_current_count_is_a_conflict(
    dashborion: Cli, fleet: Fleet, current: int, code: int
) -> None:
    seen = dashborion(f"workloads scale web -r 4 --current {current} -o json")
    assert (seen.exit_code, len(sent(fleet))) == (code, 1 - code)
    if code:
        assert seen.error["code"] == "conflict"
        assert seen.error["message"] == f"web has 2 replicas, not {current}"


@pytest.mark.parametrize(
    ("words", "code", "replicas"),
    [("-r 6", 0, 6), ("-r 7", 1, 2), ("-r 1", 1, 2), ("-r 7 --force", 0, 7)],
    ids=["inside", "above", "below", "forced"],
)
def test_an_autoscalers_bounds(
    dashborion: Cli, fleet: Fleet, words: str, code: int, replicas: int
) -> None:
    seen = dashborion(f"workloads scale web {words}")
    assert (seen.exit_code, fleet.service("web").desired_count) == (code, replicas)
    assert "between 2 and 6" in seen.err
    assert ("--force" in seen.err) is bool(code)


def test_an_autoscaler_that_may_not_be_asked_for_is_no_obstacle(
    dashborion: Cli, fleet: Fleet
) -> None:
    fleet.aws.faults.deny("application-autoscaling:DescribeScalableTargets")
    seen = dashborion("workloads scale web -r 9")
    assert (seen.exit_code, fleet.service("web").desired_count) == (0, 9)
    assert "warning: " in seen.err


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("scale agent -r 3", "DAEMON"),
        ("scale agent -r 3 --force --dry-run", "DAEMON"),
        ("restart blue-green", "aws deploy create-deployment"),
        ("deploy blue-green --image app:2", "aws deploy create-deployment"),
        ("deploy blue-green --image app:2 --dry-run", "aws deploy create-deployment"),
        ("rollback blue-green --to 1", "aws deploy create-deployment"),
        ("restart external", "aws ecs create-task-set"),
        ("deploy external --image app:2", "aws ecs create-task-set"),
        ("restart draining", "DRAINING"),
        ("scale draining -r 2", "DRAINING"),
    ],
)
def test_a_change_without_effect_is_refused(
    dashborion: Cli, fleet: Fleet, words: str, reason: str
) -> None:
    seen = dashborion(f"workloads {words} -o json")
    assert (seen.exit_code, seen.error["code"], seen.out) == (1, "refused", "")
    assert reason in seen.error["message"]
    assert sent(fleet) == []


@pytest.mark.parametrize("name", ["blue-green", "external"])
def test_the_count_of_a_service_that_others_deploy_can_be_set(
    dashborion: Cli, fleet: Fleet, name: str
) -> None:
    """Bug: UpdateService refuses them a new definition, and takes a desired count."""
    seen = dashborion(f"workloads scale {name} -r 3")
    assert seen.exit_code == 0, seen.err
    assert sent(fleet) == [{"cluster": fleet.cluster.name, "service": name, "desiredCount": 3}]


def test_a_deleted_service_is_not_there(dashborion: Cli, fleet: Fleet) -> None:
    assert dashborion("workloads restart deleted").exit_code == 3
    assert sent(fleet) == []


def test_a_daemon_service_is_restarted(dashborion: Cli, fleet: Fleet) -> None:
    assert dashborion("workloads restart agent").exit_code == 0
    assert len(sent(fleet)) == 1


@pytest.mark.parametrize(("command", "operation"), CHANGES)
def test_a_dry_run_changes_nothing(
    dashborion: Cli, fleet: Fleet, command: str, operation: str
) -> None:
    seen = dashborion(f"{typed(command, fleet)} --dry-run -o json")
    assert (seen.exit_code, seen.json["dryRun"], sent(fleet)) == (0, True, [])
    assert "would " in seen.err


# --- Faults -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("command", "operation"), CHANGES)
def test_a_throttled_change_is_sent_again(
    dashborion: Cli, fleet: Fleet, command: str, operation: str
) -> None:
    fleet.aws.faults.throttle(operation, times=2)
    seen = dashborion(typed(command, fleet))
    assert (seen.exit_code, len(sent(fleet)), len(dashborion.slept)) == (0, 3, 2), seen.err


def test_throttling_that_does_not_end_ends_with_6(dashborion: Cli, fleet: Fleet) -> None:
    dashborion.read_seconds = 60
    fleet.aws.faults.throttle(UPDATE, times=99)
    seen = dashborion("workloads scale web -r 4 -o json")
    assert (seen.exit_code, seen.error["code"], len(sent(fleet))) == (6, "throttled", 5)


LOST = {
    "answer lost": Faults.lose_answer,
    "connection reset": Faults.reset_connection,
    "500": Faults.break_down,
    "garbled": Faults.garble,
}


@pytest.mark.parametrize(("command", "operation"), CHANGES)
@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
@pytest.mark.parametrize("attempts", ["", "9"], ids=["", "AWS_MAX_ATTEMPTS"])
def test_a_change_whose_answer_is_lost_is_sent_once_and_may_have_been_applied(
    dashborion: Cli,
    fleet: Fleet,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    operation: str,
    fault: Any,
    attempts: str,
) -> None:
    if attempts:
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", attempts)
    fault(fleet.aws.faults, operation, times=9)
    seen = dashborion(f"{typed(command, fleet)} -o json")
    assert (seen.exit_code, seen.error["code"], seen.out) == (6, "maybe-applied", "")
    assert "may have been applied" in seen.error["message"]
    assert "look before" in seen.error["hint"]
    assert len(sent(fleet)) == 1


def test_an_answer_that_was_cut_may_have_been_applied(dashborion: Cli, fleet: Fleet) -> None:
    fleet.aws.faults.omit(UPDATE, "service")
    seen = dashborion("workloads restart web --wait -o json")
    assert (seen.exit_code, seen.error["code"], len(sent(fleet))) == (6, "maybe-applied", 1)


@pytest.mark.parametrize(("command", "operation"), CHANGES)
def test_access_denied_is_4_and_sent_once(
    dashborion: Cli, fleet: Fleet, command: str, operation: str
) -> None:
    fleet.aws.faults.deny(operation)
    seen = dashborion(f"{typed(command, fleet)} -o json")
    assert (seen.exit_code, seen.error["code"], len(sent(fleet))) == (4, "forbidden", 1)
    assert operation in seen.error["message"]


@pytest.mark.parametrize(("command", "operation"), CHANGES)
def test_a_token_that_has_expired_is_4(
    dashborion: Cli, fleet: Fleet, command: str, operation: str
) -> None:
    fleet.aws.faults.expire_token(operation)
    seen = dashborion(f"{typed(command, fleet)} -o json")
    assert (seen.exit_code, seen.error["code"], len(sent(fleet))) == (4, "credentials", 1)


def test_an_error_of_ecs_exits_1_with_its_message(dashborion: Cli, fleet: Fleet) -> None:
    fleet.aws.faults.refuse(UPDATE, "ServiceNotActiveException", "Service was not ACTIVE.")
    seen = dashborion("workloads restart web -o json")
    assert (seen.exit_code, len(sent(fleet))) == (1, 1)
    assert "Service was not ACTIVE." in seen.error["message"]
