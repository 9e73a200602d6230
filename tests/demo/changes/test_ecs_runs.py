"""``workloads run`` on the demo's ECS, where a task has its command's lines and exit code."""

from __future__ import annotations

import json

import pytest

from dashborion.orchestrators.ecs import follow as ecs_follow
from dashborion.orchestrators.ecs import run as ecs_run
from tests.support.cli import Cli
from tests.support.living_shop import CLUSTER, LivingShop

RUN, STOP, REGISTER = "ecs:RunTask", "ecs:StopTask", "ecs:RegisterTaskDefinition"
DEREGISTER = "ecs:DeregisterTaskDefinition"
WRITES = (RUN, STOP, REGISTER, DEREGISTER)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Polls of the log that do not take their time."""
    monkeypatch.setattr(ecs_follow, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(ecs_run, "LATE_SECONDS", 3.0)


def test_lines_exit_code_and_plan(dashborion: Cli, shop: LivingShop) -> None:
    seen = dashborion("workloads run web -c web -- sh -c 'echo one; sleep 3; echo two; exit 3'")
    assert (seen.exit_code, seen.out) == (3, "one\ntwo\n"), seen.err
    revision = f"{CLUSTER}-web:{shop.definition('web')['revision']}"
    assert (
        f"container web ({shop.images('web')[0]}) of revision {revision}, as execution role "
        "ecsTaskExecutionRole, without a public IP\n"
    ) in seen.err
    assert "beside it run proxy (essential)\n" in seen.err
    assert "nothing ends it on ECS if this command is killed or detached\n" in seen.err
    assert shop.sent(*WRITES) == [RUN], "its own end has stopped the task"
    (asked,) = shop.aws.spy.of(RUN)
    assert asked["taskDefinition"] == shop.service("web").task_definition


def test_another_image_is_registered_and_deregistered(dashborion: Cli, shop: LivingShop) -> None:
    command = "workloads run checkout --image example.com/m:2 -o json -- echo done"
    seen = dashborion(command)
    assert (seen.exit_code, seen.json["exitCode"], seen.json["image"]) == (0, 0, "example.com/m:2")
    assert {"note": {"message": "done"}} in map(json.loads, seen.err.splitlines())
    assert shop.sent(*WRITES) == [REGISTER, RUN, DEREGISTER]
    active = shop.ecs.list_task_definitions(familyPrefix=f"{CLUSTER}-checkout-dashborion-run")
    assert active["taskDefinitionArns"] == []


def test_a_task_has_no_stdin_not_even_an_empty_one(dashborion: Cli, shop: LivingShop) -> None:
    seen = dashborion("workloads run checkout -i -- sh")
    assert (seen.exit_code, "a task of ECS has no stdin" in seen.err) == (2, True), seen.err
    assert shop.sent(*WRITES) == []


def test_at_its_timeout_it_is_stopped_with_a_reason(dashborion: Cli, shop: LivingShop) -> None:
    dashborion.ticking = False
    seen = dashborion("workloads run checkout --timeout 9s -o json -- sleep 9000")
    assert (seen.exit_code, seen.error["code"]) == (8, "run-pending"), seen.err
    assert (seen.json["started"], seen.json["exitCode"]) == (True, None)
    (asked,) = shop.aws.spy.of(STOP)
    assert asked["reason"] == "its time is up: --timeout 9s"


def test_a_program_that_is_not_there_is_7(dashborion: Cli, shop: LivingShop) -> None:
    seen = dashborion("workloads run checkout -o json -- no-such-program")
    assert (seen.exit_code, seen.error["code"]) == (7, "not-started"), seen.err
    assert "executable file not found" in seen.error["message"]
    assert seen.error["causes"], "with its why"


def test_a_detached_one_is_told_to_the_next(dashborion: Cli, shop: LivingShop) -> None:
    id_ = dashborion("workloads run checkout --detach -o json -- sleep 9000").json["name"]
    seen = dashborion("workloads run checkout --dry-run -o json -- true")
    assert (seen.json["active"], seen.json["name"]) == ([id_], None)
    assert shop.sent(*WRITES) == [RUN]


def test_ctrl_c_stops_the_task(dashborion: Cli, shop: LivingShop) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    dashborion.steps = [*shop.meanwhile[:6], interrupt, *shop.meanwhile]
    seen = dashborion("workloads run checkout --reason 'wrong one' -- sleep 9000")
    assert seen.exit_code == 130
    (asked,) = shop.aws.spy.of(STOP)
    assert asked["reason"] == "wrong one"
    assert "is still being stopped" not in seen.err
