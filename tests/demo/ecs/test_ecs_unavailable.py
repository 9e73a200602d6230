"""A bad day at AWS: ridden out while there is time, else exit 6 within it."""

from __future__ import annotations

import socket

import pytest

from tests.support.cli import Cli
from tests.support.fleet_on_ecs import CLUSTER, REGION, Fleet
from tests.support.waiting import PATIENCE_SECONDS

EACH = [
    ("workloads list", "ecs:ListServices"),
    ("workloads list", "ecs:DescribeServices"),
    ("workloads list", "ecs:DescribeTaskDefinition"),
    ("workloads list -o wide", "elasticloadbalancing:DescribeTargetGroups"),
    ("instances list", "ecs:ListTasks"),
    ("instances list", "ecs:DescribeTasks"),
    ("workloads describe web", "application-autoscaling:DescribeScalableTargets"),
    ("workloads describe web", "elasticloadbalancing:DescribeTargetHealth"),
]
each_call = pytest.mark.parametrize(("command", "operation"), EACH)


@each_call
def test_throttling_is_ridden_out(
    dashborion: Cli, fleet: Fleet, naps: list[float], command: str, operation: str
) -> None:
    fleet.aws.faults.throttle(operation, times=4)
    seen = dashborion(command)
    assert (seen.exit_code, seen.err) == (0, "")
    assert sum(naps) <= 20 * len(naps)


@pytest.mark.parametrize("status", [500, 503])
@pytest.mark.parametrize(("command", "operation"), EACH[:4])
def test_a_breakdown_is_ridden_out(
    dashborion: Cli,
    fleet: Fleet,
    naps: list[float],
    command: str,
    operation: str,
    status: int,
) -> None:
    fleet.aws.faults.break_down(operation, status, times=3)
    assert dashborion(command).exit_code == 0


@pytest.mark.parametrize("operation", ["ecs:ListServices", "ecs:DescribeServices"])
def test_a_broken_connection_is_ridden_out(
    dashborion: Cli, fleet: Fleet, naps: list[float], operation: str
) -> None:
    fleet.aws.faults.reset_connection(operation, times=3)
    assert dashborion("workloads list").exit_code == 0


@pytest.mark.parametrize("operation", ["ecs:ListServices", "ecs:DescribeServices"])
def test_a_body_that_breaks_off_is_ridden_out(
    dashborion: Cli, fleet: Fleet, naps: list[float], operation: str
) -> None:
    fleet.aws.faults.cut_body(operation, abruptly=True)
    assert dashborion("workloads list").exit_code == 0


def test_throttling_without_end_costs_the_deadline(dashborion: Cli, fleet: Fleet) -> None:
    fleet.aws.faults.throttle("ecs:*", times=1000)
    seen = dashborion("workloads list -o json", seconds=0.5)
    assert seen.exit_code == 6
    assert seen.error["code"] in ("throttled", "timeout")
    assert dashborion.took < PATIENCE_SECONDS / 2


def test_throttling_that_outlasts_all_attempts_says_so(
    dashborion: Cli, fleet: Fleet, naps: list[float]
) -> None:
    fleet.aws.faults.throttle("ecs:ListServices", times=1000)
    seen = dashborion("workloads list -o json")
    assert (seen.exit_code, seen.error["code"]) == (6, "throttled")
    assert "ListServices" in seen.error["message"]
    assert len(naps) >= 4


def test_a_breakdown_without_end(dashborion: Cli, fleet: Fleet, naps: list[float]) -> None:
    fleet.aws.faults.break_down("ecs:ListServices", 503, times=1000)
    seen = dashborion("workloads list -o json")
    assert (seen.exit_code, seen.error["code"]) == (6, "unreachable")
    assert "503" in seen.error["message"]


def test_broken_connections_without_end(dashborion: Cli, fleet: Fleet, naps: list[float]) -> None:
    fleet.aws.faults.reset_connection("ecs:ListServices", times=1000)
    seen = dashborion("workloads list -o json")
    assert (seen.exit_code, seen.error["code"]) == (6, "unreachable")


