"""The names that clusters are proposed under."""

from __future__ import annotations

import re
from itertools import permutations

import pytest

from dashborion.config.targets import EcsTarget, EksTarget, Environment, KubernetesTarget, Target
from dashborion.discovery.naming import FoundCluster, distinct, propose

ARN = "arn:aws:eks:eu-west-3:123456789012:cluster/"


def labels(*targets: Target, known: tuple[Environment, ...] = ()) -> list[str]:
    clusters = [FoundCluster(one, str(number)) for number, one in enumerate(targets)]
    return [row.name for row, _ in propose(distinct(clusters), known)]


@pytest.mark.parametrize(
    ("cluster", "name"),
    [
        ("homebox-staging", "homebox/staging"),
        ("homebox-prod", "homebox/production"),
        ("homebox-Production", "homebox/production"),
        ("prod-homebox", "homebox/production"),
        ("home_box_stg", "home_box/staging"),
        ("home.box.qa", "home.box/qa"),
        ("homebox", "ci/homebox"),
        ("production", "ci/production"),
        ("reproduction", "ci/reproduction"),
        ("-prod", "ci/production"),
        ("homebox--dev", "homebox/dev"),
    ],
)
def test_a_word_for_the_environment_splits_the_name(cluster: str, name: str) -> None:
    assert labels(EcsTarget(cluster=cluster, profile="ci")) == [name]


@pytest.mark.parametrize(
    ("context", "name"),
    [
        ("media-staging", "media/staging"),
        (f"{ARN}rubix-prod", "rubix/production"),
        ("gke_my-project_europe-west9-a_shop-dev", "shop/dev"),
        ("jane@shop-dev.eu-west-3.eksctl.io", "shop/dev"),
        ("kubernetes-admin@kubernetes", "discovered/kubernetes"),
        ("docker-desktop", "discovered/docker-desktop"),
        ("a context/with: odd {names}", "discovered/a-context-with-odd-names"),
        ("日本", "discovered/cluster"),
        ("\x1b[31mred", "discovered/31mred"),
        ("x" * 300, "discovered/" + "x" * 48),
    ],
)
def test_contexts_are_named_after_their_cluster(context: str, name: str) -> None:
    assert labels(KubernetesTarget(context=context)) == [name]
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", part) for part in name.split("/"))


def test_equal_names_are_told_apart_by_what_differs() -> None:
    assert labels(
        KubernetesTarget(context="shop-prod"),
        EcsTarget(cluster="shop-prod", region="eu-west-3", profile="a"),
        EksTarget(cluster="shop-prod", region="eu-west-3", profile="a"),
        EcsTarget(cluster="shop-prod", region="us-east-1", profile="a"),
        EcsTarget(cluster="prod-shop", region="us-east-1", profile="b"),
    ) == [
        "shop/production",
        "shop/production-ecs",
        "shop/production-eks",
        "shop/production-eu-west-3",
        "shop/production-us-east-1",
    ]


def test_names_do_not_depend_on_the_order_of_the_answers() -> None:
    targets: list[Target] = [
        EcsTarget(cluster="shop-prod", region="eu-west-3"),
        EcsTarget(cluster="shop-prod", region="us-east-1"),
        EksTarget(cluster="shop-prod", region="us-east-1"),
        KubernetesTarget(context="shop-prod"),
    ]
    assert len({tuple(labels(*some)) for some in permutations(targets)}) == 1


def test_a_name_that_the_config_has_for_something_else_is_not_taken() -> None:
    known = Environment(
        project="shop", name="staging", target=EcsTarget(cluster="old", region="eu-west-3")
    )
    found = labels(EcsTarget(cluster="shop-staging", region="eu-west-3"), known=(known,))
    assert found == ["shop/staging-ecs"]


def test_a_target_that_the_config_has_keeps_its_name_and_its_flags() -> None:
    target = KubernetesTarget(context="shop-prod")
    known = Environment(project="a", name="b", target=target)
    ((row, environment),) = propose([FoundCluster(target, "x")], (known,))
    assert (row.name, row.configured, row.protected, environment) == ("a/b", True, False, known)


def test_a_cluster_that_is_seen_twice_is_proposed_once() -> None:
    twice = [
        FoundCluster(
            EcsTarget(cluster="shop-dev", profile=profile), "arn:aws:ecs:…:cluster/shop-dev"
        )
        for profile in ("first", "second")
    ]
    ((_, environment),) = propose(distinct(twice), ())
    assert environment.target == twice[0].target


@pytest.mark.parametrize(("cluster", "protected"), [("shop-live", True), ("shop-dev", False)])
def test_production_is_protected(cluster: str, protected: bool) -> None:
    ((row, environment),) = propose([FoundCluster(EcsTarget(cluster=cluster), "x")], ())
    assert row.protected == environment.target.protected == protected
