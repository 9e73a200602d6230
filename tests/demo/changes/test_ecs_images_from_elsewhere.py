"""What one service runs, deployed to another: registered, rolled out and waited for."""

from __future__ import annotations

from tests.support.cli import Cli
from tests.support.living_shop import LivingShop

DEPLOY = "workloads deploy search --image-from here --from-workload web --wait -o json"


def test_what_another_service_runs_is_rolled_out(dashborion: Cli, shop: LivingShop) -> None:
    refused = dashborion(DEPLOY)
    assert (refused.exit_code, refused.error["code"]) == (2, "usage")
    assert "--repository keep" in refused.error["hint"]

    seen = dashborion(f"{DEPLOY} --repository keep")
    assert seen.exit_code == 0, seen.err
    assert seen.json["before"].startswith("registry.example/shop/search:")
    repository, _, digest = seen.json["after"].partition("@")
    assert (repository, len(digest)) == ("registry.example/shop/web", 71)
    assert seen.json["rollout"]["state"] == "complete"

    again = dashborion(f"{DEPLOY} --repository keep")
    assert (again.exit_code, "nothing changes" in again.err) == (0, True)
    changed = dashborion("workloads history search --diff -o json").json["differences"]
    assert [(one["field"], one["right"]) for one in changed] == [("image", seen.json["after"])]
