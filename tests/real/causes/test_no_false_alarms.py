"""What is well has no cause of an error, and costs no more than to describe it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Cli
from tests.support.control_plane import ControlPlane
from tests.support.manifests import daemon_set, deployment, stateful_set
from tests.support.real_namespace import STRATEGY, Space

WELL = ["media/web", "media/db", "media/agent", "media/idle", "media/paused", "other/api"]
ILL = {"crash", "oom", "pull", "unready", "huge", "init", "rolling"}
CHANGES = {"deployments": deployment, "statefulsets": stateful_set, "daemonsets": daemon_set}


def later(**duration: float) -> datetime:
    return datetime.now(UTC) + timedelta(**duration)


@pytest.mark.parametrize("minutes", [0, 5])
@pytest.mark.parametrize("name", WELL)
def test_a_workload_that_is_well(
    dashborion: Cli, as_admin: Path, name: str, minutes: float
) -> None:
    found = dashborion(f"workloads why {name} -o json --all", now=later(minutes=minutes)).json
    assert found["verdict"] not in ("failing", "unknown")
    wrong = {one["code"]: one["severity"] for one in found["causes"]}
    wrong.pop("autoscaler-metrics", None)  # nobody measures anything there
    assert set(wrong.values()) <= {"info"}, wrong


def test_of_all_workloads_only_those_that_are_not_well_are_shown(
    dashborion: Cli, as_admin: Path
) -> None:
    found = dashborion("workloads why -n media -o json", now=later(minutes=5)).json
    assert {one["workload"] for one in found} == ILL
    assert all(one["causes"] for one in found)


def test_patterns_and_types_choose_what_is_looked_at(dashborion: Cli, as_admin: Path) -> None:
    now = later(minutes=5)
    for chosen, names in (
        ("'*ll' -n media", {"pull"}),
        ("'cr*' -A", {"crash"}),
        ("'sts/*' -n media", set()),
    ):
        found = dashborion(f"workloads why {chosen} -o json", now=now).json
        assert {one["workload"] for one in found} == names


def test_it_costs_no_more_than_to_describe_it(dashborion: Cli, as_admin: Path) -> None:
    def calls(command: str) -> int:
        told = dashborion(f"workloads {command} media/web -o json -v").err
        return sum(" GET " in f" {line} " for line in told.splitlines())

    assert calls("why") == calls("describe")


def test_what_may_not_be_looked_at_is_told(
    cluster: ControlPlane, dashborion: Cli, as_user: Callable[[str], Path]
) -> None:
    """The user may not list StatefulSets, and not read nodes."""
    as_user("viewer")
    seen = dashborion("workloads why -n media -o json", now=later(minutes=5), fails_with_rows=True)
    assert {one["workload"] for one in seen.json} == ILL
    assert seen.exit_code == 5
    assert "statefulsets" in seen.err


@pytest.mark.parametrize("plural", CHANGES)
def test_a_workload_in_the_middle_of_its_rollout(
    space: Space,
    dashborion: Cli,
    control_plane: ControlPlane,
    point: Callable[[ControlPlane, str], Path],
    plural: str,
) -> None:
    point(control_plane, "admin")
    make: Callable[..., Any] = CHANGES[plural]
    more: dict[str, Any] = {} if plural == "daemonsets" else {"replicas": 6}
    if plural == "deployments":
        more |= {"strategy": STRATEGY, "minReadySeconds": 1}
    name = space.add(make(f"rolled-{plural}", **more))
    containers = [{"name": "app", "image": "example.com/app:2.0"}]
    space.merge(name, {"template": {"spec": {"containers": containers}}}, plural)
    looks: list[dict[str, Any]] = []
    for _ in range(8):
        for command in (name, f"'{name[:-1]}?'"):
            told = dashborion(f"workloads why {command} -n {space.name} -o json --all").json
            looks += [told] if isinstance(told, dict) else told
    causes = [(one["code"], one["severity"]) for look in looks for one in look["causes"]]
    assert [one for one in causes if one[1] != "info"] == []
    assert {look["verdict"] for look in looks} <= {"progressing", "healthy"}
