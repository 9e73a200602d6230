"""How AWS is asked what is used, and what its silence, refusals and halves cost."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from dashborion.demo.ecs.aws_protocol import AwsRequest
from dashborion.demo.http_server import Answer
from tests.faults.ecs.conftest import Serve
from tests.support.aws_objects import AwsObjects, definition, service, task
from tests.support.cli import Cli, Result

METRICS, START = "monitoring:GetMetricData", "logs:StartQuery"


def percents(cpu: float = 50, memory: float = 25) -> dict[str, Any]:
    """Of a service: the averages; one task uses twice as much."""
    return {
        "CPUUtilization": {"Average": cpu, "Maximum": cpu * 2},
        "MemoryUtilization": {"Average": memory, "Maximum": memory * 2},
    }


def fleet(serve: Serve, *names: str, **more: Any) -> AwsObjects:
    objects: dict[str, Any] = {
        "services": [service(name, count=2) for name in names],
        "tasks": [task(number, name) for number, name in enumerate(names, 1)],
        "definitions": [definition(name) for name in names],
        "metrics": {name: percents() for name in names},
    }
    return serve(**(objects | more))


def said(seen: Result, kind: str = "warning") -> list[str]:
    lines = [json.loads(line) for line in seen.err.splitlines()]
    return [one[kind]["message"] for one in lines if kind in one]


def test_percents_are_told_as_amounts_of_what_runs(dashborion: Cli, serve: Serve) -> None:
    fleet(serve, "web")
    (row,) = dashborion("workloads top -o json").json
    assert row["cpu"] == {
        "used": 250, "requested": 500, "limit": 500, "percentOfRequest": 50.0,
        "percentOfLimit": 50.0,
        "hottest": {"instance": None, "container": None, "percent": 100.0},
    }  # fmt: skip
    assert (row["memory"]["used"], row["memory"]["limit"]) == (256, 1024)
    assert (row["instances"], row["source"], row["window"]) == (2, "cloudwatch", 300)


def test_services_are_asked_about_125_at_a_time_and_once(dashborion: Cli, serve: Serve) -> None:
    names = [f"s{number:03}" for number in range(126)]
    aws = fleet(serve, *names)
    assert len(dashborion("workloads top -o json").json) == 126
    asked = aws.spy.of(METRICS)
    assert sorted(len(one["MetricDataQueries"]) for one in asked) == [4, 500]
    assert {one["MetricStat"]["Period"] for one in asked[0]["MetricDataQueries"]} == {60}


def test_only_what_is_named_and_runs_is_asked_about(dashborion: Cli, serve: Serve) -> None:
    aws = fleet(serve, "web", "api", "idle")
    aws.objects["services"][2] |= {"desiredCount": 0, "runningCount": 0}
    rows = dashborion("workloads top web idle -o json")
    assert [one["workload"] for one in rows.json] == ["web"]
    assert said(rows, "note") == ["nothing of 'idle' runs"]
    (asked,) = aws.spy.of(METRICS)
    assert len(asked["MetricDataQueries"]) == 4


def test_the_window_is_what_was_asked_for(dashborion: Cli, serve: Serve) -> None:
    aws = fleet(serve, "web")
    (row,) = dashborion("workloads top --window 30m -o json").json
    (asked,) = aws.spy.of(METRICS)
    assert (row["window"], asked["EndTime"] - asked["StartTime"]) == (1800, 1800)


@pytest.mark.parametrize(
    ("metrics", "why"),
    [
        pytest.param({}, "no numbers of the last minutes", id="no series"),
        pytest.param(percents() | {"StatusCode": "InternalError"}, "says InternalError",
                     id="an error of theirs"),
        pytest.param(percents() | {"StatusCode": "PartialData"}, "says PartialData", id="half"),
    ],
)  # fmt: skip
def test_a_service_without_whole_numbers_is_not_checked(
    dashborion: Cli, serve: Serve, metrics: Any, why: str
) -> None:
    fleet(serve, "web", "api", metrics={"web": percents(), "api": metrics})
    seen = dashborion("workloads top -o json")
    assert (seen.exit_code, [one["workload"] for one in seen.json]) == (5, ["web"])
    assert said(seen) == [f"not checked: api: CloudWatch {'has ' if not metrics else ''}{why}"]


def test_that_a_service_is_not_checked_does_not_mean_that_nothing_runs(
    dashborion: Cli, serve: Serve
) -> None:
    fleet(serve, "web", metrics={})
    seen = dashborion("workloads top web -o json")
    assert (seen.exit_code, seen.json, said(seen, "note")) == (5, [], [])
    assert "not checked: web" in said(seen)[0]


def test_denied_numbers_are_the_error_and_name_the_right(dashborion: Cli, serve: Serve) -> None:
    fleet(serve, "web", "api").faults.deny("monitoring:*")
    seen = dashborion("workloads top -o json")
    assert (seen.exit_code, seen.out, seen.error["code"]) == (4, "", "forbidden")
    assert "GetMetricData" in seen.error["message"]


def test_denied_numbers_are_asked_for_once(dashborion: Cli, serve: Serve) -> None:
    aws = fleet(serve, *(f"s{number}" for number in range(30)))
    aws.faults.deny("monitoring:*")
    dashborion("workloads top")
    assert aws.spy.counts[METRICS] == 1


def test_throttling_is_waited_out(dashborion: Cli, serve: Serve, naps: list[float]) -> None:
    aws = fleet(serve, "web")
    aws.faults.throttle(METRICS, times=2)
    seen = dashborion("workloads top -o json")
    assert (seen.exit_code, len(seen.json), aws.spy.counts[METRICS]) == (0, 1, 3)


def test_throttling_without_end_is_exit_6(dashborion: Cli, serve: Serve, naps: list[float]) -> None:
    fleet(serve, "web").faults.throttle(METRICS, times=99)
    seen = dashborion("workloads top -o json")
    assert (seen.exit_code, seen.error["code"]) == (6, "throttled")


def test_a_batch_that_is_lost_costs_its_rows(dashborion: Cli, serve: Serve) -> None:
    aws = fleet(serve, *(f"s{number:03}" for number in range(126)))

    def fault(asked: AwsRequest, do: Callable[[], Answer]) -> Answer:
        if len(asked.params["MetricDataQueries"]) == 500:
            return do()
        return Answer(200, {"Content-Type": "application/x-amz-json-1.0"}, b"{}")

    aws.faults.add(METRICS, fault)
    seen = dashborion("workloads top -o json")
    assert (seen.exit_code, len(seen.json)) == (5, 125)
    assert "without 'MetricDataResults'" in said(seen)[0]


def test_task_definitions_cost_the_amounts(dashborion: Cli, serve: Serve) -> None:
    fleet(serve, "web").faults.deny("ecs:DescribeTaskDefinition")
    seen = dashborion("workloads top -o json")
    (row,) = seen.json
    assert (seen.exit_code, row["cpu"]["used"], row["cpu"]["hottest"]["percent"]) == (0, None, 100)


# --- Tasks, by Container Insights ---------------------------------------------------------------


def row(number: int, container: str = "app", cpu: str = "64", memory: str = "128") -> Any:
    return {
        "TaskId": f"{number:032x}", "ContainerName": container, "cpu": cpu, "memory": memory,
        "at": "2026-11-18 12:00:00.000",
    }  # fmt: skip


@pytest.mark.parametrize(
    "command", ["instances top", "workloads top --instances", "instances top -w web"]
)
def test_tasks_are_read_from_the_log_of_container_insights(
    dashborion: Cli, serve: Serve, command: str
) -> None:
    aws = fleet(serve, "web", insights=[row(1)])
    (found,) = dashborion(f"{command} -o json").json
    assert (found["workload"], found["instance"]) == ("web", "web-000000")
    assert (found["cpu"]["used"], found["cpu"]["limit"], found["memory"]["used"]) == (63, 250, 128)
    assert found["cpu"]["hottest"] == {
        "instance": "web-000000", "container": None, "percent": 25.0,
    }  # fmt: skip
    assert (found["source"], found["sampledAt"]) == ("container-insights", "2026-11-18T12:00:00Z")
    (asked,) = aws.spy.of(START)
    assert asked["logGroupName"] == "/aws/ecs/containerinsights/docs/performance"
    assert asked["endTime"] - asked["startTime"] == 300
    assert not aws.spy.of(METRICS)


def test_a_workload_by_its_containers(dashborion: Cli, serve: Serve) -> None:
    tasks = [task(number, "web") for number in (1, 2)]
    rows = [row(1), row(2), row(1, "proxy", "6.4"), row(2, "proxy", "6.4")]
    fleet(serve, "web", tasks=tasks, insights=rows)
    found = dashborion("workloads top --containers -o json").json
    assert [(one["container"], one["cpu"]["used"], one["sampled"]) for one in found] == [
        ("app", 125, 2), ("proxy", 13, 2),
    ]  # fmt: skip


def test_nothing_is_charged_for_unless_it_is_asked_for(dashborion: Cli, serve: Serve) -> None:
    aws = fleet(serve, "web", insights=[])
    dashborion("workloads top")
    assert not aws.spy.of(START)


def test_without_container_insights_there_is_a_way_to_have_it(
    dashborion: Cli, serve: Serve
) -> None:
    fleet(serve, "web")
    seen = dashborion("instances top -o json")
    assert (seen.exit_code, seen.out, seen.error["code"]) == (3, "", "no-metrics")
    assert "Container Insights is not on" in seen.error["message"]
    assert "update-cluster-settings --cluster docs" in seen.error["hint"]


def test_a_task_without_numbers_is_unknown(dashborion: Cli, serve: Serve) -> None:
    fleet(serve, "web", insights=[])
    (found,) = dashborion("instances top -o json").json
    assert (found["cpu"]["used"], found["sampled"], found["sampledAt"]) == (None, 0, None)


def test_a_query_is_polled_until_it_is_complete(dashborion: Cli, serve: Serve) -> None:
    aws = fleet(serve, "web", insights=[row(1)], queryStatus="Running")

    def fault(_: AwsRequest, do: Callable[[], Answer]) -> Answer:
        answer = do()
        aws.objects["queryStatus"] = "Complete"
        return answer

    aws.faults.add("logs:GetQueryResults", fault)
    (found,) = dashborion("instances top -o json").json
    assert found["cpu"]["used"] == 63
    assert aws.spy.counts["logs:GetQueryResults"] == 2


@pytest.mark.parametrize("state", ["Failed", "Timeout", "Cancelled", "Unknown"])
def test_a_query_that_failed_is_the_error(dashborion: Cli, serve: Serve, state: str) -> None:
    fleet(serve, "web", insights=[], queryStatus=state)
    seen = dashborion("instances top -o json")
    assert (seen.exit_code, seen.error["code"]) == (6, "bad-answer")
    assert state in seen.error["message"]


@pytest.mark.parametrize("action", [START, "logs:GetQueryResults"])
def test_a_denied_query_names_the_right(dashborion: Cli, serve: Serve, action: str) -> None:
    fleet(serve, "web", insights=[]).faults.deny(action)
    seen = dashborion("instances top -o json")
    assert (seen.exit_code, seen.error["code"]) == (4, "forbidden")
    assert action in seen.error["message"]


# --- Machines -----------------------------------------------------------------------------------


def machine(name: str, free: int) -> Any:
    def resources(cpu: int) -> Any:
        named = (("CPU", cpu), ("MEMORY", 4096))
        return [{"name": one, "type": "INTEGER", "integerValue": amount} for one, amount in named]

    arn = f"arn:aws:ecs:eu-west-3:123456789012:container-instance/docs/{name}"
    return {
        "containerInstanceArn": arn, "status": "ACTIVE", "registeredResources": resources(2048),
        "remainingResources": resources(free),
    }  # fmt: skip


def test_machines_have_what_is_reserved_and_the_cluster_what_is_used(
    dashborion: Cli, serve: Serve
) -> None:
    machines = [machine("a", 1024), machine("b", 2048)]
    serve(containerInstances=machines, metrics={"": percents(25)})
    found = dashborion("ecs container-instances top -o json").json
    assert [(one["name"], one["kind"]) for one in found] == [
        ("a", "container-instance"), ("b", "container-instance"), ("docs", "cluster"),
    ]  # fmt: skip
    assert [one["cpu"]["used"] for one in found] == [None, None, 1000]
    assert [one["cpu"]["requested"] for one in found] == [1000, 0, 1000]
    assert [one["cpu"]["percentOfLimit"] for one in found] == [None, None, 25.0]


def test_what_the_cluster_uses_costs_only_itself(dashborion: Cli, serve: Serve) -> None:
    serve(containerInstances=[machine("a", 0)]).faults.deny("monitoring:*")
    seen = dashborion("ecs container-instances top -o json")
    assert (seen.exit_code, seen.json[1]["cpu"]["used"]) == (0, None)
    assert "GetMetricData" in said(seen)[0]


def test_fargate_has_no_machines(dashborion: Cli, serve: Serve) -> None:
    serve()
    seen = dashborion("ecs container-instances top")
    assert (seen.exit_code, "no machines found" in seen.err) == (0, True)
