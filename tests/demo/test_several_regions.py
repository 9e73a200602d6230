"""One cluster in two regions of AWS: asked side by side, one failing without the other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dashborion.demo.ecs.aws_protocol import refusal
from dashborion.demo.http_server import Answer
from tests.support.aws import credentials
from tests.support.aws_server import StrictAws
from tests.support.cli import Cli
from tests.support.fleet_on_ecs import CLUSTER, REGION, populate
from tests.support.several import errors, on_ecs, write
from tests.support.waiting import PATIENCE_SECONDS

LIST = "workloads list --all-envs"


@pytest.fixture(scope="module")
def aws() -> Iterator[StrictAws]:
    with StrictAws() as own:
        populate(own)
        populate(own, region="us-east-1")
        yield own


@pytest.fixture
def regions(aws: StrictAws, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StrictAws]:
    """The same cluster in two regions."""
    credentials(monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    write(home, homebox={"paris": on_ecs(CLUSTER), "virginia": on_ecs(CLUSTER, "us-east-1")})
    aws.spy.reset()
    yield aws
    aws.faults.clear()


def test_a_name_that_was_found_while_another_environment_failed(
    dashborion: Cli, regions: StrictAws
) -> None:
    def denied(ask: Any, do: Any) -> Any:
        return do() if ask.region == REGION else refusal(ask, "AccessDeniedException", "no", 400)

    regions.faults.add("ecs:*", denied)
    seen = dashborion("workloads describe spot --all-envs -o json")
    assert (seen.exit_code, seen.json["environment"]) == (5, "paris")
    assert errors(seen) == {"homebox/virginia": "forbidden", None: "partial"}


def wait_for_each_other(regions: StrictAws) -> None:
    """The lists of services of both regions are answered when both have been asked for."""
    both = threading.Barrier(2, timeout=PATIENCE_SECONDS)

    def wait(_: Any, do: Callable[[], Answer]) -> Answer:
        both.wait()
        return do()

    regions.faults.add("ecs:ListServices", wait)


def test_regions_are_fetched_side_by_side(dashborion: Cli, regions: StrictAws) -> None:
    wait_for_each_other(regions)
    seen = dashborion(f"{LIST} -o json")
    assert {one["environment"] for one in seen.json} == {"paris", "virginia"}
    assert regions.spy.most_at_once("ecs:ListServices") == 2


def test_one_that_is_silent_costs_itself(dashborion: Cli, regions: StrictAws) -> None:
    dashborion(f"{LIST} -o json")
    regions.faults.hang("ecs:ListServices")
    seen = dashborion(f"{LIST} -o json", seconds=3)
    assert seen.exit_code == 5
    assert len({one["environment"] for one in seen.json}) == 1
    assert "timeout" in errors(seen).values()
    assert dashborion.took < PATIENCE_SECONDS / 2


def test_one_without_a_region_costs_itself(dashborion: Cli, regions: StrictAws, home: Path) -> None:
    path = home / ".config" / "dashborion" / "config.yaml"
    path.write_text(path.read_text().replace("region: us-east-1", "region: null"))
    seen = dashborion(f"{LIST} -o json")
    assert (seen.exit_code, {one["environment"] for one in seen.json}) == (5, {"paris"})
    assert errors(seen)["homebox/virginia"] == "usage"


def test_a_terminal_is_told_what_is_waited_for(dashborion: Cli, regions: StrictAws) -> None:
    wait_for_each_other(regions)
    assert dashborion(LIST, tty=True).exit_code == 0
    assert "waiting for homebox/paris, homebox/virginia" in dashborion.raw_err
    assert dashborion.raw_err.endswith("\r\x1b[K")
    assert "\n" not in dashborion.raw_err


def test_a_pipe_is_told_nothing(dashborion: Cli, regions: StrictAws) -> None:
    wait_for_each_other(regions)
    assert dashborion(LIST).err == ""
