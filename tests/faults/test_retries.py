"""Throttling and server errors: tried again within bounds, and as the server asks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from tests.support.cli import Cli
from tests.support.misbehaviour import Fault, page, status
from tests.support.stub_api import Api

ATTEMPTS = 5
TROUBLE = [
    pytest.param(status(429, "slow down"), "throttled", id="429"),
    pytest.param(page(429), "throttled", id="429 with a page"),
    pytest.param(status(500, "etcdserver: leader changed"), "unreachable", id="500"),
    pytest.param(page(500), "unreachable", id="500 with a page"),
    pytest.param(page(502), "unreachable", id="502 with a page"),
    pytest.param(status(503, "apiserver is shutting down"), "unreachable", id="503"),
    pytest.param(page(504), "unreachable", id="504 with a page"),
    pytest.param(page(408), "unreachable", id="408"),
    pytest.param(status(501, "not yet"), "unreachable", id="501"),
    pytest.param(page(520), "unreachable", id="a proxy's own 520"),
]


@pytest.mark.parametrize(("fault", "code"), TROUBLE)
def test_trouble_that_passes_costs_nothing(
    dashborion: Cli, cluster: Api, fault: Fault, code: str
) -> None:
    cluster.on("*/pods", fault, times=2)

    seen = dashborion("instances list -o name")

    assert (seen.exit_code, seen.lines, seen.err) == (0, ["web-1"], ""), code
    assert len(cluster.to("pods")) == 3
    assert len(dashborion.slept) == 2


@pytest.mark.parametrize(("fault", "code"), TROUBLE)
def test_trouble_that_stays_ends_with_6_after_a_few_attempts(
    dashborion: Cli, cluster: Api, fault: Fault, code: str
) -> None:
    cluster.on("*/pods", fault)

    seen = dashborion("instances list -o json --debug")

    assert (seen.exit_code, seen.error["code"]) == (6, code)
    assert len(cluster.to("pods")) == ATTEMPTS
    assert "nginx" not in seen.err
    assert sum(dashborion.slept) < 5
    assert dashborion.slept == sorted(dashborion.slept), "each wait is longer than the one before"


@pytest.mark.parametrize(("fault", "code"), TROUBLE)
def test_trouble_that_stays_is_reported_with_the_call(
    dashborion: Cli, cluster: Api, fault: Fault, code: str
) -> None:
    cluster.on("*/pods", fault)

    seen = dashborion("instances list -o json")

    assert "/api/v1/namespaces/default/pods" in seen.error["message"], code


@pytest.mark.parametrize("code", [429, 503])
def test_retry_after_is_honoured(dashborion: Cli, cluster: Api, code: int) -> None:
    cluster.on("*/pods", status(code, headers={"Retry-After": "7"}), times=1)

    seen = dashborion("instances list -o name", seconds=60)

    assert (seen.exit_code, seen.lines) == (0, ["web-1"])
    assert dashborion.slept == [7.0]


@pytest.mark.parametrize("code", [429, 503])
def test_a_retry_after_beyond_the_deadline_fails_at_once(
    dashborion: Cli, cluster: Api, code: int
) -> None:
    cluster.on("*/pods", status(code, headers={"Retry-After": "120"}))

    seen = dashborion("instances list -o json", seconds=60)

    assert seen.exit_code == 6
    assert len(cluster.to("pods")) == 1
    assert dashborion.slept == []
    assert "120" in seen.error["message"] + (seen.error["hint"] or ""), "how long to wait?"


def test_a_retry_after_may_be_a_date(dashborion: Cli, cluster: Api) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    cluster.on("*/pods", status(429, headers={"Retry-After": later}))

    seen = dashborion("instances list -o json", seconds=60)

    assert (seen.exit_code, seen.error["code"]) == (6, "throttled")
    assert len(cluster.to("pods")) == 1


@pytest.mark.parametrize("value", ["soon", "-5", "1.5", "\xb2", "", "0", "9" * 400])
def test_a_retry_after_that_makes_no_sense_is_no_crash_and_no_storm(
    dashborion: Cli, cluster: Api, value: str
) -> None:
    cluster.on("*/pods", status(429, headers={"Retry-After": value}))

    seen = dashborion("instances list -o json", seconds=60)

    assert (seen.exit_code, seen.error["code"]) == (6, "throttled")
    assert len(cluster.to("pods")) <= ATTEMPTS
    assert all(wait >= 0 for wait in dashborion.slept)


def test_verbose_shows_each_attempt_without_its_query(dashborion: Cli, cluster: Api) -> None:
    cluster.on("*/pods", page(502), times=1)

    seen = dashborion("instances list -o name -v")

    lines = [line for line in seen.err.splitlines() if "/pods" in line]
    assert len(lines) == 2
    assert "502" in lines[0]
    assert "200" in lines[1]
    assert "?" not in seen.err


def test_one_list_in_trouble_does_not_repeat_the_others(dashborion: Cli, cluster: Api) -> None:
    cluster.on("*/statefulsets", page(500), times=3)

    assert dashborion("workloads list -o name").lines == ["api", "db", "web"]

    assert [len(cluster.to(one)) for one in ("deployments", "statefulsets")] == [1, 4]


def test_a_refused_request_is_not_sent_again(dashborion: Cli, cluster: Api) -> None:
    cluster.on("*/pods", status(403, "pods is forbidden"))

    assert dashborion("instances list").exit_code == 4

    assert len(cluster.to("pods")) == 1
