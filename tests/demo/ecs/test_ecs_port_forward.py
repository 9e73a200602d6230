"""``instances port-forward`` on ECS: one session a task and port, and what is missing is named."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.demo.ecs.test_ecs_exec import enable
from tests.support.aws import point_at
from tests.support.aws_server import StrictAws
from tests.support.cli import Cli
from tests.support.fleet_on_ecs import CLUSTER, Fleet, populate
from tests.support.forwarding import forwarding, get
from tests.support.processes import runs
from tests.support.session_plugin import Plugin
from tests.support.waiting import wait_for

START = "ssm:StartSession"


@pytest.fixture
def fleet(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    with StrictAws() as aws:
        point_at(monkeypatch, aws)
        found = populate(aws)
        for task in found.tasks["web"]:
            enable(task)
        yield found


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plugin:
    return Plugin(tmp_path, monkeypatch)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_all_connections_share_the_session_of_the_task_and_it_ends_with_us(
    fleet: Fleet, plugin: Plugin, number: signal.Signals, code: int
) -> None:
    with forwarding("web :http :9000", ports=2) as running:
        answers = {get(running.port) for _ in range(20)}
        sessions = {call["asked"]["Parameters"]["portNumber"][0]: call for call in plugin.calls}
        assert running.end(number) == code
    assert [sorted(sessions), len(plugin.calls)] == [["8080", "9000"], 2]
    asked = sessions["8080"]["asked"]
    assert answers == {asked["Target"]}
    assert asked["Target"].startswith(f"ecs:{CLUSTER}_")
    assert asked["DocumentName"] == "AWS-StartPortForwardingSession"
    assert sessions["8080"]["session"]["TokenValue"] == "made-up"
    assert sessions["8080"]["endpoint"] == fleet.aws.url
    assert all(not runs(call["pid"]) for call in plugin.calls)


def test_a_session_that_ends_is_replaced_by_one_with_a_ready_task(
    fleet: Fleet, plugin: Plugin
) -> None:
    with forwarding("web :8080") as running:
        first = get(running.port)
        gone = next(task for task in fleet.tasks["web"] if task.id in first)
        with fleet.aws.lock:
            gone.last_status = gone.desired_status = "STOPPED"
        with suppress(OSError):
            get(running.port, "/end")
        wait_for("the plugin to end", lambda: not runs(plugin.calls[0]["pid"]))
        second = get(running.port)
        assert gone.id not in second
        assert f"web-{gone.id[:6]} takes no connections any more: now web-" in running.err
    assert len(fleet.aws.spy.of(START)) == 2


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        pytest.param("web :nope", 3, "no port 'nope' in web-", id="no such port"),
        pytest.param("web :8080/udp", 2, "only TCP can be forwarded", id="UDP"),
        pytest.param("db :5432", 1, "ECS Exec is off", id="exec is off"),
    ],
)
def test_what_cannot_be_forwarded_is_told_before_anything_is_listened_to(
    fleet: Fleet, plugin: Plugin, dashborion: Cli, command: str, code: int, said: str
) -> None:
    seen = dashborion(f"instances port-forward {command}")
    assert (seen.exit_code, plugin.calls) == (code, [])
    assert said in seen.err


def test_a_port_of_udp_is_refused_by_its_name(
    fleet: Fleet, plugin: Plugin, dashborion: Cli
) -> None:
    definition: Any = fleet.cluster.backend.describe_task_definition(
        fleet.tasks["web"][0].task_definition_arn
    )
    for container in definition.container_definitions:
        for mapping in container.get("portMappings", ()):
            mapping["protocol"] = "udp"
    seen = dashborion("instances port-forward web :8080")
    assert seen.exit_code == 2
    assert "UDP cannot be forwarded" in seen.err


def test_a_missing_right_is_named(fleet: Fleet, plugin: Plugin, dashborion: Cli) -> None:
    fleet.aws.faults.deny(START)
    seen = dashborion("instances port-forward web :8080")
    assert (seen.exit_code, plugin.calls) == (4, [])
    assert "the policy needs ssm:StartSession on the task" in seen.err


def test_without_the_plugin_it_says_where_to_get_it(
    fleet: Fleet, dashborion: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    seen = dashborion("instances port-forward web :8080")
    assert (seen.exit_code, fleet.aws.spy.of(START)) == (1, [])
    assert "session-manager-plugin" in seen.err


def test_what_the_plugin_says_when_it_fails_is_passed_on(
    fleet: Fleet, plugin: Plugin, dashborion: Cli
) -> None:
    plugin.install(fails="Cannot perform start session: EOF")
    seen = dashborion("instances port-forward web :8080")
    assert seen.exit_code == 6
    assert "does not listen: Cannot perform start session: EOF" in seen.err


def test_an_agent_that_never_runs_ends_it_after_the_wait(
    fleet: Fleet, plugin: Plugin, dashborion: Cli
) -> None:
    for task in fleet.tasks["web"]:
        enable(task, "PENDING")
    seen = dashborion("instances port-forward web :8080 --retry 30s")
    assert (seen.exit_code, plugin.calls) == (6, [])
    assert seen.err.splitlines()[-1].endswith("is ready after 30 seconds")
