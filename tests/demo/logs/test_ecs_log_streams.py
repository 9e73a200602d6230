"""Where tasks write to: each one's own group, region, prefix and driver; and what is not there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dashborion.demo.ecs.moto_objects import Json
from tests.support.aws import FILE, HERE, write_config
from tests.support.cli import Cli, lines
from tests.support.ecs_cluster import awslogs, container
from tests.support.fleet_on_ecs import CLUSTER, Fleet
from tests.support.waiting import wait_for

NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)  # of the last two weeks


def service(fleet: Fleet, name: str, *containers: Json, **more: Any) -> str:
    """A service of one task; its id."""
    with fleet.aws.lock:
        definition = fleet.cluster.definition(name, *containers)
        fleet.cluster.service(name, definition, desired=1)
        return str(fleet.add(name, definition, **more).id)


def test_all_containers_of_all_tasks_come_by_time(fleet: Fleet, dashborion: Cli) -> None:
    seen = dashborion("workloads logs media/web")
    said = [line.partition(" | ")[2] for line in seen.out.splitlines()]
    assert sorted(said) == sorted(f"{each} says {n}" for each in ("app", "proxy")
                                  for n in range(3) for _ in range(2))  # fmt: skip
    assert [line[-1] for line in said] == sorted(line[-1] for line in said)


def test_a_group_is_read_in_its_own_region(fleet: Fleet, dashborion: Cli) -> None:
    id_ = service(fleet, "far", container(logConfiguration=awslogs("/far", "p", "us-west-2")))
    far = fleet.aws.region("us-west-2")
    far.log_stream("/far", f"p/app/{id_}", [(NOW, "from afar")])
    assert dashborion("workloads logs far --no-prefix").out == "from afar\n"


def test_a_stream_without_a_prefix_is_the_runtime_id(fleet: Fleet, dashborion: Cli) -> None:
    logs = {"logDriver": "awslogs", "options": {"awslogs-group": "/bare"}}
    service(
        fleet, "bare", container(logConfiguration=logs), containers={"app": {"runtimeId": "r-1"}}
    )
    fleet.region.log_stream("/bare", "r-1", [(NOW, "by runtime id")])
    assert dashborion("workloads logs bare --no-prefix").out == "by runtime id\n"


@pytest.mark.parametrize(
    ("logs", "words"),
    [
        pytest.param({"logDriver": "splunk", "options": {
            "splunk-url": "https://user:s3cr3t@splunk.example:8088/path",
            "splunk-token": "s3cr3t"}}, ["splunk", "https://splunk.example:8088"], id="splunk"),
        pytest.param({"logDriver": "fluentd", "options": {
            "fluentd-address": "fluent.example:24224"}}, ["fluentd", "fluent.example:24224"],
            id="fluentd"),
        pytest.param({"logDriver": "awsfirelens", "options": {"Name": "datadog",
            "apikey": "s3cr3t"}}, ["awsfirelens", "datadog"], id="firelens"),
        pytest.param(None, ["no log driver", "log_group"], id="none"),
    ],
)  # fmt: skip
def test_another_driver_is_named_with_where_its_lines_go(
    logs: Json | None, words: list[str], fleet: Fleet, dashborion: Cli
) -> None:
    service(fleet, "other", container() | ({"logConfiguration": logs} if logs else {}))
    seen = dashborion("workloads logs other")
    assert (seen.exit_code, seen.out) == (1, "")
    for word in words:
        assert word in seen.err
    assert "s3cr3t" not in seen.err


def test_awslogs_are_read_beside_another_log_driver(fleet: Fleet, dashborion: Cli) -> None:
    elsewhere = {"logDriver": "fluentd", "options": {"fluentd-address": "fluent.example:24224"}}
    id_ = service(
        fleet,
        "both",
        container(logConfiguration=awslogs("/both", "p", fleet.region.name)),
        container("proxy", logConfiguration=elsewhere),
    )
    fleet.region.log_stream("/both", f"p/app/{id_}", [(NOW, "here")])
    seen = dashborion("workloads logs both")
    assert seen.exit_code == 5
    assert seen.out.endswith("/app | here\n")
    assert "fluentd" in seen.err
    chosen = dashborion("workloads logs both -c app")
    assert (chosen.exit_code, chosen.err) == (0, "")


def test_the_environments_group_is_for_containers_that_do_not_say(
    fleet: Fleet, dashborion: Cli
) -> None:
    write_config(Path.home(), {HERE: FILE[HERE] | {"log_group": "/fallback"}})
    service(fleet, "mute", container(), containers={"app": {"runtimeId": "r-2"}})
    fleet.region.log_stream("/fallback", "r-2", [(NOW, "fallen back")])
    assert dashborion("workloads logs mute --no-prefix").out == "fallen back\n"


def test_a_missing_group_is_named(fleet: Fleet, dashborion: Cli) -> None:
    service(fleet, "early", container(logConfiguration=awslogs("/none", "p", fleet.region.name)))
    seen = dashborion("workloads logs early")
    assert seen.exit_code == 1
    assert "no log group '/none' in eu-west-3" in seen.err


def test_a_missing_stream_is_named(fleet: Fleet, dashborion: Cli) -> None:
    fleet.region.log_stream("/there", "another")
    id_ = service(
        fleet, "early", container(logConfiguration=awslogs("/there", "p", fleet.region.name))
    )
    seen = dashborion("workloads logs early")
    assert seen.exit_code == 3
    assert f"no log stream 'p/app/{id_}' in log group '/there'" in seen.err


def test_a_missing_permission_names_the_group(fleet: Fleet, dashborion: Cli) -> None:
    fleet.aws.faults.deny("logs:GetLogEvents")
    seen = dashborion("workloads logs media/web")
    assert seen.exit_code == 4
    assert "logs:GetLogEvents" in seen.err
    assert f"/ecs/{CLUSTER}/web" in seen.err


def test_a_missing_permission_ends_a_follower_too(fleet: Fleet, dashborion: Cli) -> None:
    fleet.aws.faults.deny("logs:GetLogEvents")
    assert dashborion("workloads logs media/web -f").exit_code == 4


def test_previous_is_the_task_that_stopped_last(fleet: Fleet, dashborion: Cli) -> None:
    group = f"/ecs/{CLUSTER}/crash"
    for number, task in enumerate(fleet.tasks["crash"]):  # a, three and five minutes ago
        said = [(NOW, f"words of number {number}")]
        fleet.region.log_stream(group, f"crash/app/{task.id}", said)
    seen = dashborion("workloads logs crash --previous --no-prefix")
    assert seen.out == "words of number 0\n"


def test_none_running_reads_the_one_that_stopped_last(fleet: Fleet, dashborion: Cli) -> None:
    seen = dashborion("workloads logs crash")
    assert seen.exit_code == 1
    assert "is the one that stopped last" in seen.err
    assert "no log group '/ecs/homebox-staging/crash'" in seen.err


def test_scaled_to_zero_is_said(fleet: Fleet, dashborion: Cli) -> None:
    seen = dashborion("workloads logs idle")
    assert seen.exit_code == 3
    assert "scaled to zero" in seen.err


def test_the_end_of_a_span_belongs_to_it(fleet: Fleet, dashborion: Cli) -> None:
    id_ = service(fleet, "span", container(logConfiguration=awslogs("/s", "p", fleet.region.name)))
    said = [(NOW + timedelta(seconds=n), f"second {n}") for n in range(5)]
    fleet.region.log_stream("/s", f"p/app/{id_}", said)
    since, until = (NOW + timedelta(seconds=n) for n in (1, 3))
    span = f"--since {since.isoformat()} --until {until.isoformat()}"
    seen = dashborion(f"workloads logs span --no-prefix {span}")
    assert seen.out.split("\n")[:-1] == ["second 1", "second 2", "second 3"]


def test_a_long_log_comes_page_by_page(fleet: Fleet, dashborion: Cli) -> None:
    id_ = service(fleet, "long", container(logConfiguration=awslogs("/l", "p", fleet.region.name)))
    said = [(NOW + timedelta(milliseconds=n), f"line {n}") for n in range(25_000)]
    fleet.region.log_stream("/l", f"p/app/{id_}", said)
    whole = dashborion("workloads logs long --no-prefix --tail -1").out.splitlines()
    assert whole == [text for _, text in said]
    newest = dashborion("workloads logs long --no-prefix --tail 12000").out.splitlines()
    assert newest == whole[-12_000:]


def test_an_event_of_several_lines_stays_together(fleet: Fleet, dashborion: Cli) -> None:
    id_ = service(fleet, "trace", container(logConfiguration=awslogs("/t", "p", fleet.region.name)))
    fleet.region.log_stream("/t", f"p/app/{id_}", [(NOW, "Error:\n\tat one\n\tat two\n")])
    name = f"trace-{id_[:6]}"
    seen = dashborion("workloads logs trace")
    assert seen.out == f"{name} | Error:\n{name} | \tat one\n{name} | \tat two\n"
    (line,) = dashborion("workloads logs trace -o json").out.splitlines()
    assert '"message":"Error:\\n\\tat one\\n\\tat two"' in line


def test_following_one_task_ends_with_it(fleet: Fleet, dashborion: Cli) -> None:
    task = fleet.tasks["crash"][0]
    group = f"/ecs/{CLUSTER}/crash"
    fleet.region.log_stream(group, f"crash/app/{task.id}", [(NOW, "last words")])
    seen = dashborion(f"instances logs {task.id} -f")
    assert (seen.exit_code, seen.out) == (0, "last words\n")
    assert "left crash-" in seen.err


def test_a_service_at_zero_is_waited_for(fleet: Fleet, dashborion: Cli) -> None:
    def start() -> None:
        wait_for("the first look", lambda: fleet.aws.spy.counts["ecs:ListTasks"] > 3)
        with fleet.aws.lock:
            task = fleet.add("idle", fleet.define("idle"))
        said = [(datetime.now(UTC), "first words")]
        fleet.region.log_stream(f"/ecs/{CLUSTER}/idle", f"idle/app/{task.id}", said)

    seen = dashborion("workloads logs idle -f", meanwhile=start, enough=lines(1))
    assert seen.out.endswith("| first words\n")
    assert "scaled to zero; waiting" in seen.err
    assert "joined idle-" in seen.err
