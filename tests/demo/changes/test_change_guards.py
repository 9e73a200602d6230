"""Who is asked before a change, and where none may be made."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dashborion.concurrency import Deadline
from tests.support.aws import write_aws, write_config
from tests.support.cli import Cli, Keyboard
from tests.support.fleet_on_ecs import CLUSTER, REGION, Fleet

HERE = {"cluster": CLUSTER, "region": REGION}
DEPLOY = "workloads deploy web --image app=example.com/web:2"
CHANGES = ["workloads scale web -r 4", "workloads restart web", "instances stop {task}", DEPLOY]


@pytest.fixture(params=CHANGES, ids=["scale", "restart", "stop", "deploy"])
def change(request: pytest.FixtureRequest, fleet: Fleet) -> str:
    return str(request.param).format(task=fleet.tasks["web"][0].id)


@pytest.fixture
def protected(fleet: Fleet, home: Path) -> Fleet:
    return flagged(fleet, home, protected=True)


def flagged(fleet: Fleet, home: Path, **flags: Any) -> Fleet:
    write_config(home, {"here": {**HERE, **flags}})
    return fleet


def sent(fleet: Fleet) -> int:
    counts = fleet.aws.spy.counts
    return counts["ecs:UpdateService"] + counts["ecs:StopTask"]


@pytest.mark.parametrize("answer", ["y", "yes", "YES", " y "])
def test_answering_yes_changes_it(
    dashborion: Cli, protected: Fleet, change: str, answer: str
) -> None:
    dashborion.keyboard = Keyboard(f"{answer}\n")
    seen = dashborion(change, tty=True)
    assert (seen.exit_code, sent(protected)) == (0, 1), seen.err
    assert "here is protected: " in seen.err
    assert "[y/N]" in seen.err


@pytest.mark.parametrize("answer", ["n\n", "no\n", "\n", "", "yep\n"], ids=repr)
def test_any_other_answer_changes_nothing(
    dashborion: Cli, protected: Fleet, change: str, answer: str
) -> None:
    dashborion.keyboard = Keyboard(answer)
    seen = dashborion(change, tty=True)
    assert (seen.exit_code, sent(protected), seen.out) == (1, 0, "")
    assert "nothing was changed" in seen.err


@pytest.mark.parametrize(
    ("keyboard", "tty"),
    [(Keyboard("y\n", tty=False), True), (Keyboard("y\n"), False), (Keyboard(tty=False), False)],
    ids=["a pipe for stdin", "no terminal to ask on", "neither"],
)
def test_without_a_terminal_a_protected_environment_exits_2_and_names_yes(
    dashborion: Cli, protected: Fleet, change: str, keyboard: Keyboard, tty: bool
) -> None:
    dashborion.keyboard = keyboard
    seen = dashborion(change, tty=tty)
    assert (seen.exit_code, sent(protected), seen.out) == (2, 0, "")
    assert "--yes" in seen.err
    assert "[y/N]" not in seen.err


@pytest.mark.parametrize("yes", ["--yes", "-y"])
def test_the_option_yes_does_not_ask(
    dashborion: Cli, protected: Fleet, change: str, yes: str
) -> None:
    seen = dashborion(f"{change} {yes}")
    assert (seen.exit_code, sent(protected)) == (0, 1)


def test_a_dry_run_does_not_ask(dashborion: Cli, protected: Fleet, change: str) -> None:
    seen = dashborion(f"{change} --dry-run")
    assert (seen.exit_code, sent(protected)) == (0, 0)


def test_an_answer_may_take_its_time(
    dashborion: Cli, protected: Fleet, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """Bug: the minute for reads goes on while a person thinks; the change then fails."""
    asleep = [0.0]
    clock = {"clock": lambda: time.monotonic() + sum(asleep)}
    monkeypatch.setattr(Deadline.__init__, "__kwdefaults__", clock)
    dashborion.keyboard = Keyboard("y\n", before=lambda: asleep.append(dashborion.read_seconds))
    seen = dashborion(change, tty=True)
    assert (seen.exit_code, sent(protected)) == (0, 1), seen.err


@pytest.mark.parametrize("more", ["", "--yes", "--dry-run"])
def test_a_read_only_environment_refuses_changes(
    dashborion: Cli, fleet: Fleet, home: Path, change: str, more: str
) -> None:
    flagged(fleet, home, read_only=True)
    seen = dashborion(f"{change} {more} -o json")
    assert (seen.exit_code, seen.error["code"], seen.out) == (1, "refused", "")
    assert "here is read-only" in seen.error["message"]
    assert sent(fleet) == 0


def test_reading_a_protected_environment_is_allowed(
    dashborion: Cli, fleet: Fleet, home: Path
) -> None:
    flagged(fleet, home, read_only=True, protected=True)
    assert dashborion("workloads status web --wait").exit_code == 0
    assert dashborion("workloads events web").exit_code == 0


def ad_hoc(patch: pytest.MonkeyPatch) -> None:
    patch.setenv("DASHBORION_ENV", f"ecs:{REGION}/{CLUSTER}")


def by_its_arn(patch: pytest.MonkeyPatch) -> None:
    """Bug: the same cluster by its ARN is taken for another one."""
    arn = f"arn:aws:ecs:{REGION}:123456789012:cluster/{CLUSTER}"
    Path("dashborion.yaml").write_text(
        f"environments:\n  mine: {{orchestrator: ecs, cluster: '{arn}', region: {REGION}}}\n"
    )
    patch.setenv("DASHBORION_ENV", "mine")


def region_from_the_surroundings(patch: pytest.MonkeyPatch) -> None:
    """Bug: the same cluster, its region from $AWS_REGION, is taken for another one."""
    patch.setenv("AWS_REGION", REGION)
    patch.setenv("DASHBORION_ENV", f"ecs:{CLUSTER}")


def profile_from_the_surroundings(patch: pytest.MonkeyPatch) -> None:
    """Bug: the same cluster, its profile from $AWS_PROFILE, is taken for another one."""
    write_aws(
        Path.home(),
        config="[profile prod]\n",
        credentials="[prod]\naws_access_key_id = AKIA\naws_secret_access_key = s3cr3t\n",
    )
    write_config(Path.home(), {"here": {**HERE, "profile": "prod", "read_only": True}})
    patch.setenv("AWS_PROFILE", "prod")
    ad_hoc(patch)


def in_the_folder(patch: pytest.MonkeyPatch) -> None:
    text = f"{{orchestrator: ecs, cluster: {CLUSTER}, region: {REGION}, protected: false}}"
    Path("dashborion.yaml").write_text(f"environments:\n  mine: {text}\n")
    patch.setenv("DASHBORION_ENV", "mine")


@pytest.mark.parametrize(
    "around",
    [
        ad_hoc,
        in_the_folder,
        by_its_arn,
        region_from_the_surroundings,
        profile_from_the_surroundings,
    ],
)
def test_the_flags_hold_under_another_name_of_the_target(
    dashborion: Cli,
    fleet: Fleet,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    around: Callable[[pytest.MonkeyPatch], None],
) -> None:
    flagged(fleet, home, read_only=True)
    around(monkeypatch)
    seen = dashborion("workloads restart web")
    assert (seen.exit_code, sent(fleet)) == (1, 0), seen.err
    assert "read-only" in seen.err


# --- Several environments -----------------------------------------------------------------------

FAR = "us-east-1"


@pytest.fixture
def two(fleet: Fleet, home: Path, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """The fleet here, and a cluster far away."""
    write_config(home, {"here": HERE, "far": {"cluster": "far", "region": FAR}})
    monkeypatch.delenv("DASHBORION_ENV")
    with fleet.aws.lock:
        there = fleet.aws.region(FAR).cluster("far")
        there.service("idle", there.definition("idle"), desired=0)
    return fleet


@pytest.mark.parametrize(
    "words", ["workloads restart web", "workloads scale web -r 4", "instances stop {task}"]
)
def test_a_name_that_only_one_environment_has_is_enough(
    dashborion: Cli, two: Fleet, words: str
) -> None:
    words = words.format(task=two.tasks["web"][0].id)
    assert dashborion(f"{words} --all-envs").exit_code == 0
    assert sent(two) == 1


def test_a_name_that_two_environments_have_changes_neither(dashborion: Cli, two: Fleet) -> None:
    seen = dashborion("workloads restart idle --all-envs -o json")
    assert (seen.exit_code, seen.error["code"], sent(two)) == (2, "ambiguous", 0)
    assert "here" in seen.error["message"]
    assert "far" in seen.error["message"]
    assert "-e" in seen.error["hint"]


def test_nothing_is_changed_while_one_environment_cannot_be_searched(
    dashborion: Cli, two: Fleet, home: Path, change: str
) -> None:
    far = {"cluster": "far", "region": FAR, "endpoint_url": "http://127.0.0.1:9"}
    write_config(home, {"here": HERE, "far": far})
    seen = dashborion(f"{change} --all-envs -o json")
    assert (seen.exit_code, seen.error["code"], seen.out) == (5, "partial", "")
    assert "nothing was changed" in seen.error["message"]
    assert sent(two) == 0
