"""A night: the demo's cluster is stopped and started again, whatever happens in between."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.aws import connect
from tests.support.cli import Cli, Result
from tests.support.killed import killed_after
from tests.support.living_shop import CLUSTER, LivingShop

STOP = "workloads stop '*' --yes --keep-going -o json"
START = "workloads start '*' --yes --keep-going -o json"
NAMES = ["agent", "cart", "checkout", "payments", "recommendations", "reports", "search",
         "thumbnails", "web"]  # fmt: skip


def outcomes(seen: Result) -> dict[str, str]:
    return {one["workload"]: one["outcome"] for one in seen.json}


@pytest.fixture
def state(shop: LivingShop) -> Callable[[], dict[str, Any]]:
    """The count, the tags and the scaling of each service, as AWS tells them."""
    scaling = connect(shop.aws, "application-autoscaling", "eu-west-3")

    def told() -> dict[str, Any]:
        found = [
            one
            for names in (NAMES[:5], NAMES[5:])
            for one in shop.ecs.describe_services(
                cluster=CLUSTER, services=names, include=["TAGS"]
            )["services"]
        ]
        targets = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
        bounds = {
            one["ResourceId"].rpartition("/")[2]: (
                one["MinCapacity"],
                one["MaxCapacity"],
                json.dumps(one["SuspendedState"], sort_keys=True),
            )
            for one in targets
            if CLUSTER in one["ResourceId"]
        }
        return {
            one["serviceName"]: (
                one["desiredCount"],
                sorted((tag["key"], tag["value"]) for tag in one["tags"]),
                bounds.get(one["serviceName"]),
            )
            for one in found
        }

    return told


def test_everything_ends_as_it_was_or_says_why_not(
    dashborion: Cli, shop: LivingShop, state: Callable[[], dict[str, Any]]
) -> None:
    evening = state()
    for writes in (1, 2, 4):  # after a tag, a whole service, the next one's scaling
        with killed_after(writes):
            assert dashborion(f"{STOP} --parallel 1").exit_code == 130

    def deploys(_: object, do: Callable[[], Any]) -> Any:
        shop.ecs.update_service(cluster=CLUSTER, service="thumbnails", forceNewDeployment=True)
        return do()

    def grows(_: object, do: Callable[[], Any]) -> Any:
        shop.ecs.update_service(cluster=CLUSTER, service="web", desiredCount=5)
        return do()

    shop.aws.faults.add("ecs:TagResource", deploys, 1)
    shop.aws.faults.add("application-autoscaling:RegisterScalableTarget", grows, 1)
    seen = dashborion(f"{STOP} --parallel 1")
    told = {one["workload"]: one for one in seen.json}
    assert seen.exit_code == 5, seen.err
    for name, why in (("thumbnails", "somebody changed thumbnails"), ("web", "web has 5 replicas")):
        assert (told[name]["outcome"], why in told[name]["error"]["message"]) == ("failed", True)
        assert state()[name][1] == evening[name][1], "what was not stopped has no mark"
    assert (told["agent"]["outcome"], told["reports"]["outcome"]) == ("skipped", "skipped")

    shop.passes(40)  # what was deployed has got through
    seen = dashborion(f"{STOP} --wait")
    assert (seen.exit_code, outcomes(seen)["search"]) == (5, "failed"), seen.err
    assert "the rollout of search is progressing" in seen.err
    night = state()
    running = ("agent", "search")
    stopped = [name for name in NAMES if evening[name][0] and name not in running]
    assert [night[name][0] for name in stopped] == [0] * len(stopped)
    rows = dashborion("workloads list -o json").json
    assert {one["name"]: one["parked"]["desired"] for one in rows if one["parked"]} == {
        name: 5 if name == "web" else evening[name][0] for name in stopped
    }

    for writes in (1, 2, 4):
        with killed_after(writes):
            assert dashborion(f"{START} --parallel 1").exit_code == 130
    seen = dashborion(f"{START} --wait")
    assert seen.exit_code == 0, seen.err
    morning = state()
    assert morning.pop("web") == (5, *evening.pop("web")[1:]), "its autoscaler had raised it"
    assert morning == evening
