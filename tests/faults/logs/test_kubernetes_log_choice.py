"""Which containers and lines are read where names, times and texts are odd."""

from __future__ import annotations

import signal
from datetime import UTC, datetime

import pytest

from tests.faults.logs.conftest import Logs, at
from tests.support.cli import Cli
from tests.support.misbehaviour import Exchange, body
from tests.support.stub_objects import Manifest

DEFAULT = "kubectl.kubernetes.io/default-container"


def of_container(exchange: Exchange) -> None:
    """A line that names the container that was asked for."""
    name = exchange.path.partition("container=")[2].partition("&")[0]
    body(at(1, f"of {name}").encode(), "text/plain")(exchange)


def add_containers(pod: Manifest) -> None:
    """A second container and an ephemeral one, which run."""
    (status,) = pod["status"]["containerStatuses"]
    pod["spec"]["containers"].append({"name": "proxy"})
    pod["spec"]["ephemeralContainers"] = [{"name": "debugger"}]
    pod["status"]["containerStatuses"].append({**status, "name": "proxy", "containerID": "c://8"})
    ephemeral = {**status, "name": "debugger", "containerID": "c://9"}
    pod["status"]["ephemeralContainerStatuses"] = [ephemeral]


@pytest.mark.parametrize(
    ("command", "default", "expected", "warned"),
    [
        pytest.param("instances logs db-0", "proxy", ["proxy"], False, id="default"),
        pytest.param("instances logs db-0", "debugger", ["debugger"], False, id="ephemeral"),
        pytest.param("instances logs db-0", "gone", ["main"], True, id="missing default"),
        pytest.param("instances logs db-0 -c proxy", "gone", ["proxy"], False, id="named"),
        pytest.param("instances logs db-0", "", ["debugger", "main", "proxy"], False, id="none"),
        pytest.param("workloads logs db", "gone", ["debugger", "main", "proxy"], False, id="all"),
    ],
)
def test_the_default_container_is_a_wish(
    command: str, default: str, expected: list[str], warned: bool, logs: Logs, dashborion: Cli
) -> None:
    (pod,) = logs(of_container).objects["pods"]
    add_containers(pod)
    pod["metadata"]["annotations"] = {DEFAULT: default}
    seen = dashborion(f"{command} -e k8s:here --no-prefix")
    assert (seen.exit_code, sorted(seen.lines)) == (0, [f"of {name}" for name in expected])
    assert ("'gone' as its default container" in seen.err) == warned


@pytest.mark.parametrize("names", ["-c nope", "-c main -c nope"])
@pytest.mark.parametrize("follow", ["", " -f"])
def test_a_container_that_no_pod_has_is_not_found(
    names: str, follow: str, logs: Logs, dashborion: Cli
) -> None:
    logs(of_container, of_container)
    seen = dashborion(f"workloads logs db -e k8s:here {names}{follow}")
    assert (seen.exit_code, seen.out) == (3, "")
    assert "no container 'nope'" in seen.err
    assert "known: main" in seen.err


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param(at(2, "b") + at(3, "c") + at(1, "a"), ["a", "b", "c"], id="out of order"),
        pytest.param(at(1, "b") + at(1, "a") + at(1, "b"), ["b", "a", "b"], id="one moment"),
        pytest.param(
            "2026-01-01T00:00:02Z b\n2026-01-01T00:00:01Z a\n", ["a", "b"], id="whole seconds"
        ),
        pytest.param(
            "2026-01-01T00:00:02.5+02:00 a\n2026-01-01T00:00:01.25Z b\n", ["a", "b"], id="zones"
        ),
        pytest.param(at(1, "a\r") + at(2, "b\r"), ["a", "b"], id="CRLF"),
        pytest.param(at(2, "b\x00\x1b[2J") + at(1, "a"), ["a", "b\\x00\\x1b[2J"], id="NUL"),
        pytest.param(at(1) + at(2), ["", ""], id="empty"),
        pytest.param(at(2, "no newline").rstrip("\n"), ["no newline"], id="no newline"),
        pytest.param(at(1, "a" * 3_000_000), ["a" * 3_000_000], id="long"),
    ],
)
def test_lines_of_every_kind_are_printed_once_and_by_time(
    written: str, expected: list[str], logs: Logs, dashborion: Cli
) -> None:
    logs(written)
    seen = dashborion("workloads logs db -e k8s:here --no-prefix")
    assert (seen.exit_code, seen.out.split("\n")[:-1]) == (0, expected)


def test_lines_without_a_time_are_told_and_have_a_bound(logs: Logs, dashborion: Cli) -> None:
    logs(at(1, "a") + "".join(f"odd {n}\n" for n in range(1000)) + at(2, "b"))
    seen = dashborion("workloads logs db -e k8s:here --no-prefix")
    assert (seen.exit_code, seen.lines) == (5, ["a", "b"])
    assert "db-0: odd 0" in seen.err
    assert "more lines without a time are left out" in seen.err
    assert len(seen.err.splitlines()) < 100


def test_what_is_still_to_come_is_no_line_yet(logs: Logs, dashborion: Cli) -> None:
    logs(at(1, "a"))
    now = datetime(2026, 1, 1, tzinfo=UTC)
    seen = dashborion("workloads logs db -e k8s:here --since 2027-01-01", now=now)
    assert (seen.exit_code, seen.out) == (0, "")


def test_a_regex_that_never_ends_can_be_interrupted(logs: Logs, dashborion: Cli) -> None:
    logs(at(1, "a" * 60 + "!"))
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 1.0)  # as Ctrl-C: no other thread runs meanwhile
    try:
        seen = dashborion("workloads logs db -e k8s:here -i '(a+)+$'")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert (seen.exit_code, seen.out) == (130, "")
