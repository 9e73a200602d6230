"""A read ends within its deadline, whatever the server does."""

from __future__ import annotations

import gzip
import json

import pytest

from tests.support import misbehaviour
from tests.support.cli import Cli
from tests.support.misbehaviour import Fault, body, status
from tests.support.stub_api import Api
from tests.support.stub_objects import pod
from tests.support.waiting import PATIENCE_SECONDS

SILENT = [
    pytest.param(misbehaviour.hang, id="hanging"),
    pytest.param(misbehaviour.trickle, id="trickling"),
]
COMMANDS = [
    "workloads list -o json",
    "workloads describe web -o json",
    "instances list -o json",
    "instances list -w web -o json",
    "instances describe web-1 -o json",
    "env check -o json",
]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("fault", SILENT)
def test_a_server_that_does_not_finish_ends_with_the_deadline(
    dashborion: Cli, cluster: Api, fault: Fault, command: str
) -> None:
    cluster.on("*", fault)

    seen = dashborion(command, seconds=0.25, fails_with_rows="check" in command)

    assert (seen.exit_code, seen.error["code"]) == (6, "timeout")
    assert seen.error["environment"] == "k8s:here"
    assert dashborion.took < PATIENCE_SECONDS / 2


@pytest.mark.parametrize(
    "plurals",
    [("pods",), ("services",), ("events",), ("replicasets",), ("pods", "services", "events")],
    ids=",".join,
)
@pytest.mark.parametrize("fault", SILENT)
def test_a_list_that_does_not_finish_is_a_part_that_is_missing(
    dashborion: Cli, cluster: Api, fault: Fault, plurals: tuple[str, ...]
) -> None:
    for plural in plurals:
        cluster.on(f"*/{plural}", fault)

    seen = dashborion.while_some_never_answer("workloads describe web -o json")

    assert (seen.exit_code, seen.json["name"]) == (0, "web")
    assert json.loads(seen.err.splitlines()[0])["warning"]["code"] == "timeout"
    assert dashborion.took < PATIENCE_SECONDS / 2


@pytest.mark.parametrize("fault", SILENT)
def test_a_kind_that_does_not_finish_costs_its_rows(
    dashborion: Cli, cluster: Api, fault: Fault
) -> None:
    cluster.on("*/statefulsets", fault)

    seen = dashborion.while_some_never_answer("workloads list -o json")

    assert (seen.exit_code, [one["name"] for one in seen.json]) == (5, ["api", "web"])


def test_a_timeout_says_how_long_was_waited_and_for_what(dashborion: Cli, cluster: Api) -> None:
    cluster.on("*", misbehaviour.hang)

    seen = dashborion("workloads list -o json", seconds=0.25)

    assert "0.25 seconds" in seen.error["message"]
    assert cluster.url in seen.error["message"] + (seen.error["hint"] or "")


def test_a_list_without_an_end_ends_with_the_deadline(dashborion: Cli, cluster: Api) -> None:
    cluster.objects["pods"] = [pod(f"web-{number}") for number in range(2000)]
    cluster.chunk = 1

    seen = dashborion("instances list -o json", seconds=0.3)

    assert (seen.exit_code, seen.error["code"]) == (6, "timeout")
    assert dashborion.took < PATIENCE_SECONDS / 2


def test_waiting_for_a_throttling_server_counts_towards_the_deadline(
    dashborion: Cli, cluster: Api
) -> None:
    cluster.on("*/pods", status(429, headers={"Retry-After": "1"}))

    seen = dashborion("instances list -o json", seconds=0.9)

    assert (seen.exit_code, seen.error["code"]) == (6, "throttled")
    assert len(cluster.to("pods")) == 1
    assert dashborion.slept == []


def test_a_hang_that_passes_with_a_broken_connection_costs_nothing(
    dashborion: Cli, cluster: Api
) -> None:
    cluster.on("*/pods", misbehaviour.drop, times=2)

    assert dashborion("instances list -o name").lines == ["web-1"]


def test_a_body_that_explodes_when_unpacked_ends_within_the_deadline(
    dashborion: Cli, cluster: Api
) -> None:
    bomb = gzip.compress(b"[" + b" " * 60_000_000, compresslevel=1)
    cluster.on("*/pods", body(bomb, Content_Encoding="gzip"))

    seen = dashborion("instances list -o json", seconds=0.4)

    assert seen.exit_code == 6
    assert dashborion.took < PATIENCE_SECONDS / 2
