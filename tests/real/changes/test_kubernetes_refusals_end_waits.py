"""Pods that cannot be made, or that nobody schedules, end a wait with the API's words."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from dashborion.engines.rollout import POLL_SECONDS
from tests.support.api import Manifest
from tests.support.cli import Cli
from tests.support.manifests import daemon_set, deployment, stateful_set
from tests.support.real_namespace import Space

Made = Callable[..., Manifest]
KINDS = [deployment, stateful_set, daemon_set]


@pytest.fixture(scope="module")
def full(space: Space) -> Space:
    """A namespace whose quota is used up, with a workload of each kind."""
    metadata = {"name": "full", "namespace": space.name}
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata}
    space.plane.apply(quota | {"spec": {"hard": {"pods": "0"}}})
    path = f"/api/v1/namespaces/{space.name}/resourcequotas/full"
    space.plane.wait_for(
        "the quota to hold", lambda: space.plane.request("GET", path)["status"].get("used")
    )
    for kind in KINDS:
        space.add(kind(name_of(kind)), settled=False)
    for kind in KINDS:
        space.plane.wait_for(f"a refused {kind.__name__}", partial(is_refused, space, kind))
    return space


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_pods_that_are_refused_end_a_wait(
    full: Space, here: Space, dashborion: Cli, kind: Made
) -> None:
    name = name_of(kind)
    seen = dashborion(f"workloads status {name} --wait --fail-placement 1s -o json")
    assert (seen.exit_code, seen.error["code"]) == (7, "rollout-failed")
    assert seen.error["message"].startswith("a quota is used up (FailedCreate): ")
    assert "exceeded quota: full" in seen.error["message"]
    assert sum(dashborion.slept) <= 3 * POLL_SECONDS

    told = dashborion(f"workloads describe {name} -o json").json["reasons"]
    found = {one["reason"]: one for one in told}
    assert "exceeded quota: full" in found["FailedCreate"]["message"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_timeout_says_that_pods_are_refused(
    full: Space, here: Space, dashborion: Cli, kind: Made
) -> None:
    seen = dashborion(f"workloads status {name_of(kind)} --wait --timeout 1s -o json")
    assert (seen.exit_code, seen.error["code"]) == (8, "rollout-pending")
    assert "exceeded quota: full" in seen.error["message"]


def test_what_was_refused_once_and_is_made_now_is_waited_for(
    full: Space, here: Space, dashborion: Cli
) -> None:
    """Its events of the refusal are there for an hour."""
    path = f"/api/v1/namespaces/{here.name}/resourcequotas/full"

    def somebody_raises_the_quota() -> None:
        here.plane.merge(path, {"spec": {"hard": {"pods": "100"}}})

    somebody_raises_the_quota()
    name = name_of(stateful_set)
    seen = dashborion(f"workloads restart {name} --wait")
    assert seen.exit_code == 0, seen.err
    assert dashborion(f"workloads describe {name} -o json").json["reasons"] == []


def test_a_pod_that_nobody_schedules_is_named(here: Space, dashborion: Cli) -> None:
    manifest = deployment("nobodys")
    manifest["spec"]["template"]["spec"]["schedulerName"] = "nobody"
    here.add(manifest, settled=False)
    here.plane.wait_for("its pod", lambda: here.pods("nobodys"))
    seen = dashborion("workloads status nobodys --wait --fail-placement 1s -o json")
    assert seen.exit_code == 7
    pod = here.only_pod("nobodys")
    words = f"no scheduler has taken it up in {pod}: the scheduler 'nobody' has not taken it up"
    assert seen.error["message"].startswith(words)
    late = dashborion("workloads status nobodys --wait --timeout 0s -o json")
    assert words in late.error["message"]


def name_of(kind: Made) -> str:
    return kind.__name__.replace("_", "-")


def is_refused(space: Space, kind: Made) -> bool:
    name = name_of(kind)
    found = space.plane.request("GET", f"/api/v1/namespaces/{space.name}/events")["items"]
    about = {one["involvedObject"]["name"] for one in found if one["reason"] == "FailedCreate"}
    return any(one == name or one.startswith(f"{name}-") for one in about)
