"""``workloads status`` of several workloads: one answer for each, one wait for all."""

from __future__ import annotations

import json
import re

import pytest

from tests.support.cli import Cli, Result
from tests.support.ecs_mover import Mover
from tests.support.fleet_on_ecs import Fleet

WAIT = "workloads status web db --wait --timeout 20s"


@pytest.fixture
def web(fleet: Fleet) -> Mover:
    """A service in the middle of its rollout."""
    return _begun(fleet, "web")


@pytest.fixture
def db(fleet: Fleet) -> Mover:
    """Another one."""
    return _begun(fleet, "db")


def _begun(fleet: Fleet, name: str) -> Mover:
    found = Mover(fleet, name)
    found.begins()
    return found


def states(seen: Result) -> dict[str, str]:
    return {one["workload"]: one["state"] for one in seen.json}


def errors(seen: Result) -> list[str]:
    said = [json.loads(line) for line in seen.err.splitlines()]
    return [one["error"]["message"] for one in said if "error" in one]


def test_one_name_is_an_object_and_anything_else_a_list(
    dashborion: Cli, web: Mover, db: Mover
) -> None:
    one = dashborion("workloads status web -o json").json
    assert (one["workload"], one["namespace"], one["state"]) == ("web", "media", "progressing")
    assert states(dashborion("workloads status db web -o json")).keys() == {"db", "web"}
    several = dashborion("workloads status 'w*' db media/web -o json").json
    assert [one["workload"] for one in several] == ["db", "web"], "each once"
    nothing = dashborion("workloads status 'nothing*' -o json")
    assert (nothing.exit_code, nothing.json) == (0, [])
    assert dashborion("workloads status web nothing").exit_code == 3


@pytest.mark.parametrize("command", ["list", "status", "events", "why", "top"])
def test_a_pattern_that_fits_nothing_is_a_note(dashborion: Cli, web: Mover, command: str) -> None:
    seen = dashborion(f"workloads {command} 'nothing*'")
    assert seen.exit_code == 0
    assert re.search(r"^no (running )?workloads( or instances)? found$", seen.err, re.MULTILINE)


def test_several_are_rows_with_names(dashborion: Cli, web: Mover, db: Mover) -> None:
    seen = dashborion("workloads status web db")
    assert [line.split("\t")[:2] for line in seen.lines] == [
        ["WORKLOAD", "STATE"], ["web", "progressing"], ["db", "progressing"],
    ]  # fmt: skip
    assert dashborion("workloads status web db -o name").lines == ["web", "db"]


def test_the_wait_is_for_all(dashborion: Cli, web: Mover, db: Mover) -> None:
    dashborion.steps = [web.completes, lambda: None, db.completes]
    seen = dashborion(f"{WAIT} -o json")
    assert (seen.exit_code, len(dashborion.slept)) == (0, 3)
    assert states(seen) == {"web": "complete", "db": "complete"}


def test_what_fails_ends_no_other_wait(dashborion: Cli, web: Mover, db: Mover) -> None:
    dashborion.steps = [web.task_fails, web.task_fails, lambda: None, db.completes]
    seen = dashborion(f"{WAIT} -o json")
    assert seen.exit_code == 7
    assert len(dashborion.slept) == 4
    assert states(seen)["db"] == "complete"
    assert [message.split(": ")[0] for message in errors(seen)] == ["web"]
    failed, done = sorted(seen.json, key=lambda one: one["state"] == "complete")
    assert failed["causes"]
    assert done["causes"] is None


@pytest.mark.parametrize(
    ("fails", "code", "order"),
    [(True, 7, ["db", "web"]), (False, 8, ["db", "web"])],
    ids=["failed before pending", "pending"],
)
def test_the_gravest_ends_the_command(
    dashborion: Cli, web: Mover, db: Mover, *, fails: bool, code: int, order: list[str]
) -> None:
    dashborion.steps = [web.task_fails, web.task_fails] if fails else []
    seen = dashborion(f"{WAIT} -o json")
    assert seen.exit_code == code
    assert sorted(message.split(": ")[0] for message in errors(seen)) == order
    assert errors(seen)[-1].startswith("web: ")


def test_progress_of_all_is_one_live_line(dashborion: Cli, web: Mover, db: Mover) -> None:
    dashborion.steps = [web.completes, db.completes]
    seen = dashborion(WAIT, tty=True)
    assert seen.exit_code == 0
    assert "web: complete" in dashborion.raw_err
    assert {"; db: ", "; web: "} & set(re.findall("; [a-z]+: ", dashborion.raw_err))
    assert "db: " not in seen.err, "a line that stays"


def test_an_interrupt_says_what_goes_on(dashborion: Cli, web: Mover, db: Mover) -> None:
    def ctrl_c() -> None:
        raise KeyboardInterrupt

    dashborion.steps = [web.completes, ctrl_c]
    seen = dashborion(WAIT)
    assert seen.exit_code == 130
    assert "interrupted: the rollout of db goes on" in seen.err
    assert "the rollout of web goes on" not in seen.err


def test_quiet_says_nothing_but_what_is_wrong(dashborion: Cli, web: Mover, db: Mover) -> None:
    dashborion.steps = [web.completes, db.completes]
    assert dashborion(f"{WAIT} -q").err == ""
    assert dashborion("-q workloads status nothing").err.startswith("error: ")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("scale web -r 3", "scale service/web in namespace "),
        ("restart web", "restart service/web in namespace "),
        ("restart web --dry-run", "would restart service/web in namespace "),
        ("scale web -r 2", "nothing changes: service/web in namespace "),
    ],
)
def test_quiet_still_says_what_is_changed_and_where(
    dashborion: Cli, web: Mover, command: str, said: str
) -> None:
    seen = dashborion(f"-q workloads {command}")
    assert seen.exit_code == 0
    assert [line for line in seen.err.splitlines() if line.startswith(said)], seen.err
    assert "using " not in seen.err
