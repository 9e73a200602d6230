"""What is changed through ECS's API plays out, a step at a time, and stays."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dashborion.demo.fleets.shop import REGION, Shop, populate
from tests.support.aws import connect
from tests.support.aws_server import StrictAws

CLUSTER = "shop-production"
KEY = "AKIAIOSFODNN7EXAMPLE"


class ByHand:
    """The fleet of `shop`, whose clock stands still unless `passes` is called."""

    def __init__(self, aws: StrictAws) -> None:
        self.aws = aws
        self.now = datetime.now(UTC)
        self.shop: Shop = populate(aws, self.now, 1.0)[1]
        self.ecs = connect(aws, "ecs")

    def passes(self, seconds: float) -> None:
        for _ in range(round(seconds * 2)):
            self.now += timedelta(seconds=0.5)
            with self.aws.lock:
                self.shop.scheduler.tick(self.now)

    def service(self, name: str) -> Any:
        return self.ecs.describe_services(cluster=CLUSTER, services=[name])["services"][0]

    def tasks(self, name: str, status: str = "RUNNING") -> list[Any]:
        asked = {"cluster": CLUSTER, "serviceName": name, "desiredStatus": status}
        arns = self.ecs.list_tasks(**asked)["taskArns"]
        if not arns:
            return []
        found: list[Any] = self.ecs.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"]
        return found

    def define(self, name: str, image: str) -> str:
        logs = {
            "awslogs-group": "/new",
            "awslogs-stream-prefix": "p",
            "awslogs-region": REGION,
        }
        container = {
            "name": name,
            "image": image,
            "essential": True,
            "logConfiguration": {"logDriver": "awslogs", "options": logs},
        }
        found = self.ecs.register_task_definition(
            family=f"{CLUSTER}-{name}",
            cpu="256",
            memory="512",
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            containerDefinitions=[container],
        )
        arn: str = found["taskDefinition"]["taskDefinitionArn"]
        return arn

    def update(self, name: str, **change: Any) -> Any:
        return self.ecs.update_service(cluster=CLUSTER, service=name, **change)["service"]


@pytest.fixture
def hand() -> Iterator[ByHand]:
    with StrictAws(access_key=KEY, plays_out=True) as aws:
        yield ByHand(aws)


def test_another_access_key_is_refused(hand: ByHand) -> None:
    hand.aws._access_key = "AKIAANOTHER"
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        hand.ecs.list_clusters()
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        connect(hand.aws, "sts").get_caller_identity()


def test_a_wrong_secret_key_is_refused(hand: ByHand) -> None:
    hand.aws._secret_key = "made-up"  # as the client signs
    assert hand.ecs.list_clusters()["clusterArns"]
    assert connect(hand.aws, "sts").get_caller_identity()["Account"]
    with pytest.raises(ClientError, match="LoadBalancerNotFound"):
        connect(hand.aws, "elbv2").describe_load_balancers(Names=["a b/c~é"])

    hand.aws._secret_key = "another"
    with pytest.raises(ClientError, match="InvalidSignatureException"):
        hand.ecs.list_clusters()
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        connect(hand.aws, "sts").get_caller_identity()


def test_every_state_is_there(hand: ByHand) -> None:
    names = ["cart", "payments", "reports", "search", "agent", "web"]
    found = hand.ecs.describe_services(cluster=CLUSTER, services=names)["services"]
    counts = {each["serviceName"]: each["runningCount"] for each in found}
    assert counts == {"cart": 2, "payments": 3, "reports": 0, "search": 2, "agent": 2, "web": 4}
    assert hand.service("search")["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    (deployment, *_) = hand.ecs.list_service_deployments(
        cluster=CLUSTER, service="payments", status=["ROLLBACK_SUCCESSFUL"]
    )["serviceDeployments"]
    assert "circuit breaker" in deployment["statusReason"]


def test_a_change_of_count_starts_and_stops_tasks_without_a_deployment(hand: ByHand) -> None:
    before = hand.service("web")["deployments"][0]["id"]
    hand.update("web", desiredCount=6)
    assert hand.service("web")["runningCount"] == 4
    hand.passes(0.5)
    assert {task["lastStatus"] for task in hand.tasks("web")} == {"RUNNING", "PROVISIONING"}
    hand.passes(5)
    assert hand.service("web")["runningCount"] == 6
    hand.update("web", desiredCount=2)
    hand.passes(8)
    service = hand.service("web")
    assert (service["runningCount"], service["deployments"][0]["id"]) == (2, before)
    stopped = hand.tasks("web", "STOPPED")
    assert {task["stopCode"] for task in stopped} == {"ServiceSchedulerInitiated"}
    assert service["events"][0]["message"].endswith("has reached a steady state.")


def test_a_deployment_keeps_between_its_percents(hand: ByHand) -> None:
    hand.passes(20)
    answer = hand.update("checkout", forceNewDeployment=True)
    primary = answer["deployments"][0]
    assert (primary["status"], primary["rolloutState"]) == ("PRIMARY", "IN_PROGRESS")
    seen = set()
    for _ in range(60):
        hand.passes(0.5)
        service = hand.service("checkout")
        alive = [task for task in hand.tasks("checkout") if task["lastStatus"] == "RUNNING"]
        assert len(alive) >= 3
        assert service["runningCount"] + service["pendingCount"] <= 5
        seen.add(service["deployments"][0]["runningCount"])
    assert len(seen) > 2
    (only,) = hand.service("checkout")["deployments"]
    assert (only["id"], only["rolloutState"]) == (primary["id"], "COMPLETED")


def test_the_circuit_breaker_goes_back(hand: ByHand) -> None:
    good = hand.service("checkout")["taskDefinition"]
    bad = hand.define("checkout", "registry.example/shop/checkout:9-crash")
    failing = hand.update("checkout", taskDefinition=bad)["deployments"][0]["id"]
    hand.passes(40)
    service = hand.service("checkout")
    assert service["taskDefinition"] == good
    found = {each["id"]: each for each in service["deployments"]}
    assert failing not in found
    assert service["deployments"][0]["rolloutState"] == "COMPLETED"
    told = hand.ecs.list_service_deployments(cluster=CLUSTER, service="checkout")
    statuses = [each["status"] for each in told["serviceDeployments"]]
    assert statuses[:2] == ["SUCCESSFUL", "ROLLBACK_SUCCESSFUL"]
    assert any("rolling back to" in each["message"] for each in service["events"])


def test_a_newer_deployment_supersedes(hand: ByHand) -> None:
    first = hand.update("web", forceNewDeployment=True)["deployments"][0]["id"]
    hand.passes(1)
    hand.update("web", forceNewDeployment=True)
    hand.passes(40)
    assert first not in [each["id"] for each in hand.service("web")["deployments"]]
    told = hand.ecs.list_service_deployments(cluster=CLUSTER, service="web")
    assert [each["status"] for each in told["serviceDeployments"][:2]] == ["SUCCESSFUL", "STOPPED"]


def test_failed_tasks_say_why(hand: ByHand) -> None:
    (task, *_) = hand.tasks("search", "STOPPED")
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("CannotPullContainerError")
    hand.passes(70)
    killed = [t for t in hand.tasks("thumbnails", "STOPPED") if t["containers"][0].get("reason")]
    assert killed[0]["containers"][0]["exitCode"] == 137
    assert killed[0]["containers"][0]["reason"].startswith("OutOfMemoryError")


def test_a_stopped_task_is_replaced(hand: ByHand) -> None:
    arn = hand.tasks("cart")[0]["taskArn"]
    told = hand.ecs.stop_task(cluster=CLUSTER, task=arn, reason="by hand")["task"]
    assert (told["desiredStatus"], told["stopCode"]) == ("STOPPED", "UserInitiated")
    hand.passes(8)
    assert arn not in [task["taskArn"] for task in hand.tasks("cart")]
    assert hand.service("cart")["runningCount"] == 2


def test_targets_follow_their_tasks(hand: ByHand) -> None:
    elb = connect(hand.aws, "elbv2")
    (group,) = elb.describe_target_groups(Names=["web-production"])["TargetGroups"]

    def states() -> list[str]:
        found = elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])
        return [each["TargetHealth"]["State"] for each in found["TargetHealthDescriptions"]]

    assert states() == ["healthy"] * 4
    hand.update("web", desiredCount=3)
    hand.passes(0.5)
    assert sorted(states()) == ["draining", "healthy", "healthy", "healthy"]
    hand.passes(5)
    assert states() == ["healthy"] * 3


def test_the_log_of_a_task_goes_on_where_it_was_left(hand: ByHand) -> None:
    logs = connect(hand.aws, "logs")
    hand.update("web", taskDefinition=hand.define("web", "registry.example/shop/web:11"))
    hand.passes(10)
    task = hand.tasks("web")[0]["taskArn"].rpartition("/")[2]
    stream = {"logGroupName": "/new", "logStreamName": f"p/web/{task}"}
    first = logs.get_log_events(**stream, startFromHead=True)
    assert "starting" in first["events"][0]["message"]
    hand.passes(4)
    more = logs.get_log_events(**stream, nextToken=first["nextForwardToken"], startFromHead=True)
    assert len(more["events"]) == 2
    assert more["events"][0]["timestamp"] > first["events"][-1]["timestamp"]


@pytest.mark.parametrize(
    ("name", "change", "error"),
    [
        ("agent", {"desiredCount": 3}, "InvalidParameterException"),
        ("nope", {"desiredCount": 3}, "ServiceNotFoundException"),
        ("web", {"desiredCount": -1}, "InvalidParameterException"),
        ("web", {"desiredCount": 3_000_000_000}, "no more than 200 tasks"),
        ("web", {"taskDefinition": "nope"}, "ClientException"),
    ],
)
def test_an_impossible_change_is_refused(
    hand: ByHand, name: str, change: dict[str, Any], error: str
) -> None:
    with pytest.raises(ClientError, match=error):
        hand.update(name, **change)


def test_stopped_tasks_and_events_are_limited(hand: ByHand) -> None:
    hand.passes(600)
    assert len(hand.tasks("search", "STOPPED")) <= 10
    assert len(hand.service("search")["events"]) <= 100


def test_a_created_service_starts_its_tasks(hand: ByHand) -> None:
    definition = hand.define("web", "registry.example/shop/web:11")
    given: dict[str, Any] = {"cluster": CLUSTER, "serviceName": "extra", "launchType": "FARGATE"}
    given |= {"taskDefinition": definition, "desiredCount": 2}
    service = hand.ecs.create_service(**given)["service"]
    assert (service["status"], service["runningCount"]) == ("ACTIVE", 0)
    hand.passes(15)
    service = hand.service("extra")
    assert service["runningCount"] == 2
    assert service["deployments"][0]["rolloutState"] == "COMPLETED"
    with pytest.raises(ClientError, match="not idempotent"):
        hand.ecs.create_service(**given)
    with pytest.raises(ClientError, match="does not support a desired count"):
        hand.ecs.create_service(**given | {"serviceName": "each", "schedulingStrategy": "DAEMON"})