@pytest.mark.parametrize(
    ("command", "operation"),
    [
        ("workloads list", "ecs:ListServices"),
        ("workloads list", "ecs:DescribeServices"),
        ("instances list", "ecs:ListTasks"),
        ("instances list", "ecs:DescribeTasks"),
    ],
)
def test_a_cut_answer_is_no_empty_one(
    dashborion: Cli, fleet: Fleet, naps: list[float], command: str, operation: str
) -> None:
    fleet.aws.faults.cut_body(operation, times=1000)
    seen = dashborion(f"{command} -o json")
    assert (seen.exit_code, seen.error["code"]) == (6, "bad-answer")


@pytest.mark.parametrize(
    ("operation", "key"),
    [
        ("ecs:ListServices", "serviceArns"),
        ("ecs:DescribeServices", "services"),
        ("ecs:ListTasks", "taskArns"),
        ("ecs:DescribeTasks", "tasks"),
    ],
)
def test_an_answer_without_its_key(dashborion: Cli, fleet: Fleet, operation: str, key: str) -> None:
    fleet.aws.faults.omit(operation, key, times=1000)
    noun = "workloads" if "Services" in operation else "instances"
    seen = dashborion(f"{noun} list -o json")
    assert (seen.exit_code, seen.error["code"]) == (6, "bad-answer")
    assert operation.partition(":")[2] in seen.error["message"]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"\xff\xfe{ not JSON", id="garbage"),
        pytest.param(b"<html>captive portal</html>", id="a page"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"null", id="null"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'"text"', id="text"),
        pytest.param(b'{"serviceArns": null}', id="a null"),
        pytest.param(b'{"serviceArns": [1]}', id="a number for text"),
        pytest.param(b"[" * 100_000, id="very deep"),
    ],
)
def test_an_answer_that_is_none(
    dashborion: Cli, fleet: Fleet, naps: list[float], body: bytes
) -> None:
    fleet.aws.faults.garble("ecs:ListServices", times=1000, body=body)
    seen = dashborion("workloads list -o json")
    assert seen.exit_code == 6, seen.err
    assert seen.error["code"] == "bad-answer"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"services": [{}]}', id="a service without anything"),
        pytest.param(b'{"services": [null]}', id="a null"),
        pytest.param(b'{"services": [{"serviceArn": "x", "serviceName": 7}]}', id="a number"),
    ],
)
def test_objects_that_are_not_the_apis(dashborion: Cli, fleet: Fleet, body: bytes) -> None:
    fleet.aws.faults.garble("ecs:DescribeServices", times=1000, body=body)
    seen = dashborion("workloads list -o json")
    assert (seen.exit_code, seen.error["code"]) == (6, "bad-answer")


@pytest.mark.parametrize("operation", ["ecs:ListServices", "ecs:DescribeServices"])
def test_silence_costs_the_deadline(dashborion: Cli, fleet: Fleet, operation: str) -> None:
    fleet.aws.faults.hang(operation, times=1000)
    seen = dashborion("workloads list -o json", seconds=0.5)
    assert (seen.exit_code, seen.error["code"]) == (6, "timeout")
    assert "0.5 seconds" in seen.error["message"]
    assert dashborion.took < PATIENCE_SECONDS / 2


def test_the_same_page_for_ever_costs_the_deadline(dashborion: Cli, fleet: Fleet) -> None:
    body = b'{"serviceArns": [], "nextToken": "again"}'
    fleet.aws.faults.garble("ecs:ListServices", times=1e9, body=body)
    assert dashborion("workloads list -o json", seconds=0.5).exit_code == 6
    assert dashborion.took < PATIENCE_SECONDS / 2


def test_an_endpoint_where_nobody_listens(
    dashborion: Cli, fleet: Fleet, monkeypatch: pytest.MonkeyPatch, naps: list[float]
) -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{one.getsockname()[1]}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    seen = dashborion("workloads list -o json")
    assert (seen.exit_code, seen.error["code"]) == (6, "unreachable")
    assert url in seen.error["message"]


def test_an_endpoint_that_has_no_address(
    dashborion: Cli, fleet: Fleet, monkeypatch: pytest.MonkeyPatch, naps: list[float]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://nowhere.invalid")
    seen = dashborion(f"workloads list -e ecs:{REGION}/{CLUSTER} -o json")
    assert (seen.exit_code, seen.error["code"]) == (6, "unreachable")
    assert dashborion.took < PATIENCE_SECONDS / 2
