"""``timeline`` of what people did to a service of the demo, where deployments play out."""

from __future__ import annotations

from typing import Any

import pytest

from dashborion.demo.ecs import ecs_api, ecs_changes_api
from tests.support.cli import Cli
from tests.support.living_shop import CLUSTER, LivingShop

BAD = "example.com/checkout:6.0-missing"
BREAKER = "Service deployment rolled back because the circuit breaker threshold was exceeded."
NAME = f"{CLUSTER}-checkout"


def told(entry: dict[str, Any]) -> tuple[Any, ...]:
    return (entry["kind"], entry["severity"], entry["before"], entry["after"])


def test_an_incident_is_told_in_the_order_in_which_it_happened(
    dashborion: Cli, shop: LivingShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ecs_changes_api, "request_time", lambda: shop.now)
    monkeypatch.setattr(ecs_api, "request_time", lambda: shop.now, raising=False)

    def done(typed: str, code: int = 0) -> None:
        seen = dashborion(typed)
        assert seen.exit_code == code, seen.err
        dashborion.steps = shop.meanwhile
        shop.passes(20)

    shop.passes(10)
    done(
        f"workloads deploy checkout --image {BAD} --reason 'new prices' --wait --fail-crashes 99", 7
    )
    done("workloads scale checkout -r 5 --wait")
    done(f"workloads rollback checkout --to {NAME}:2")
    done(f"workloads rollback checkout --to {NAME}:1 --reason 'enough of it' --wait")
    (first, *_) = dashborion("instances list -w checkout -o json").json
    done(f"instances stop {first['id']} --reason 'it hangs'")

    seen = dashborion("timeline checkout -o json --since 2h")
    assert seen.exit_code == 0, seen.err
    (stopped,) = [one for one in seen.json if "it hangs" in one["summary"]]
    assert (stopped["kind"], stopped["instance"]) == ("instance", first["name"])
    changes = [one for one in seen.json if one["kind"] != "instance"]
    assert [told(one) for one in [*changes, stopped]] == [
        ("config", "info", None, None),
        ("rollout", "info", f"{NAME}:1", f"{NAME}:3"),
        ("rollout", "error", None, f"{NAME}:3"),
        ("rollout", "info", f"{NAME}:3", f"{NAME}:1"),
        ("scale", "info", None, None),
        ("rollout", "info", f"{NAME}:1", f"{NAME}:2"),
        ("rollout", "info", f"{NAME}:2", f"{NAME}:1"),
        ("instance", "info", None, None),
    ]
    assert [one["summary"] for one in changes if one["kind"] in ("rollout", "scale")] == [
        "deployed 3 (image checkout:4.1.0 -> 6.0-missing)",
        f"3 failed, ECS rolls back: {BREAKER}",
        "rolled back to 1 (image checkout:6.0-missing -> 4.1.0)",
        "scaled out by 1, as the tasks tell that came and went",
        "rolled back to 2 (image checkout:4.1.0 -> 4.2.0)",
        "rolled back to 1 (image checkout:4.2.0 -> 4.1.0)",
    ]
    assert seen.json.index(stopped) > seen.json.index(changes[-1])
    assert "an hour of stopped tasks" in seen.err

    tags = {one["key"]: one["value"] for one in shop.definition("checkout")["tags"]}
    assert tags["dashborion:reason"] == "enough of it"
    kept = shop.ecs.describe_task_definition(taskDefinition=f"{NAME}:3", include=["TAGS"])
    assert {"key": "dashborion:reason", "value": "new prices"} in kept["tags"]


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("restart checkout --reason why", "ECS keeps none of a restart"),
        ("deploy checkout --image a:1 --reason 'what?'", "cannot hold '?'"),
        (f"rollback checkout --to {NAME}:2 --reason {'x' * 257}", "256 characters"),
    ],
    ids=["restart", "letters", "length"],
)
def test_a_reason_that_ecs_cannot_keep_changes_nothing(
    dashborion: Cli, shop: LivingShop, typed: str, says: str
) -> None:
    seen = dashborion(f"workloads {typed}")
    assert seen.exit_code == 2
    assert says in seen.err
    assert shop.sent() == []
