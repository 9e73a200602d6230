"""Load balancers, autoscaling, identity and logs."""

from typing import Any

import pytest

from tests.demo.simulation.test_demo_ecs_strictness import pages, refused
from tests.support.aws import connect
from tests.support.aws_server import StrictAws
from tests.support.ecs_cluster import Cluster
from tests.support.fleet_on_ecs import CLUSTER, REGION, Fleet


def group_of(clients: dict[str, Any], service: str) -> str:
    found = clients["ecs"].describe_services(cluster=CLUSTER, services=[service])["services"]
    return str(found[0]["loadBalancers"][0]["targetGroupArn"])


def test_a_host_is_in_both_places_of_a_rule(clients: dict[str, Any], elb: Any) -> None:
    [group] = elb.describe_target_groups(TargetGroupArns=[group_of(clients, "web")])["TargetGroups"]
    [balancer] = group["LoadBalancerArns"]
    [listener] = elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"]
    rule, default = elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
    [condition] = rule["Conditions"]
    assert condition["Values"] == condition["HostHeaderConfig"]["Values"] == ["web.example.test"]
    assert default["IsDefault"]
    [told] = elb.describe_load_balancers(LoadBalancerArns=[balancer])["LoadBalancers"]
    assert told["DNSName"].endswith(".eu-west-3.elb.amazonaws.com")


def test_a_host_given_the_new_way_is_in_both_places_too(aws: StrictAws) -> None:
    region = aws.region(REGION)
    group = region.target_group("g")
    listener = region.listener(region.load_balancer("b"))
    elb = connect(aws, "elbv2")
    elb.create_rule(
        ListenerArn=listener.arn,
        Priority=5,
        Conditions=[{"Field": "host-header", "HostHeaderConfig": {"Values": ["a.test"]}}],
        Actions=[{"Type": "forward", "TargetGroupArn": group.arn}],
    )
    [condition] = elb.describe_rules(ListenerArn=listener.arn)["Rules"][0]["Conditions"]
    assert condition["Values"] == condition["HostHeaderConfig"]["Values"] == ["a.test"]


def test_a_load_balancer_is_told_once_however_many_rules_use_it(aws: StrictAws) -> None:
    region = aws.region(REGION)
    group = region.target_group("g")
    listener = region.listener(region.load_balancer("b"), to=group)
    for host in ("a.test", "b.test"):
        region.rule(listener, group, hosts=[host])
    [told] = connect(aws, "elbv2").describe_target_groups(Names=["g"])["TargetGroups"]
    assert told["LoadBalancerArns"] == [listener.load_balancer_arn]


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("healthy", None),
        ("initial", "Elb.InitialHealthChecking"),
        ("unhealthy", "Target.FailedHealthChecks"),
        ("draining", "Target.DeregistrationInProgress"),
    ],
)
def test_a_target_has_the_health_it_was_given(
    aws: StrictAws, state: str, reason: str | None
) -> None:
    region = aws.region(REGION)
    group = region.target_group("g")
    region.listener(region.load_balancer("b"), to=group)
    region.target(group, "10.0.0.1", state, reason)
    elb = connect(aws, "elbv2")
    [told] = elb.describe_target_health(TargetGroupArn=group.arn)["TargetHealthDescriptions"]
    assert told["Target"] == {"Id": "10.0.0.1", "Port": 8080, "AvailabilityZone": "all"}
    assert told["TargetHealth"]["State"] == state
    assert told["TargetHealth"].get("Reason") == reason


def test_targets_are_unused_where_nothing_sends_to_them(aws: StrictAws) -> None:
    region = aws.region(REGION)
    group = region.target_group("g")
    region.target(group, "10.0.0.1")
    targets = [{"Id": "10.0.0.1"}, {"Id": "10.0.0.9", "Port": 1}]
    told = connect(aws, "elbv2").describe_target_health(TargetGroupArn=group.arn, Targets=targets)
    assert [each["TargetHealth"]["Reason"] for each in told["TargetHealthDescriptions"]] == [
        "Target.NotInUse",
        "Target.NotRegistered",
    ]


