"""``workloads stop`` and ``start`` of a service: in which order, and whatever comes in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import pytest

from dashborion.orchestrators.parking import TAG
from tests.support.aws import point_at, skip_naps
from tests.support.aws_objects import CLUSTER, Json, arn, definition, deployment, service, task
from tests.support.aws_parking import FLAGS, Parked, target
from tests.support.cli import Cli
from tests.support.killed import killed_after

NIGHT = datetime(2026, 11, 27, 2, tzinfo=UTC)
SCALED = target("web", 2, 10)
MARK = "desired=4 min=2 max=10 in=0 out=0 sched=0 at=2026-11-27T02:00:00Z rev=web:1"
STOPPED = (0, MARK, (0, 10, True, True, True))
Serve = Callable[..., Parked]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch, dashborion: Cli) -> Iterator[Serve]:
    skip_naps(monkeypatch)
    dashborion.moment = NIGHT
    with ExitStack() as stack:
        started: list[Parked] = []

        def start(scaling: Json | None = SCALED, **more: Any) -> Parked:
            copy = scaling and {**scaling, "SuspendedState": dict(scaling["SuspendedState"])}
            made = Parked(scaling=copy, definitions=[definition("web")], **more)
            started.append(stack.enter_context(made))
            point_at(monkeypatch, made, cluster=CLUSTER)
            return made

        yield start
        assert [one.wrong for one in started] == [[] for _ in started]


SCALINGS = {
    "no autoscaler": None,
    "an autoscaler": SCALED,
    "one that is suspended in part": target("web", 2, 10, FLAGS[2]),
    "one that was suspended, from zero": target("web", 0, 10, *FLAGS),
}


@pytest.mark.parametrize("scaling", SCALINGS.values(), ids=SCALINGS)
def test_what_is_stopped_and_started_is_as_it_was(
    dashborion: Cli, serve: Serve, scaling: Json | None
) -> None:
    aws = serve(scaling)
    before = aws.state
    seen = dashborion("workloads stop web --wait -o json")
    assert (seen.exit_code, seen.json["outcome"], seen.json["after"]) == (0, "done", 0), seen.err
    count, mark, suspended = aws.state
    assert (count, (mark or "").split()[0]) == (0, "desired=4")
    if scaling is not None:
        assert suspended == (0, 10, True, True, True)
    seen = dashborion("workloads start web --wait -o json")
    assert (seen.exit_code, seen.json["after"]) == (0, 4), seen.err
    assert aws.state == before


def test_each_write_is_sent_once_and_in_an_order_that_loses_nothing(
    dashborion: Cli, serve: Serve
) -> None:
    aws = serve()
    dashborion("workloads stop web")
    assert (aws.sent, aws.state) == (["tag", "register", "update"], STOPPED)
    (asked,) = aws.spy.of("application-autoscaling:RegisterScalableTarget")
    assert asked["MinCapacity"] == 0
    assert asked["SuspendedState"] == dict.fromkeys(FLAGS, True)
    assert "stopped (was 4)" in dashborion("workloads list", tty=True).out
    (row,) = dashborion("workloads list -o json").json
    told = {"desired": 4, "min": 2, "max": 10, "at": "2026-11-27T02:00:00Z"}
    assert (row["status"], row["parked"]) == ("stopped", told)
    aws.spy.reset()
    dashborion("workloads start web")
    assert aws.sent == ["update", "register", "untag"]


@pytest.mark.parametrize(
    ("writes", "then"), [(1, "stop"), (1, "start"), (2, "stop"), (2, "start"), (3, "start")]
)
def test_a_stop_that_was_killed_is_ended_or_taken_back(
    dashborion: Cli, serve: Serve, writes: int, then: str
) -> None:
    aws = serve()
    before = aws.state
    with killed_after(writes):
        assert dashborion("workloads stop web").exit_code == 130
    assert dashborion(f"workloads {then} web").exit_code == 0
    assert aws.state == (STOPPED if then == "stop" else before)


@pytest.mark.parametrize("writes", [1, 2])
def test_a_start_that_was_killed_is_ended_or_taken_back(
    dashborion: Cli, serve: Serve, writes: int
) -> None:
    aws = serve()
    before = aws.state
    dashborion("workloads stop web")
    with killed_after(writes):
        assert dashborion("workloads start web").exit_code == 130
    assert dashborion("workloads stop web").exit_code == 0
    assert aws.state == STOPPED
    with killed_after(writes):
        assert dashborion("workloads start web").exit_code == 130
    assert dashborion("workloads start web").exit_code == 0
    assert aws.state == before


@pytest.mark.parametrize(
    "operation", ["ecs:TagResource", "*:RegisterScalableTarget", "ecs:UpdateService"]
)
@pytest.mark.parametrize("is_lost", [True, False], ids=["its answer is lost", "it is refused"])
def test_a_write_that_fails_leaves_nothing_behind_or_says_what_to_do(
    dashborion: Cli, serve: Serve, operation: str, is_lost: bool
) -> None:
    """What was refused was not done, and what was done before it is taken back."""
    aws = serve()
    before = aws.state
    if is_lost:
        aws.faults.lose_answer(operation)
    else:
        aws.faults.deny(operation, times=1)
    seen = dashborion("workloads stop web")
    assert seen.exit_code == (6 if is_lost else 4)
    if not is_lost:
        assert aws.state == before
        assert operation != "ecs:TagResource" or aws.sent == ["tag"]
    else:
        assert "look before" in seen.err
        assert dashborion("workloads stop web").exit_code == 0
        assert aws.state == STOPPED


MEANWHILE = {
    "scales": lambda aws: aws.count(5),
    "deploys": lambda aws: aws.web.update(
        deployments=[deployment(id="ecs-svc/2", taskDefinition=arn("task-definition", "web:2"))]
    ),
    "is another stop": lambda aws: aws.web.update(
        tags=[{"key": "dashborion:parked", "value": "desired=4"}]
    ),
}


@pytest.mark.parametrize("somebody", MEANWHILE.values(), ids=MEANWHILE)
def test_what_somebody_does_between_plan_and_stop_is_a_conflict(
    dashborion: Cli, serve: Serve, somebody: Callable[[Parked], None]
) -> None:
    """The tasks are asked for after the plan."""
    aws = serve()

    def then(_: object, do: Callable[[], Any]) -> Any:
        somebody(aws)
        return do()

    aws.faults.add("*:DescribeScheduledActions", then, 1)
    seen = dashborion("workloads stop web")
    assert (seen.exit_code, aws.sent) == (1, []), seen.err


def test_an_autoscaler_that_acts_in_the_middle_takes_the_stop_back(
    dashborion: Cli, serve: Serve
) -> None:
    aws = serve()

    def grows(_: object, do: Callable[[], Any]) -> Any:
        aws.count(5)
        return do()

    aws.faults.add("*:RegisterScalableTarget", grows, 1)
    seen = dashborion("workloads stop web")
    assert (seen.exit_code, "web has 5 replicas, not 4" in seen.err) == (1, True)
    assert aws.state == (5, None, (2, 10, False, False, False))


def test_what_a_mark_holds_of_bounds_is_never_overwritten(dashborion: Cli, serve: Serve) -> None:
    aws = serve()
    dashborion("workloads stop web")
    aws.count(3)  # somebody starts it by hand; its scaling is as the stop has left it
    assert dashborion("workloads list -o json").json[0]["parked"] is None
    assert dashborion("workloads stop web").exit_code == 0
    assert aws.state == (0, MARK.replace("desired=4", "desired=3"), STOPPED[2])


def test_a_count_that_was_raised_stays_and_the_rest_comes_back(
    dashborion: Cli, serve: Serve
) -> None:
    aws = serve()
    dashborion("workloads stop web")
    aws.count(3)
    seen = dashborion("workloads start web")
    assert (seen.exit_code, aws.state) == (0, (3, None, (2, 10, False, False, False)))
    assert "3 replicas already" in seen.err


def test_bounds_that_somebody_has_set_meanwhile_are_kept_and_told(
    dashborion: Cli, serve: Serve
) -> None:
    aws = serve()
    dashborion("workloads stop web")
    aws.scaling.update(MaxCapacity=6)  # type: ignore[union-attr]
    seen = dashborion("workloads start web")
    assert (seen.exit_code, aws.state) == (0, (4, None, (0, 6, False, False, False)))
    assert "the bounds 0 to 6 since, which are kept" in seen.err


def test_a_count_that_is_raised_during_the_wait_was_reverted_and_the_mark_goes(
    dashborion: Cli, serve: Serve
) -> None:
    aws = serve()
    aws.runs_on = 4
    dashborion.steps = [lambda: aws.count(4)]
    seen = dashborion("workloads stop web --wait -o json")
    assert (seen.exit_code, seen.error["code"]) == (7, "superseded")
    assert "reverted by somebody" in seen.error["message"]
    assert aws.state == (4, None, (2, 10, False, False, False))


def test_protected_tasks_are_named_in_the_plan_and_end_the_wait(
    dashborion: Cli, serve: Serve
) -> None:
    tasks = [task(n, "web") for n in range(2)]
    until = 1_796_000_000
    aws = serve(count=2, tasks=tasks, protected={one["taskArn"]: until for one in tasks})
    aws.runs_on = 2
    seen = dashborion("workloads stop web --wait")
    assert (seen.exit_code, aws.web["desiredCount"]) == (8, 0)
    assert seen.err.count("2 tasks are protected until 2026-11-30T00:53:20Z") >= 2


def test_scheduled_actions_that_will_do_nothing_are_named(dashborion: Cli, serve: Serve) -> None:
    night = {"ScheduledActionName": "night", "Schedule": "cron(0 3 * * ? *)"}
    over = {"ScheduledActionName": "sale", "Schedule": "at(2025-01-01)", "EndTime": 1_700_000_000}
    serve(scheduledActions=[night, over])
    seen = dashborion("workloads stop web --dry-run")
    assert "scheduled action night (cron(0 3 * * ? *)) does nothing" in seen.err
    assert "sale" not in seen.err


def test_with_jobs_the_schedules_on_the_cluster_are_named(dashborion: Cli, serve: Serve) -> None:
    ours = {"Name": "report", "Target": {"Arn": arn("cluster", CLUSTER)}}
    other = {"Name": "foreign", "Target": {"Arn": "arn:aws:lambda:::x"}}
    aws = serve(schedules=[ours, other], **{"rules of events": ["nightly"]})
    seen = dashborion("workloads stop 'w*' --with-jobs --yes -o json")
    assert (seen.exit_code, aws.state[0], len(seen.json)) == (0, 0, 1), seen.err
    assert "rule nightly of EventBridge goes on" in seen.err
    assert "schedule report of EventBridge goes on" in seen.err
    assert "foreign" not in seen.err


def test_scaling_that_the_mark_does_not_hold_stays_suspended_and_that_is_said(
    dashborion: Cli, serve: Serve
) -> None:
    tags = [{"key": TAG, "value": "desired=2 min=-1"}]
    serve(target("web", 0, 10, *FLAGS), services=[service("web", count=0, tags=tags)])
    seen = dashborion("workloads start web")
    assert (seen.exit_code, "its autoscaler stays suspended" in seen.err) == (0, True), seen.err


BY_NAME = {
    "nothing remembers": ("start", {}, 2, "-r 2`, its autoscaler's minimum"),
    "nobody can read what remembers": (
        "start", {"desiredCount": 0, "tags": [{"key": TAG, "value": "desired=-3"}]}, 1,
        "nobody can read what `workloads stop` has left on it: 'desired=-3'",
    ),
    "a daemon": ("stop", {"schedulingStrategy": "DAEMON"}, 2, "DAEMON service"),
    "an old ARN": ("stop", {"serviceArn": f"arn:aws:ecs:eu-west-3:{'1' * 12}:service/web"},
                   1, "old format"),
    "a rollout": ("stop", {"deployments": [deployment(rolloutState="IN_PROGRESS",
                                                      rolloutStateReason="in progress")]},
                  1, "--force stops it"),
}  # fmt: skip


@pytest.mark.parametrize(("verb", "fields", "code", "said"), BY_NAME.values(), ids=BY_NAME)
def test_what_cannot_be_stopped_or_started_is_refused_by_name(
    dashborion: Cli, serve: Serve, verb: str, fields: Json, code: int, said: str
) -> None:
    aws = serve(services=[service("web", count=4, tags=[]) | fields])
    seen = dashborion(f"workloads {verb} web")
    assert (seen.exit_code, aws.sent) == (code, []), seen.err
    assert said in seen.err


def test_force_stops_in_the_middle_of_a_rollout(dashborion: Cli, serve: Serve) -> None:
    rolling = deployment(rolloutState="IN_PROGRESS", taskDefinition=arn("task-definition", "web:1"))
    aws = serve(services=[service("web", count=4, tags=[], deployments=[rolling])])
    assert dashborion("workloads stop web --force").exit_code == 0
    assert aws.web["desiredCount"] == 0


def test_an_autoscaler_that_may_not_be_read_is_not_forgotten(dashborion: Cli, serve: Serve) -> None:
    aws = serve()
    aws.faults.deny("*:DescribeScalableTargets")
    seen = dashborion("workloads stop web -o json")
    assert (seen.exit_code, aws.sent, seen.error["code"]) == (1, [], "refused")


def test_what_is_stopped_is_neither_scaled_nor_copied_and_a_deploy_says_so(
    dashborion: Cli, serve: Serve
) -> None:
    serve()
    dashborion("workloads stop web")
    seen = dashborion("workloads scale web -r 2")
    assert (seen.exit_code, "workloads start service/web" in seen.err) == (1, True)
    seen = dashborion("workloads deploy web --image example.test/app:2 --dry-run")
    assert "it is stopped" in seen.err


def test_a_mark_that_nobody_can_read_is_none(dashborion: Cli, serve: Serve) -> None:
    aws = serve(services=[service("web", count=0, tags=[
        {"key": "dashborion:parked", "value": "min=2 at=never"}])])  # fmt: skip
    assert dashborion("workloads list -o json").json[0]["parked"] is None
    assert dashborion("workloads start web").exit_code == 1
    assert aws.sent == []
