"""``workloads deploy``, ``history`` and ``rollback`` on the demo's ECS, where they play out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from dashborion.demo.ecs.aws_protocol import AwsRequest
from dashborion.demo.http_server import Answer
from tests.support.cli import Cli
from tests.support.living_shop import CLUSTER, LivingShop

REGISTER, UPDATE = "ecs:RegisterTaskDefinition", "ecs:UpdateService"
OLD, NEW = "registry.example/shop/checkout:4.1.0", "example.com/checkout:5.0"
BAD = "example.com/checkout:6.0-missing"
OF_ITSELF = ("taskDefinitionArn", "revision", "registeredAt", "registeredBy")
NAME = f"{CLUSTER}-checkout"


def history(dashborion: Cli, name: str = "checkout") -> list[tuple[str, bool]]:
    seen = dashborion(f"workloads history {name} -o json")
    assert seen.exit_code == 0, seen.err
    return [(one["revision"], one["current"]) for one in seen.json]


def test_rollback_then_redeploy(dashborion: Cli, shop: LivingShop) -> None:
    first = shop.definition("checkout")["revision"]
    seen = dashborion(f"workloads deploy checkout --image {NEW} --wait -o json")
    assert seen.exit_code == 0, seen.err
    assert (seen.json["before"], seen.json["after"]) == (OLD, NEW)
    second = shop.definition("checkout")["revision"]
    assert seen.json["rollout"]["revision"] == f"{NAME}:{second}"
    assert f"{NAME}:{second} was registered" in seen.err
    assert shop.sent() == [REGISTER, UPDATE]
    there, back = (f"{NAME}:{second}", f"{NAME}:{first}")
    assert history(dashborion) == [(back, False), (there, True)]

    seen = dashborion("workloads rollback checkout --wait -o json")
    assert (seen.exit_code, shop.images("checkout")) == (0, [OLD]), seen.err
    assert (seen.json["before"], seen.json["after"]) == (there, back)
    assert history(dashborion) == [(there, False), (back, True)]

    seen = dashborion("workloads rollback checkout --wait -o json")
    assert (seen.exit_code, shop.images("checkout")) == (0, [NEW]), seen.err
    assert history(dashborion) == [(back, False), (there, True)]
    assert shop.sent() == [REGISTER, UPDATE, UPDATE, UPDATE], "a rollback registers nothing"


def test_a_bad_image_fails_fast_and_is_rolled_back_by_hand(
    dashborion: Cli, shop: LivingShop
) -> None:
    off = {"deploymentCircuitBreaker": {"enable": False, "rollback": False}}
    shop.ecs.update_service(cluster=CLUSTER, service="checkout", deploymentConfiguration=off)
    shop.aws.spy.reset()
    seen = dashborion(f"workloads deploy checkout --image {BAD} --wait -o json")
    assert (seen.exit_code, seen.error["code"]) == (7, "rollout-failed")
    assert (seen.json["action"], seen.json["after"]) == ("deploy", BAD)
    assert "CannotPullContainer" in seen.error["message"]
    assert sum(dashborion.slept) < 120, "well before the timeout of ten minutes"
    assert shop.images("checkout") == [BAD]

    undo = seen.error["hint"].partition("undo it: dashborion ")[2]
    assert f"service/checkout --to {NAME}:1 --wait" in undo
    dashborion.steps = shop.meanwhile
    seen = dashborion(undo)
    assert (seen.exit_code, shop.images("checkout")) == (0, [OLD]), seen.err
    seen = dashborion("workloads rollback checkout -o json")
    assert (seen.exit_code, seen.error["code"]) == (1, "refused"), "it never got through"
    assert f"{NAME}:3" in seen.error["hint"]


def test_after_two_bad_images_the_way_back_is_to_what_ran_well(
    dashborion: Cli, shop: LivingShop
) -> None:
    off = {"deploymentCircuitBreaker": {"enable": False, "rollback": False}}
    shop.ecs.update_service(cluster=CLUSTER, service="checkout", deploymentConfiguration=off)
    for image in (BAD, f"{BAD}-again"):
        seen = dashborion(f"workloads deploy checkout --image {image} --wait -o json")
        assert (seen.exit_code, seen.error["code"]) == (7, "rollout-failed")
        assert (
            f"undo it: dashborion workloads rollback service/checkout --to {NAME}:1 --wait"
            in (seen.error["hint"])
        )


def test_a_deployment_undone_by_the_circuit_breaker_is_rolled_back(
    dashborion: Cli, shop: LivingShop
) -> None:
    words = f"--image {BAD} --wait --fail-crashes 99"
    seen = dashborion(f"workloads deploy checkout {words} -o json")
    assert (seen.exit_code, seen.error["code"]) == (7, "rolled-back"), seen.err
    assert shop.images("checkout") == [OLD]
    (row,) = (
        one
        for one in dashborion("workloads history checkout -o json").json
        if one["images"] == [BAD]
    )
    assert row["message"].startswith("ROLLBACK_")


def test_of_two_deploys_at_once_the_first_is_superseded(dashborion: Cli, shop: LivingShop) -> None:
    def meanwhile() -> None:
        other = Cli()
        assert other(f"workloads deploy checkout --image {NEW}").exit_code == 0

    dashborion.steps = [meanwhile, *shop.meanwhile]
    seen = dashborion("workloads deploy checkout --image example.com/checkout:4.9 --wait -o json")
    assert (seen.exit_code, seen.error["code"]) == (7, "superseded"), seen.err
    assert dashborion("workloads status checkout --wait").exit_code == 0
    assert shop.images("checkout") == [NEW]


# --- The definition -----------------------------------------------------------------------------


def full(shape: Any, name: str = "value") -> Any:
    """A value with every member that botocore knows."""
    if shape.type_name == "structure":
        return {key: full(member, key) for key, member in shape.members.items()}
    if shape.type_name == "list":
        return [full(shape.member, name)]
    if shape.type_name == "map":
        return {f"{name}-key": full(shape.value, name)}
    plain: dict[str, Any] = {"integer": 7, "boolean": True, "string": f"a-{name}"}
    return shape.enum[0] if getattr(shape, "enum", None) else plain[shape.type_name]


def test_with_every_field_that_botocore_knows_only_the_image_differs(
    dashborion: Cli, shop: LivingShop
) -> None:
    model = shop.ecs.meta.service_model.operation_model("RegisterTaskDefinition")
    given = full(model.input_shape) | {"family": "whole"}
    arn = shop.ecs.register_task_definition(**given)["taskDefinition"]["taskDefinitionArn"]
    shop.ecs.update_service(cluster=CLUSTER, service="reports", taskDefinition=arn)
    before = shop.definition("reports")
    assert {key: before[key] for key in given} == given, "the stand-in keeps all of it"

    assert dashborion(f"workloads deploy reports --image {NEW}").exit_code == 0

    after = shop.definition("reports")
    assert after["revision"] == before["revision"] + 1
    for key in OF_ITSELF:
        before.pop(key, None)
        after.pop(key, None)
    assert before["containerDefinitions"][0]["image"] == "a-image"
    before["containerDefinitions"][0]["image"] = NEW
    assert after == before
    (sent,) = shop.aws.spy.of(REGISTER)[1:]
    assert sent.keys() == given.keys()


def more_in_the_answer(shop: LivingShop, change: Callable[[Any], None]) -> None:
    """ECS has learned something since this botocore was made."""

    def fault(_: AwsRequest, do: Callable[[], Answer]) -> Answer:
        answer = do()
        content = json.loads(answer.body)
        change(content["taskDefinition"])
        return replace(answer, body=json.dumps(content).encode())

    shop.aws.faults.add("ecs:DescribeTaskDefinition", fault)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda it: it.update(gravity="low"), "gravity"),
        (
            lambda it: it["containerDefinitions"][0].update(warp={"factor": 9}),
            "containerDefinitions[0].warp",
        ),
        (
            lambda it: it["containerDefinitions"][0]["logConfiguration"].update(colour="red"),
            "containerDefinitions[0].logConfiguration.colour",
        ),
    ],
    ids=["on top", "in a container", "deeper"],
)
@pytest.mark.parametrize("more", ["", "--dry-run"])
def test_a_field_that_botocore_does_not_know_refuses_the_deploy(
    dashborion: Cli, shop: LivingShop, change: Callable[[Any], None], path: str, more: str
) -> None:
    more_in_the_answer(shop, change)
    seen = dashborion(f"workloads deploy checkout --image {NEW} {more} -o json")
    assert (seen.exit_code, seen.error["code"], seen.out) == (1, "refused", "")
    assert seen.error["message"].endswith(f"would lose it: {path}")
    assert "boto3" in seen.error["hint"]
    assert shop.sent() == []
    assert dashborion("workloads rollback checkout --to 2").exit_code == 0, "which loses nothing"


def test_tags_are_kept_save_for_those_that_only_aws_may_set(
    dashborion: Cli, shop: LivingShop
) -> None:
    tags = [{"key": "team", "value": "shop"}, {"key": "aws:cloudformation:stack-id", "value": "x"}]
    arn = str(shop.service("checkout").task_definition)
    family, _, number = arn.rpartition("/")[2].rpartition(":")
    shop.shop.scheduler.backend.task_definitions[family][int(number)].tags = tags
    seen = dashborion(f"workloads deploy checkout --image {NEW}")
    assert (seen.exit_code, shop.definition("checkout")["tags"]) == (0, tags[:1])
    assert "aws:cloudformation:stack-id" in seen.err


def test_tags_that_may_not_be_read_are_not_lost(dashborion: Cli, shop: LivingShop) -> None:
    shop.aws.faults.refuse(
        "ecs:DescribeTaskDefinition", "AccessDeniedException", "not ecs:ListTagsForResource"
    )
    seen = dashborion(f"workloads deploy checkout --image {NEW}")
    assert (seen.exit_code, shop.sent()) == (4, [])


# --- Which image, and whether at all ------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (f"--image {NEW}", 2, "has 2 containers: web, proxy"),
        (f"--image prxy={NEW}", 3, "did you mean 'proxy'?"),
        (f"--image proxy={NEW} --image proxy={OLD}", 2, "two images"),
    ],
    ids=["none named", "unknown", "twice"],
)
def test_an_image_that_is_meant_for_no_container(
    dashborion: Cli, shop: LivingShop, words: str, code: int, said: str
) -> None:
    seen = dashborion(f"workloads deploy web {words}")
    assert (seen.exit_code, seen.out, shop.sent()) == (code, "", [])
    assert said in seen.err


def test_two_containers_at_once_are_one_revision(dashborion: Cli, shop: LivingShop) -> None:
    words = f"--image proxy={NEW} --image web={OLD}"
    seen = dashborion(f"workloads deploy web {words} -o json")
    assert (seen.exit_code, shop.images("web")) == (0, [OLD, NEW])
    assert seen.json["after"] == f"proxy={NEW}, web={OLD}"
    assert shop.sent() == [REGISTER, UPDATE]


def test_a_dry_run_prints_the_difference_and_sends_nothing(
    dashborion: Cli, shop: LivingShop
) -> None:
    seen = dashborion(f"workloads deploy checkout --image {NEW} --dry-run -o json")
    assert (seen.exit_code, seen.json["dryRun"], shop.sent()) == (0, True, [])
    assert f"containerDefinitions[checkout].image: {OLD} -> {NEW}" in seen.err


def test_the_same_image_changes_nothing_unless_forced(dashborion: Cli, shop: LivingShop) -> None:
    seen = dashborion(f"workloads deploy checkout --image {OLD} --wait -o json")
    assert (seen.exit_code, shop.sent()) == (0, []), seen.err
    assert "nothing changes" in seen.err
    seen = dashborion(f"workloads deploy checkout --image {OLD} --force --wait -o json")
    assert (seen.exit_code, seen.json["action"], shop.sent()) == (0, "restart", [UPDATE])


# --- Rollbacks ----------------------------------------------------------------------------------


def test_a_named_revision_and_what_it_would_change(dashborion: Cli, shop: LivingShop) -> None:
    for to in ("2", f"{NAME}:2"):
        seen = dashborion(f"workloads rollback checkout --to {to} --dry-run -o json")
        assert (seen.exit_code, seen.json["after"], shop.sent()) == (0, f"{NAME}:2", [])
        assert ".image: registry.example/shop/checkout:4.1.0 -> " in seen.err
    assert dashborion("workloads rollback checkout --to 2 --wait").exit_code == 0
    assert shop.images("checkout") == ["registry.example/shop/checkout:4.2.0"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("cart", "refused", "no other revision"),
        ("checkout --to 1", "refused", f"{NAME}:1 is what runs"),
        ("checkout --to 77", "not-found", f"no revision '{NAME}:77'"),
        ("checkout --to other:1", "not-found", "no revision 'other:1'"),
    ],
    ids=["none", "the same", "unknown number", "unknown family"],
)
def test_a_rollback_with_nowhere_to_go(
    dashborion: Cli, shop: LivingShop, words: str, code: str, said: str
) -> None:
    seen = dashborion(f"workloads rollback {words} -o json")
    assert (seen.error["code"], seen.out, shop.sent()) == (code, "", []), seen.err
    assert said in seen.error["message"]


def test_without_service_deployments_the_family_is_shown_and_nothing_is_assumed(
    dashborion: Cli, shop: LivingShop
) -> None:
    shop.aws.faults.refuse("ecs:ListServiceDeployments", "UnknownOperationException", "no such")
    seen = dashborion("workloads history checkout -o json")
    assert [one["revision"] for one in seen.json] == [f"{NAME}:1", f"{NAME}:2"]
    assert "may never have run here" in seen.err
    shop.aws.faults.refuse("ecs:ListServiceDeployments", "UnknownOperationException", "no such")
    seen = dashborion("workloads rollback checkout -o json")
    assert (seen.exit_code, seen.error["code"], shop.sent()) == (1, "refused", [])
    assert f"known: {NAME}:2" in seen.error["hint"]


def test_a_deregistered_revision_is_refused(dashborion: Cli, shop: LivingShop) -> None:
    shop.ecs.deregister_task_definition(taskDefinition=f"{NAME}:2")
    seen = dashborion("workloads rollback checkout --to 2 -o json")
    assert (seen.exit_code, seen.error["code"], shop.sent()) == (1, "refused", [])
    assert "INACTIVE" in seen.error["message"]


# --- Faults -------------------------------------------------------------------------------------


def test_a_revision_that_was_registered_and_not_taken_up_is_named(
    dashborion: Cli, shop: LivingShop
) -> None:
    shop.aws.faults.deny(UPDATE)
    seen = dashborion(f"workloads deploy checkout --image {NEW} -o json")
    assert (seen.exit_code, shop.sent()) == (4, [REGISTER, UPDATE])
    assert seen.error["message"].endswith(f"; {NAME}:3 was registered")


@pytest.mark.parametrize("operation", [REGISTER, UPDATE])
def test_a_write_whose_answer_is_lost_is_sent_once(
    dashborion: Cli, shop: LivingShop, operation: str
) -> None:
    shop.aws.faults.lose_answer(operation, times=9)
    seen = dashborion(f"workloads deploy checkout --image {NEW} -o json")
    assert (seen.exit_code, seen.error["code"], seen.out) == (6, "maybe-applied", "")
    assert shop.sent(operation) == [operation]