@pytest.mark.parametrize(
    ("operation", "key", "code"),
    [
        ("describe_target_groups", "TargetGroupArns", "TargetGroupNotFound"),
        ("describe_load_balancers", "LoadBalancerArns", "LoadBalancerNotFound"),
        ("describe_rules", "RuleArns", "RuleNotFound"),
        ("describe_listeners", "ListenerArns", "ListenerNotFound"),
    ],
)
def test_twenty_can_be_named_at_once_and_must_exist(
    elb: Any, operation: str, key: str, code: str
) -> None:
    call = getattr(elb, operation)
    assert refused(call, **{key: [f"arn:{n}" for n in range(21)]})[0] == "ValidationError"
    assert refused(call, **{key: ["arn:x"]})[0] == code


def test_load_balancers_and_target_groups_come_in_pages(aws: StrictAws) -> None:
    region = aws.region(REGION)
    for n in range(5):
        region.target_group(f"g{n}")
        region.load_balancer(f"b{n}")
    elb = connect(aws, "elbv2")
    for operation, key in (
        ("describe_target_groups", "TargetGroups"),
        ("describe_load_balancers", "LoadBalancers"),
    ):
        assert [len(page) for page in pages(elb, operation, key, PageSize=2)] == [2, 2, 1]
        assert refused(getattr(elb, operation), Marker="x")[0] == "ValidationError"


def test_a_scalable_target_always_says_whether_it_is_suspended(clients: dict[str, Any]) -> None:
    asked = {"ServiceNamespace": "ecs", "ResourceIds": [f"service/{CLUSTER}/web"]}
    scaling = clients["application-autoscaling"]
    [told] = scaling.describe_scalable_targets(**asked)["ScalableTargets"]
    assert (told["MinCapacity"], told["MaxCapacity"]) == (2, 6)
    assert told["RoleARN"].startswith("arn:aws:iam::")
    assert told["SuspendedState"]["DynamicScalingInSuspended"] is False


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"ScalableDimension": "ecs:service:DesiredCount"}, "ValidationException"),
        ({"MaxResults": 51}, "ValidationException"),
        ({"NextToken": "x"}, "InvalidNextTokenException"),
    ],
)
def test_scalable_targets_are_asked_for_properly(
    clients: dict[str, Any], asked: dict[str, Any], code: str
) -> None:
    call = clients["application-autoscaling"].describe_scalable_targets
    assert refused(call, ServiceNamespace="ecs", **asked)[0] == code


def test_scalable_targets_come_in_pages(aws: StrictAws, cluster: Cluster) -> None:
    region = aws.region(REGION)
    for n in range(5):
        service = cluster.service(f"s{n}", cluster.definition("app"))
        region.scalable_target(service, low=1, high=2, suspended=True)
    scaling = connect(aws, "application-autoscaling")
    asked = {"ServiceNamespace": "ecs", "PaginationConfig": {"PageSize": 2}}
    found = pages(scaling, "describe_scalable_targets", "ScalableTargets", **asked)
    assert [len(page) for page in found] == [2, 2, 1]
    assert found[0][0]["SuspendedState"]["DynamicScalingOutSuspended"] is True


def test_every_instance_is_an_account_of_its_own(standing: StrictAws, aws: StrictAws) -> None:
    accounts = [connect(each, "sts").get_caller_identity()["Account"] for each in (standing, aws)]
    assert accounts == [standing.account, aws.account]
    assert connect(aws, "ecs").list_clusters()["clusterArns"] == []


def test_a_role_is_of_its_own_account(aws: StrictAws) -> None:
    aws.region(REGION, account="111122223333").cluster("theirs")
    role = connect(aws, "sts").assume_role(
        RoleArn="arn:aws:iam::111122223333:role/viewer", RoleSessionName="me"
    )["Credentials"]
    import boto3

    theirs = boto3.client(
        "ecs",
        region_name=REGION,
        endpoint_url=aws.url,
        aws_access_key_id=role["AccessKeyId"],
        aws_secret_access_key=role["SecretAccessKey"],
        aws_session_token=role["SessionToken"],
    )
    assert len(theirs.list_clusters()["clusterArns"]) == 1
    assert connect(aws, "ecs").list_clusters()["clusterArns"] == []


def test_every_container_has_its_log_stream(fleet: Fleet) -> None:
    logs = connect(fleet.aws, "logs")
    task = fleet.tasks["web"][0]
    events = logs.get_log_events(
        logGroupName=f"/ecs/{CLUSTER}/web",
        logStreamName=f"web/proxy/{task.id}",
        startFromHead=True,
    )["events"]
    assert [each["message"] for each in events] == ["proxy says 0", "proxy says 1", "proxy says 2"]
