"""What is wrong with a service and its tasks, as ``describe`` tells it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dashborion.config.environments import Choice
from dashborion.context import Context
from dashborion.engines import diagnosis
from dashborion.models.cause import Diagnosis
from dashborion.models.query import Query
from dashborion.streams import Streams
from tests.faults.ecs.conftest import Serve
from tests.support.aws_objects import CREATED, Json, definition, deployment, service, task
from tests.support.cli import Cli

NOW = datetime.fromtimestamp(CREATED, UTC) + timedelta(hours=1)
PULL = "CannotPullContainerError: example.test/web:9: not found"
ENDED, EXITED = "EssentialContainerExited", "Essential container in task exited"
OLD = "ecs-svc/1"
UNPLACED = "was unable to place a task because no container instance met all of its requirements."
NO_CPU = f"{UNPLACED} The closest matching (container-instance 1) has insufficient CPU units."
STARTED = "has started 1 tasks: (task 01)."


def stopped(number: int, *ends: Json, minutes: float = 5, **more: Any) -> Json:
    """A task that stopped so many minutes ago, whose containers ended in these ways."""
    containers = [
        {"name": "app" if at == 0 else f"side{at}", "lastStatus": "STOPPED", **end}
        for at, end in enumerate(ends)
    ]
    at = CREATED + 3600 - minutes * 60
    over = {"lastStatus": "STOPPED", "desiredStatus": "STOPPED", "stoppedAt": at}
    why = {"stopCode": ENDED, "stoppedReason": EXITED}
    return task(number << 104, "web", **over | why | {"containers": containers} | more)


def unstarted(number: int, said: str = PULL, **more: Any) -> Json:
    return stopped(number, {}, **{"stopCode": "TaskFailedToStart", "stoppedReason": said} | more)


def web(running: int = 0, *sentences: str, **more: Any) -> Json:
    """A service that wants two tasks, with its events, the newest last."""
    told = [
        {"id": f"e{at}", "createdAt": CREATED + 60 + at, "message": f"(service web) {text}"}
        for at, text in enumerate(sentences)
    ]
    newest = [deployment(desiredCount=2, runningCount=running)]
    usual = {"runningCount": running, "deployments": newest, "events": told[::-1]}
    return service("web", count=2, **usual | more)


def causes(
    dashborion: Cli, serve: Serve, *tasks: Json, of: Json | None = None, **objects: Any
) -> list[Json]:
    objects = {"definitions": [definition("web")]} | objects
    serve(services=[of or web()], tasks=list(tasks), **objects)
    found = dashborion("workloads describe web -o json", now=NOW).json["causes"]
    return [one for one in found if one["severity"] != "info"]


def told(found: list[Json]) -> list[tuple[str, str, int]]:
    return [(one["code"], one["severity"], one["count"]) for one in found]


# --- How containers end -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ends", "code", "container"),
    [
        pytest.param([{"exitCode": 1}], "exit", "app", id="a failure"),
        pytest.param([{"exitCode": 126}], "exit-126", "app", id="not executable"),
        pytest.param([{"exitCode": 127}], "exit-127", "app", id="not found"),
        pytest.param([{"exitCode": 134}], "exit-134", "app", id="aborted"),
        pytest.param([{"exitCode": 137}], "exit-137", "app", id="killed"),
        pytest.param([{"exitCode": 139}], "exit-139", "app", id="crashed"),
        pytest.param(
            [{"exitCode": 137, "reason": "OutOfMemoryError: Container killed due to memory usage"}],
            "oom",
            "app",
            id="out of memory",
        ),
        pytest.param(
            [{"exitCode": 143}, {"exitCode": 2}], "exit", "side1", id="the other was asked to stop"
        ),
        pytest.param(
            [{"exitCode": 137}, {"exitCode": 2}], "exit", "side1", id="the other did not obey"
        ),
        pytest.param(
            [{"exitCode": 143}, {"exitCode": 137}], "exit-137", "side1", id="the other was killed"
        ),
        pytest.param([{}], "exit", "app", id="no exit code"),
        pytest.param([{"exitCode": 3, "reason": "made up"}], "exit", "app", id="an unknown reason"),
        pytest.param(
            [{"reason": "CannotStartContainerError: made up"}, {"exitCode": 143}],
            "create-failed",
            "app",
            id="never started",
        ),
    ],
)
def test_the_container_that_ended_its_task(
    dashborion: Cli, serve: Serve, ends: list[Json], code: str, container: str
) -> None:
    (found,) = causes(dashborion, serve, stopped(1, *ends))
    assert (found["code"], found["severity"]) == (code, "error")
    assert container in str(found)
    assert found["lastSeen"]


def test_a_container_that_is_not_essential_is_no_cause(dashborion: Cli, serve: Serve) -> None:
    sidecars = definition("web", {"name": "app", "image": "a:1", "essential": True},
                          {"name": "side1", "image": "b:1", "essential": False})  # fmt: skip
    ends = stopped(1, {"exitCode": 3}, {"exitCode": 1})
    (found,) = causes(dashborion, serve, ends, definitions=[sidecars])
    assert found["message"] == "app exited with 3"
    command = found["advice"][0]["command"]
    assert command == f"dashborion instances logs {found['instances'][0]} -c app -e here"


@pytest.mark.parametrize(("code", "name"), [(0, "exit-0"), (143, "exit-143")])
def test_what_proves_nothing_once_is_a_cause_again_and_again(
    dashborion: Cli, serve: Serve, code: int, name: str
) -> None:
    one, two = (stopped(number, {"exitCode": code}) for number in (1, 2))
    assert causes(dashborion, serve, one) == []
    assert told(causes(dashborion, serve, one, two)) == [(name, "error", 2)]


def test_a_sidecar_that_ran_out_of_memory_is_a_warning(dashborion: Cli, serve: Serve) -> None:
    gone = {"name": "side1", "lastStatus": "STOPPED", "reason": "OutOfMemoryError: made up"}
    runs = {"name": "app", "lastStatus": "RUNNING"}
    found = causes(dashborion, serve, task(1, "web", containers=[runs, gone]), of=web(2))
    assert told(found) == [("oom", "warning", 1)]


def test_a_task_that_ran_out_of_memory_may_say_so_itself(dashborion: Cli, serve: Serve) -> None:
    gone = stopped(1, {"exitCode": 137}, stoppedReason="OutOfMemoryError: made up")
    assert told(causes(dashborion, serve, gone)) == [("oom", "error", 1)]


# --- Whether it is over -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("of", "tasks", "expected"),
    [
        pytest.param(web(0), [unstarted(1)], [("image-not-found", "error", 1)], id="none runs"),
        pytest.param(
            web(1), [unstarted(1)], [("image-not-found", "error", 1)], id="one is missing"
        ),
        pytest.param(
            web(2), [unstarted(1)], [("image-not-found", "warning", 1)], id="all run again"
        ),
        pytest.param(
            web(2),
            [unstarted(1), unstarted(2, minutes=8)],
            [("image-not-found", "error", 2)],
            id="all run, but it goes on",
        ),
        pytest.param(
            web(2),
            [unstarted(1), unstarted(2, minutes=12)],
            [("image-not-found", "warning", 2)],
            id="all run, and it does not go on",
        ),
        pytest.param(web(2), [unstarted(1, minutes=70)], [], id="over for long"),
        pytest.param(
            web(0), [unstarted(1, minutes=70)], [("image-not-found", "error", 1)], id="for long"
        ),
        pytest.param(
            web(0),
            [unstarted(1, startedBy=OLD), unstarted(2, startedBy=OLD)],
            [("image-not-found", "warning", 2)],
            id="of an older deployment",
        ),
        pytest.param(
            service("web", count=0), [unstarted(1)], [("image-not-found", "warning", 1)], id="zero"
        ),
        pytest.param(
            web(2, deployments=[deployment(desiredCount=2, runningCount=0)]),
            [unstarted(1)],
            [("image-not-found", "error", 1)],
            id="the old ones run, no new one",
        ),
    ],
)
def test_a_failure_is_over_when_all_tasks_run_again(
    dashborion: Cli, serve: Serve, of: Json, tasks: list[Json], expected: list[Any]
) -> None:
    assert told(causes(dashborion, serve, *tasks, of=of)) == expected


@pytest.mark.parametrize(
    "why",
    [
        pytest.param({"stopCode": "UserInitiated", "stoppedReason": "made up"}, id="a user"),
        pytest.param(
            {
                "stopCode": "ServiceSchedulerInitiated",
                "stoppedReason": "Scaling activity initiated by (deployment ecs-svc/1)",
            },
            id="the scheduler",
        ),
        pytest.param(
            {"stopCode": None, "stoppedReason": "Scaling activity initiated by (deployment 1)"},
            id="the scheduler, without a code",
        ),
        pytest.param({"stopCode": "MadeUp", "stoppedReason": "made up"}, id="a new code"),
    ],
)
def test_who_wanted_a_task_to_stop_is_no_error(dashborion: Cli, serve: Serve, why: Json) -> None:
    ended = [stopped(number, {"exitCode": 143}, **why) for number in (1, 2, 3)]
    ended = [{key: value for key, value in one.items() if value is not None} for one in ended]
    found = causes(dashborion, serve, *ended, of=web(2))
    assert [one for one in found if one["severity"] == "error"] == []


def test_what_nobody_knows_is_told_word_by_word(dashborion: Cli, serve: Serve) -> None:
    (found,) = causes(dashborion, serve, unstarted(1, "Something new: it failed"))
    assert (found["code"], found["message"]) == ("other", "Something new: it failed")
    assert found["evidence"][0]["field"] == "stoppedReason"


# --- What events say ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("running", "sentences", "expected"),
    [
        pytest.param(1, [NO_CPU], [("unschedulable-cpu", "error", 1)], id="no room"),
        pytest.param(1, [NO_CPU, STARTED], [], id="it has moved"),
        pytest.param(1, [STARTED, NO_CPU], [("unschedulable-cpu", "error", 1)], id="not since"),
        pytest.param(
            1, [NO_CPU, NO_CPU, NO_CPU], [("unschedulable-cpu", "error", 1)], id="told again"
        ),
        pytest.param(2, [NO_CPU], [], id="nothing is missing"),
        pytest.param(
            1,
            ["was unable to place a task. Reason: made up."],
            [("unschedulable", "error", 1)],
            id="unknown",
        ),
        pytest.param(
            1,
            ["failed to launch a task with (error made up)."],
            [("create-refused", "error", 1)],
            id="an unknown error",
        ),
        pytest.param(
            1,
            ["operations are being throttled. Will try again later."],
            [("throttled", "warning", 1)],
            id="throttled",
        ),
        pytest.param(
            2,
            ["failed to register targets in (target-group x) with (error AccessDenied)."],
            [("load-balancer", "error", 1)],
            id="tasks run, and nobody reaches them",
        ),
        pytest.param(
            1, ["registered 1 targets in (target-group capacity)"], [], id="ordinary ones"
        ),
        pytest.param(
            0,
            [f"was unable to place a task. Reason: {PULL}"],
            [("image-not-found", "error", 1)],
            id="a task that ECS has forgotten",
        ),
    ],
)
def test_what_events_say_counts_until_something_moves(
    dashborion: Cli, serve: Serve, running: int, sentences: list[str], expected: list[Any]
) -> None:
    assert told(causes(dashborion, serve, of=web(running, *sentences))) == expected


def test_events_before_the_newest_deployment_do_not_count(dashborion: Cli, serve: Serve) -> None:
    newer = [deployment(desiredCount=2, runningCount=1, createdAt=CREATED + 600)]
    assert causes(dashborion, serve, of=web(1, NO_CPU, deployments=newer)) == []


def test_what_a_task_says_is_not_told_twice(dashborion: Cli, serve: Serve) -> None:
    of = web(0, f"was unable to place a task. Reason: {PULL}")
    (found,) = causes(dashborion, serve, unstarted(1), of=of)
    assert (found["count"], len(found["instances"])) == (1, 1)


def test_room_on_machines_is_shown_by_a_command(dashborion: Cli, serve: Serve) -> None:
    (found,) = causes(dashborion, serve, of=web(1, NO_CPU))
    (advice,) = [one["command"] for one in found["advice"] if one["command"]]
    assert dashborion(f"{advice.removeprefix('dashborion ')} -o json").json == []


@pytest.mark.parametrize(("minutes", "codes"), [(2, []), (4, ["capacity"])])
def test_a_task_that_is_provisioned_for_long_waits_for_capacity(
    dashborion: Cli, serve: Serve, minutes: int, codes: list[str]
) -> None:
    made = CREATED + 3600 - minutes * 60
    waiting = task(1, "web", lastStatus="PROVISIONING", createdAt=made)
    found = causes(dashborion, serve, waiting, of=web(1))
    assert [one["code"] for one in found] == codes


def test_a_service_that_is_well_has_none(dashborion: Cli, serve: Serve) -> None:
    tasks = [task(number << 104, "web") for number in (1, 2)]
    assert (
        causes(dashborion, serve, *tasks, of=web(2, STARTED, "has reached a steady state.")) == []
    )


# --- All services, and single tasks -------------------------------------------------------------


def context() -> Context:
    return Context(Streams.test(), now=lambda: NOW)


def diagnoses(*patterns: str) -> list[Diagnosis]:
    fleet = context().fleet(Choice())
    return diagnosis.of_workloads(fleet, patterns, Query()).answer.items


def of_instance(name: str) -> Diagnosis:
    fleet = context().fleet(Choice())
    found = diagnosis.of_instance(fleet, name, Query(), timedelta(hours=1), logs=False)
    return found.items[0]


def test_all_services_are_judged_by_lists_of_the_cluster(serve: Serve) -> None:
    others = [service(f"s{number}") for number in range(20)]
    aws = serve(
        services=[web(), *others],
        tasks=[unstarted(1), *(task(number, f"s{number}") for number in range(20))],
        definitions=[definition("web"), *(definition(f"s{number}") for number in range(20))],
    )
    (found,) = diagnoses()
    assert (found.workload, found.verdict) == ("web", "failing")
    assert [one.code for one in found.causes] == ["image-not-found"]
    assert aws.spy.counts["ecs:ListTasks"] == 2
    assert aws.spy.counts["ecs:DescribeServices"] == 3  # ten a call
    diagnoses()
    assert aws.spy.counts["ecs:DescribeTaskDefinition"] == 21  # kept on disk
    assert [one.workload for one in diagnoses("s1*", "s2")] == ["s2"]


@pytest.mark.parametrize("operation", ["ecs:ListTasks", "ecs:DescribeTasks"])
def test_tasks_that_may_not_be_read_are_not_checked(serve: Serve, operation: str) -> None:
    aws = serve(services=[web(2)], tasks=[task(1, "web")], definitions=[definition("web")])
    aws.faults.deny(operation)
    (found,) = diagnoses()
    assert (found.verdict, found.checked) == ("unknown", [])
    assert [(one.what, one.permission) for one in found.not_checked] == [("instances", operation)]


def test_a_single_task_is_judged_by_itself(serve: Serve) -> None:
    others = [stopped(number, {"exitCode": 3}, minutes=1) for number in (2, 3)]
    runs = task(4 << 104, "web")
    serve(
        services=[web(2, NO_CPU)],
        tasks=[unstarted(1), *others, runs],
        definitions=[definition("web")],
    )
    failed, well = of_instance("web-000001"), of_instance(f"{4 << 104:032x}")
    assert (well.verdict, well.causes) == ("healthy", [])
    assert (failed.workload, failed.instance, failed.verdict) == ("web", "web-000001", "failing")
    assert [one.code for one in failed.causes] == ["image-not-found"]


def test_a_task_of_no_service_is_judged_too(serve: Serve) -> None:
    serve(tasks=[unstarted(1, group="family:web", startedBy="somebody")])
    (cause,) = of_instance(f"{1 << 104:032x}").causes
    assert (cause.code, cause.severity) == ("image-not-found", "error")
