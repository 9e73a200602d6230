"""``--demo`` and ``demo …`` as they are typed, in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dashborion.demo.ecs import troubles as ecs
from dashborion.demo.kubernetes import troubles as kubernetes
from tests.support.command_tree import commands
from tests.support.waiting import PATIENCE_SECONDS, wait_for

COMMANDS = commands()

PROGRAM = Path(sys.executable).with_name("dashborion")
TRAPS = (".aws/config", ".aws/credentials", ".kube/config", ".config/dashborion/config.yaml")
Typed = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Typed]:
    """Type a command in a HOME whose AWS and Kubernetes settings are traps."""
    home = tmp_path_factory.mktemp("home")
    for name in (
        ".aws/config",
        ".aws/credentials",
        ".kube/config",
        ".config/dashborion/config.yaml",
    ):
        trap = home / name
        trap.parent.mkdir(parents=True, exist_ok=True)
        trap.write_text("[nothing: that can be read")
    keep = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    settings = {**keep, "HOME": str(home), "AWS_PROFILE": "a-trap", "AWS_REGION": "mars-1"}

    def run(command: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PROGRAM, *command.split()],
            env={**settings, **more},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )

    yield run
    run("demo stop")


def test_the_variable_is_the_option(typed: Typed) -> None:
    seen = typed("workloads list", DASHBORION_DEMO="1")
    assert (seen.returncode, seen.stderr) == (0, "using shop/staging, the default of the demo\n")
    assert typed("-q workloads list", DASHBORION_DEMO="1").stderr == ""
    both = typed("--config some.yaml workloads list", DASHBORION_DEMO="1")
    assert (both.returncode, "unset DASHBORION_DEMO" in both.stderr) == (2, True)
    assert "some.yaml" in typed("--config some.yaml workloads list", DASHBORION_DEMO="0").stderr


def test_the_demo_starts_by_itself_and_has_both_orchestrators(typed: Typed) -> None:
    seen = typed("--demo workloads list --all-envs -o json")
    assert seen.returncode == 0, seen.stderr
    found = {(one["project"], one["environment"], one["orchestrator"])
             for one in json.loads(seen.stdout)}  # fmt: skip
    assert found == {
        ("shop", "staging", "ecs"),
        ("shop", "production", "ecs"),
        ("media", "staging", "kubernetes"),
        ("media", "production", "kubernetes"),
    }
    assert {one["status"] for one in json.loads(seen.stdout)} == {"running", "degraded", "stopped"}


def test_a_second_start_says_that_it_runs_already(typed: Typed) -> None:
    typed("demo start")
    again = typed("demo start")
    assert again.returncode == 0
    assert "already running" in again.stderr
    assert "export KUBECONFIG=" in again.stdout
    assert "running since" in typed("demo status").stdout


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("--demo --config x workloads list", "cannot be used together"),
        ("--demo workloads list -e nowhere", "shop/staging, shop/production"),
    ],
    ids=["a config too", "an unknown environment"],
)
def test_bad_input_exits_with_2(typed: Typed, command: str, said: str) -> None:
    seen = typed(command)
    assert (seen.returncode, seen.stdout) == (2, "")
    assert said in seen.stderr


def test_a_killed_demo_is_started_again(typed: Typed) -> None:
    typed("demo start")
    pid = int(typed("demo status").stdout.partition("pid ")[2].partition(")")[0])
    os.kill(pid, signal.SIGKILL)
    seen = typed("--demo workloads list -e media/staging -o name")
    assert seen.returncode == 0, seen.stderr
    assert "catalog" in seen.stdout.split()


def test_production_is_protected_and_staging_changes(typed: Typed) -> None:
    refused = typed("--demo workloads scale web -r 5 -e media/production")
    assert (refused.returncode, "--yes" in refused.stderr) == (2, True)
    scaled = typed("--demo workloads scale web -r 3 --wait -e media/staging -o json")
    assert scaled.returncode == 0, scaled.stderr
    assert json.loads(scaled.stdout)["rollout"]["state"] == "complete"
    typed("demo reset")
    (web,) = json.loads(typed("--demo workloads list web -e media/staging -o json").stdout)
    assert web["desired"] == 2


def test_without_the_extra_it_says_which(typed: Typed, tmp_path: Path) -> None:
    (tmp_path / "moto").mkdir()
    (tmp_path / "moto" / "__init__.py").write_text("raise ImportError('not installed')")
    typed("demo stop")
    seen = typed("--demo workloads list", PYTHONPATH=str(tmp_path))
    assert seen.returncode in (2, 6), seen.stderr
    assert "dashborion[demo]" in seen.stderr or "log is" in seen.stderr


def test_a_workload_suffers_from_a_cause_until_it_is_healed(typed: Typed) -> None:
    broken = typed("demo break player image-not-found -e media/production")
    assert "player in media/production will suffer from image-not-found" in broken.stderr
    described = "--demo workloads describe player -e media/production -o json"

    def reasons() -> set[str]:
        return {one["reason"] for one in json.loads(typed(described).stdout)["reasons"]}

    wait_for("the image to be missing", lambda: reasons() & {"ErrImagePull", "ImagePullBackOff"})
    healed = typed("demo break player none -e media/production")
    assert "player in media/production is healed" in healed.stderr
    wait_for("it to be well again", lambda: not reasons())


def test_without_an_environment_the_first_one_that_can_suffer_is_broken(typed: Typed) -> None:
    assert "web in shop/staging will suffer" in typed("demo break web oom").stderr
    assert "web in media/staging will suffer" in typed("demo break web pod-security").stderr
    assert typed("demo break web none").stderr.count("is healed") == 4


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("demo break nowhere oom", "there is no 'nowhere' to break; known: archive"),
        ("demo break web headache", "web cannot suffer from 'headache'; known: autoscaler-metrics"),
        ("demo break web oom -e mars", "there is no environment 'mars'; known: media/production"),
        ("demo break reports target-status", "reports has no load balancer"),
        ("demo break database paused", "a StatefulSet cannot suffer from 'paused'"),
    ],
    ids=["no workload", "no cause", "no environment", "no balancer", "another kind"],
)
def test_what_cannot_be_broken_is_said(typed: Typed, command: str, said: str) -> None:
    seen = typed(command)
    assert (seen.returncode, seen.stdout) == (2, "")
    assert said in " ".join(seen.stderr.split())


def test_the_help_lists_every_cause() -> None:
    told = " ".join((COMMANDS["demo break"].help or "").replace(".", ",").split())
    listed = {word.strip() for part in told.split(":")[1:] for word in part.split(",")}
    assert {*kubernetes.TROUBLES, *ecs.TROUBLES} <= listed


def test_stop_says_whether_there_was_anything_to_stop(typed: Typed) -> None:
    typed("demo start")
    assert "stopped" in typed("demo stop").stderr
    assert "not running" in typed("demo stop").stderr
    assert typed("demo status").stdout == "not running\n"
