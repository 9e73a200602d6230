"""The demo measures what its containers use: metrics-server, CloudWatch, Container Insights."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dashborion.demo.behaviour import behaviour_of, moment
from dashborion.demo.consumption import climbing, lasts, shares
from dashborion.orchestrators.ecs import usage
from tests.support.aws import connect, point_at
from tests.support.aws_server import StrictAws
from tests.support.cli import Cli
from tests.support.demo_cluster import ByHand
from tests.support.living_shop import CLUSTER, LivingShop
from tests.support.manifests import container, deployment

ROOT = "/apis/metrics.k8s.io/v1beta1"
PODS = f"{ROOT}/namespaces/media/pods"
LIMITS = {"requests": {"cpu": "200m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}}


@pytest.fixture
def hand() -> ByHand:
    """A Deployment of two and one that leaks, for half a minute."""
    found = ByHand()
    for name, image in (("web", "web:1.0"), ("leaky", "leaky:1.0-leak")):
        made = container(image=f"example.com/{image}", resources=LIMITS)
        found.cluster.put(deployment(name, made, replicas=2))
    found.passes(5)
    later(found, 30)
    return found


def later(hand: ByHand, seconds: float) -> None:
    hand.now += timedelta(seconds=seconds)
    hand.cluster.tick(hand.now)


def memory(item: Any) -> int:
    return int(item["containers"][0]["usage"]["memory"].removesuffix("Ki")) // 1024


def test_what_is_used_is_the_same_within_a_round_and_moves_with_the_next(hand: ByHand) -> None:
    first = hand.get(PODS)
    assert first["kind"] == "PodMetricsList"
    assert len(first["items"]) == 4
    assert hand.get(PODS) == first
    later(hand, 60)
    second = hand.get(PODS)
    assert [one["metadata"]["name"] for one in second["items"]] == [
        one["metadata"]["name"] for one in first["items"]
    ]
    assert second["items"][0]["containers"] != first["items"][0]["containers"]
    assert second["items"][0]["timestamp"] > first["items"][0]["timestamp"]


def test_lists_are_of_a_namespace_and_of_labels(hand: ByHand) -> None:
    assert len(hand.get(f"{ROOT}/pods?labelSelector=app%3Dweb")["items"]) == 2
    assert hand.get(f"{ROOT}/namespaces/default/pods")["items"] == []
    name = hand.get(PODS)["items"][0]["metadata"]["name"]
    assert hand.get(f"{PODS}/{name}")["kind"] == "PodMetrics"
    assert hand.ask("GET", f"{PODS}/nope")[0] == 404
    assert hand.ask("DELETE", f"{PODS}/{name}")[0] == 405


def test_discovery_names_them(hand: ByHand) -> None:
    groups = [one["name"] for one in hand.get("/apis")["groups"]]
    assert "metrics.k8s.io" in groups
    found = {one["name"]: one["verbs"] for one in hand.get(ROOT)["resources"]}
    assert found == {"pods": ["get", "list"], "nodes": ["get", "list"]}


def test_a_new_pod_is_not_measured_yet(hand: ByHand) -> None:
    hand.cluster.put(deployment("young", container(image="example.com/young:1.0")))
    hand.passes(5)
    names = [one["metadata"]["name"] for one in hand.get(PODS)["items"]]
    assert not [name for name in names if name.startswith("young")]


def test_containers_share_what_is_for_their_pod_as_a_whole(hand: ByHand) -> None:
    sidecar = container(name="proxy", restartPolicy="Always")
    shared = deployment("shared", container(), init=[sidecar])
    shared["spec"]["template"]["spec"]["resources"] = LIMITS
    hand.cluster.put(shared)
    later(hand, 5)
    later(hand, 30)
    (found,) = hand.get(f"{PODS}?labelSelector=app%3Dshared")["items"]
    assert {one["name"] for one in found["containers"]} == {"app", "proxy"}
    used = [int(one["usage"]["memory"].removesuffix("Ki")) for one in found["containers"]]
    assert 0 < sum(used) <= 128 * 1024


def test_a_node_uses_what_its_pods_use_and_more(hand: ByHand) -> None:
    placed = {
        one["metadata"]["name"]: one["spec"]["nodeName"]
        for one in hand.get("/api/v1/namespaces/media/pods")["items"]
    }
    for node in hand.get(f"{ROOT}/nodes")["items"]:
        name, used = node["metadata"]["name"], node["usage"]["cpu"]
        own = [
            int(one["containers"][0]["usage"]["cpu"].removesuffix("n"))
            for one in hand.get(PODS)["items"]
            if placed[one["metadata"]["name"]] == name
        ]
        assert int(used.removesuffix("n")) > sum(own) > 0


def test_memory_climbs_to_the_limit_until_the_container_is_killed(hand: ByHand) -> None:
    path = f"{PODS}?labelSelector=app%3Dleaky"
    seen = []
    for _ in range(5):
        seen.append(memory(hand.get(path)["items"][0]))
        later(hand, 150)
    assert seen == sorted(seen)
    assert seen[-1] - seen[0] > 40
    later(hand, 200)
    status = hand.pods("leaky")[0]["status"]["containerStatuses"][0]
    assert (status["restartCount"], status["lastState"]["terminated"]["reason"]) == (1, "OOMKilled")
    later(hand, 60)
    assert memory(hand.get(path)["items"][0]) < seen[1]


def test_a_run_that_was_long_is_not_waited_for() -> None:
    """After ten minutes a kubelet forgets about the crashes before."""
    leak = behaviour_of("x:1.0-leak")
    restarts = moment(leak, 26 * 3600.0).restarts
    assert 95 < restarts < 105


def test_only_the_runs_that_end_climb() -> None:
    twice = behaviour_of("x:1.0-oom-twice-oom")
    assert lasts(behaviour_of("x:1.0"), moment(behaviour_of("x:1.0"), 9)) is None
    assert lasts(twice, moment(twice, 2)) is not None
    assert lasts(behaviour_of("oom"), moment(behaviour_of("oom"), 900)) is None
    assert climbing(0.5, 10, None) == 0.5
    assert climbing(0.5, 99, 10) == 1.0


def test_one_is_idle_and_no_other() -> None:
    cpu, _ = shares("player", "player-1", 1.8e9)
    assert cpu < 0.02
    assert all(shares(name, f"{name}-1", 1.8e9)[0] > 0.1 for name in ("web", "encoder", "catalog"))


# --- AWS ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shop() -> Iterator[LivingShop]:
    with StrictAws(plays_out=True) as aws:
        yield LivingShop(aws)


def asked(*services: str, minutes: int = 5, **more: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "MetricDataQueries": usage.queries(CLUSTER, services),
        "StartTime": now - timedelta(minutes=minutes),
        "EndTime": now,
    } | more


def test_cloudwatch_has_whole_minutes_the_newest_first(shop: LivingShop) -> None:
    found = connect(shop.aws, "cloudwatch").get_metric_data(**asked("web", "nope"))
    average, highest, *_, unknown = found["MetricDataResults"]
    assert (average["StatusCode"], unknown["StatusCode"]) == ("Complete", "Complete")
    assert 2 <= len(average["Values"]) <= 5
    assert average["Timestamps"] == sorted(average["Timestamps"], reverse=True)
    assert {one.second for one in average["Timestamps"]} == {0}
    assert all(0 < low <= high <= 100 for low, high in
               zip(average["Values"], highest["Values"], strict=True))  # fmt: skip
    assert unknown["Values"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"MetricDataQueries": usage.queries(CLUSTER, ["web"] * 126)},
        {"MetricDataQueries": usage.queries(CLUSTER, ["web"]) * 2},
        {"EndTime": datetime(2026, 1, 1, tzinfo=UTC)},
    ],
    ids=["more than 500", "an id twice", "an end before the start"],
)
def test_cloudwatch_refuses(shop: LivingShop, wrong: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="ValidationError"):
        connect(shop.aws, "cloudwatch").get_metric_data(**asked("web", **wrong))


def test_logs_insights_knows_one_query(shop: LivingShop) -> None:
    logs, now = connect(shop.aws, "logs"), int(datetime.now(UTC).timestamp())
    group = usage.group_of(CLUSTER)
    span = {"logGroupName": group, "startTime": now - 300, "endTime": now}
    id_ = logs.start_query(queryString=usage.INSIGHTS_QUERY, **span)["queryId"]
    answer = logs.get_query_results(queryId=id_)
    assert answer["status"] == "Complete"
    rows = usage.rows(answer["results"])
    tasks = {arn.rpartition("/")[2] for arn in shop.ecs.list_tasks(cluster=CLUSTER)["taskArns"]}
    assert len(set(rows) & tasks) > 5
    assert {len(one) for one in rows.values()} == {1, 2}  # one of them has a sidecar
    with pytest.raises(ClientError, match="MalformedQueryException"):
        logs.start_query(queryString="fields @message | limit 5", **span)


def test_the_commands_tell_what_the_demo_uses(
    dashborion: Cli, monkeypatch: pytest.MonkeyPatch, shop: LivingShop
) -> None:
    point_at(monkeypatch, shop.aws, cluster=CLUSTER)
    (whole,) = dashborion("workloads top web -o json").json
    each = dashborion("workloads top web --instances -o json").json
    assert (whole["instances"], len(each)) == (4, 4)
    assert whole["cpu"]["limit"] == sum(one["cpu"]["limit"] for one in each)
    assert abs(whole["cpu"]["used"] - sum(one["cpu"]["used"] for one in each)) <= 5
    assert whole["memory"]["hottest"]["percent"] >= whole["memory"]["percentOfLimit"]
    idle = dashborion("workloads top --under 2 -o json").json
    assert [one["workload"] for one in idle] == ["recommendations"]
    *machines, cluster = dashborion("ecs container-instances top -o json").json
    assert (len(machines), cluster["kind"]) == (2, "cluster")
    assert 0 < cluster["cpu"]["used"] < cluster["cpu"]["requested"]
