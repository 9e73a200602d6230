"""A night on a real control plane and on the demo's: stopped and started by pattern."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dashborion.orchestrators.kubernetes import parking
from tests.support.cli import Cli
from tests.support.killed import killed_after
from tests.support.manifests import autoscaler, deployment
from tests.support.real_namespace import Space
from tests.support.stand_in import StandIn

STOP = "workloads stop '*' --yes --keep-going -o json"
START = "workloads start '*' --yes --keep-going -o json"
COUNTS = {"api": 2, "shop": 3, "web": 2}


@pytest.fixture(params=["real", "demo"])
def night(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dashborion: Cli
) -> Iterator[Space]:
    """Three Deployments, one of them with an autoscaler, and a CronJob."""
    if request.param == "real":
        place: Space = request.getfixturevalue("here")
        yield filled(place)
        return
    with StandIn.running(tmp_path) as standing:
        path = tmp_path / "kubeconfig-demo"
        standing.write_kubeconfig(path, context="demo", namespace="night")
        monkeypatch.setenv("KUBECONFIG", str(path))
        dashborion.step_seconds = 0.05
        yield filled(Space.on(standing, "night"))


def filled(space: Space) -> Space:
    for name, count in COUNTS.items():
        space.add(deployment(name, replicas=count))
    space.add(autoscaler("web", low=2, high=4))
    return space


def state(space: Space) -> dict[str, Any]:
    found = {name: space.get(name) for name in COUNTS}
    return {
        name: (
            one["spec"]["replicas"],
            (one["metadata"].get("annotations") or {}).get("dashborion.io/parked"),
        )
        for name, one in found.items()
    }


def test_everything_ends_as_it_was_or_says_why_not(dashborion: Cli, night: Space) -> None:
    evening = state(night)
    for writes in (1, 1):  # each workload is one write
        with killed_after(writes):
            assert dashborion(f"{STOP} --parallel 1").exit_code == 130
    assert [count for count, _ in state(night).values()] == [0, 0, 2]
    somebodys = [{"op": "add", "path": "/spec/template/metadata/annotations",
                  "value": {"deployed": "now"}}]  # fmt: skip

    def deploys(*_: object) -> frozenset[str]:
        kind = "application/json-patch+json"
        night.plane.request("PATCH", night.path("web"), somebodys, kind)
        return frozenset()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parking._Parking, "_pods", deploys)  # after the plan, before the patch
        seen = dashborion(STOP)
    told = {one["workload"]: one for one in seen.json}
    assert (seen.exit_code, told["web"]["outcome"]) == (5, "failed"), seen.err
    assert "somebody changed the pod template of web" in told["web"]["error"]["message"]
    assert state(night)["web"] == evening["web"]
    assert {told[name]["outcome"] for name in ("api", "shop")} == {"skipped"}

    night.add(deployment("web"))  # waits for what was deployed
    assert dashborion("workloads status web --wait").exit_code == 0
    assert dashborion(f"{STOP} --wait").exit_code == 0
    assert [count for count, _ in state(night).values()] == [0, 0, 0]
    night.merge("shop", {"replicas": 1})  # somebody needs it in the middle of the night
    with killed_after(1):
        assert dashborion(f"{START} --parallel 1").exit_code == 130
    seen = dashborion(f"{START} --wait")
    assert seen.exit_code == 0, seen.err
    assert "1 replica already" in seen.err
    assert state(night) == {**evening, "shop": (1, None)}
