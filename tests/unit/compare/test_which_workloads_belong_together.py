"""Pairs by name, by name without the words of environment and project, and what is left."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from dashborion.engines.pairing import pairs, without, words_of
from dashborion.models.kinds import WorkloadType
from dashborion.models.workload import Workload
from tests.support.definitions import ECS_PRODUCTION, ECS_STAGING, on_ecs

WORDS = (words_of(ECS_STAGING), words_of(ECS_PRODUCTION))
STS, DEPLOYMENT = WorkloadType.STATEFULSET, WorkloadType.DEPLOYMENT


def named(name: str, type_: WorkloadType = DEPLOYMENT, namespace: str = "shop") -> Workload:
    return replace(on_ecs().item, name=name, type=type_, namespace=namespace)


def names(left: list[Workload], right: list[Workload], **more: Any) -> list[Any]:
    return [
        tuple(side and (side.name if side.type is DEPLOYMENT else f"{side.name}!") for side in both)
        for both in ((one.left, one.right) for one in pairs(left, right, WORDS, **more))
    ]


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        pytest.param(["web"], ["web"], [("web", "web")], id="one name"),
        pytest.param(
            ["shop-staging-web"], ["shop-production-web"],
            [("shop-staging-web", "shop-production-web")], id="with environment and project",
        ),
        pytest.param(["web-stg"], ["prod-web"], [("web-stg", "prod-web")], id="in other words"),
        pytest.param(
            ["web", "staging-web"], ["web"], [("web", "web"), ("staging-web", None)],
            id="the name itself first",
        ),
        pytest.param(
            ["stg-web", "staging-web"], ["web"],
            [("staging-web", None), ("stg-web", None), (None, "web")], id="two that could be meant",
        ),
        pytest.param(
            ["api"], ["web"], [("api", None), (None, "web")], id="nothing in common",
        ),
        pytest.param(["staging"], ["production"], [("staging", None), (None, "production")],
                     id="nothing but the words"),
    ],
)  # fmt: skip
def test_pairs(left: list[str], right: list[str], expected: list[Any]) -> None:
    assert names(list(map(named, left)), list(map(named, right))) == expected


def test_a_kind_tells_two_of_one_name_apart() -> None:
    left, right = [named("db"), named("db", STS)], [named("db", STS), named("db")]
    assert names(left, right) == [("db", "db"), ("db!", "db!")]
    assert names([named("db")], [named("db", STS)]) == [("db", "db!")]


def test_namespaces_have_to_fit_where_several_are_compared() -> None:
    left = [named("web", namespace=one) for one in ("staging-a", "staging-b", "shop-staging")]
    right = [named("web", namespace=one) for one in ("production-b", "c", "shop-production")]
    found = pairs(left, right, WORDS, by_namespace=True)
    spaces = [(one.left and one.left.namespace, one.right and one.right.namespace) for one in found]
    assert sorted(spaces, key=str) == [
        ("shop-staging", "shop-production"),
        ("staging-a", None),
        ("staging-b", "production-b"),
        (None, "c"),
    ]


def test_what_is_mapped_goes_first() -> None:
    left, right = [named("web"), named("api")], [named("web"), named("front")]
    assert names(left, right, mapped=[(left[0], right[1])]) == [
        ("web", "front"), ("api", None), (None, "web"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [("shop-production-web", "web"), ("web_prod.v2", "web-v2"), ("production", "")],
)
def test_words_of_an_environment_are_taken_out(text: str, expected: str) -> None:
    assert without(text, WORDS[1]) == expected
