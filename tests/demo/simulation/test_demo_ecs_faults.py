"""The spy sees every call, the faults are what AWS does on a bad day."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from botocore.parsers import ResponseParserError

from dashborion.demo.http_server import Answer
from tests.support.aws import connect
from tests.support.aws_server import StrictAws
from tests.support.ecs_cluster import Cluster
from tests.support.fleet_on_ecs import CLUSTER, Fleet
from tests.support.waiting import PATIENCE_SECONDS

CLIENTS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "ecs": ("ecs:ListClusters", lambda client: client.list_clusters()),
    "elbv2": (
        "elasticloadbalancing:DescribeLoadBalancers",
        lambda client: client.describe_load_balancers(),
    ),
    "sts": ("sts:GetCallerIdentity", lambda client: client.get_caller_identity()),
    "logs": ("logs:DescribeLogGroups", lambda client: client.describe_log_groups()),
    "application-autoscaling": (
        "application-autoscaling:DescribeScalableTargets",
        lambda client: client.describe_scalable_targets(ServiceNamespace="ecs"),
    ),
}


def failed(aws: StrictAws, service: str) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        CLIENTS[service][1](connect(aws, service))
    return dict(caught.value.response)


def test_the_spy_tells_calls_in_order_with_their_parameters(aws: StrictAws, own_ecs: Any) -> None:
    own_ecs.describe_clusters(clusters=["own"])
    own_ecs.list_services(cluster="own", maxResults=100)
    connect(aws, "elbv2").describe_load_balancers(Names=[])
    assert [each.operation for each in aws.spy.calls] == [
        "ecs:DescribeClusters",
        "ecs:ListServices",
        "elasticloadbalancing:DescribeLoadBalancers",
    ]
    assert aws.spy.of("ecs:List*") == [{"cluster": "own", "maxResults": 100}]
    assert aws.spy.counts["ecs:ListServices"] == 1
    assert {each.region for each in aws.spy.calls} == {"eu-west-3"}
    aws.spy.reset()
    assert aws.spy.calls == []


def test_a_query_s_lists_are_lists(aws: StrictAws) -> None:
    with pytest.raises(ClientError):
        connect(aws, "elbv2").describe_target_groups(TargetGroupArns=["arn:a", "arn:b"])
    [params] = aws.spy.of("elasticloadbalancing:*")
    assert params == {"TargetGroupArns": ["arn:a", "arn:b"]}


def test_the_spy_knows_how_many_calls_were_in_flight(aws: StrictAws) -> None:
    ecs = connect(aws, "ecs", max_pool_connections=8)
    together = threading.Barrier(8, timeout=PATIENCE_SECONDS)

    def waits_for_the_others(_: object, do: Callable[[], Answer]) -> Answer:
        together.wait()
        return do()

    aws.faults.add("ecs:ListClusters", waits_for_the_others)
    with ThreadPoolExecutor(8) as pool:
        for _ in range(8):
            pool.submit(ecs.list_clusters)
    assert aws.spy.most_at_once("ecs:ListClusters") == 8
    assert aws.spy.most_at_once() == 8
    aws.spy.reset()
    aws.faults.clear()
    ecs.list_clusters()
    assert aws.spy.most_at_once() == 1


@pytest.mark.parametrize("service", CLIENTS)
def test_throttling_ends_after_so_many_calls(aws: StrictAws, service: str) -> None:
    operation, call = CLIENTS[service]
    aws.faults.throttle(operation, times=2)
    for _ in range(2):
        answer = failed(aws, service)
        assert answer["Error"]["Code"] in ("ThrottlingException", "Throttling")
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400
    call(connect(aws, service))
    assert aws.spy.counts[operation] == 3


@pytest.mark.parametrize("mode", ["standard", "legacy"])
@pytest.mark.parametrize("service", ["ecs", "elbv2"])
def test_boto_retries_throttling_and_breakdowns(
    aws: StrictAws, service: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    operation, call = CLIENTS[service]
    aws.faults.throttle(operation)
    aws.faults.break_down(operation, 503)
    aws.faults.reset_connection(operation)
    call(connect(aws, service, retries={"mode": mode, "max_attempts": 6}))
    assert aws.spy.counts[operation] == 4


@pytest.mark.parametrize("status", [500, 503])
@pytest.mark.parametrize("service", CLIENTS)
def test_a_breakdown_is_a_5xx(aws: StrictAws, service: str, status: int) -> None:
    aws.faults.break_down(CLIENTS[service][0], status)
    assert failed(aws, service)["ResponseMetadata"]["HTTPStatusCode"] == status


@pytest.mark.parametrize("service", CLIENTS)
def test_a_denial_names_the_action(aws: StrictAws, service: str) -> None:
    operation = CLIENTS[service][0]
    aws.faults.deny(operation, "arn:aws:x")
    for _ in range(2):
        error = failed(aws, service)["Error"]
        assert error["Code"] in ("AccessDenied", "AccessDeniedException")
        assert (
            f"is not authorized to perform: {operation} on resource: arn:aws:x"
            in (error["Message"])
        )


@pytest.mark.parametrize("service", CLIENTS)
def test_a_token_can_expire(aws: StrictAws, service: str) -> None:
    aws.faults.expire_token()
    assert failed(aws, service)["Error"]["Code"] in ("ExpiredToken", "ExpiredTokenException")


def test_a_refused_write_has_changed_nothing(fleet: Fleet) -> None:
    ecs = connect(fleet.aws, "ecs")
    task = fleet.tasks["web"][0]
    fleet.aws.faults.throttle("ecs:StopTask")
    fleet.aws.faults.reset_connection("ecs:StopTask")
    for error in (ClientError, ConnectionClosedError):
        with pytest.raises(error):
            ecs.stop_task(cluster=CLUSTER, task=task.id)
    assert task.last_status == "RUNNING"


def test_an_answer_can_be_lost_after_the_deed(fleet: Fleet) -> None:
    task = fleet.tasks["web"][0]
    fleet.aws.faults.lose_answer("ecs:StopTask")
    with pytest.raises(ConnectionClosedError):
        connect(fleet.aws, "ecs").stop_task(cluster=CLUSTER, task=task.id)
    assert task.last_status == "STOPPED"


@pytest.mark.parametrize("service", CLIENTS)
def test_a_connection_can_break(aws: StrictAws, service: str) -> None:
    operation, call = CLIENTS[service]
    aws.faults.reset_connection(operation)
    client = connect(aws, service)
    with pytest.raises(ConnectionClosedError):
        call(client)
    call(client)


def test_a_cut_body_is_a_success_without_keys_to_botocore(own_ecs: Any, aws: StrictAws) -> None:
    aws.faults.cut_body("ecs:ListClusters")
    assert "clusterArns" not in own_ecs.list_clusters()
    aws.faults.cut_body("elasticloadbalancing:*")
    with pytest.raises(ResponseParserError):
        connect(aws, "elbv2").describe_load_balancers()


def test_a_body_can_end_abruptly(own_ecs: Any, aws: StrictAws) -> None:
    aws.faults.cut_body("ecs:ListClusters", abruptly=True)
    with pytest.raises((ConnectionClosedError, ResponseStreamingError)):
        own_ecs.list_clusters()
    assert own_ecs.list_clusters()["clusterArns"]


def test_an_answer_can_be_garbage(own_ecs: Any, aws: StrictAws) -> None:
    aws.faults.garble("ecs:ListClusters", body=b"<html>")
    assert "clusterArns" not in own_ecs.list_clusters()  # botocore takes it for an empty success
    aws.faults.garble("ecs:ListClusters")
    with pytest.raises(UnicodeDecodeError):  # which is no BotoCoreError
        own_ecs.list_clusters()


def test_an_answer_can_lack_its_key(own_ecs: Any, aws: StrictAws) -> None:
    aws.faults.omit("ecs:ListServices", "serviceArns")
    assert "serviceArns" not in own_ecs.list_services(cluster="own")
    assert own_ecs.list_services(cluster="own")["serviceArns"] == []


def test_a_call_can_hang_until_the_faults_are_cleared(aws: StrictAws) -> None:
    ecs = connect(aws, "ecs", read_timeout=0.2)
    aws.faults.hang("ecs:ListClusters")
    with pytest.raises(ReadTimeoutError):
        ecs.list_clusters()
    aws.faults.hang("ecs:ListClusters")
    threading.Timer(0.05, aws.faults.clear).start()
    with pytest.raises(ConnectionClosedError):
        ecs.list_clusters()


def test_a_delay_adds_to_what_comes_behind_it(own_ecs: Any, aws: StrictAws) -> None:
    aws.faults.delay("ecs:*", 0.1)
    aws.faults.throttle("ecs:ListClusters")
    start = time.monotonic()
    with pytest.raises(ClientError):
        own_ecs.list_clusters()
    assert time.monotonic() - start >= 0.1


def test_connections_are_kept_alive(own_ecs: Any, aws: StrictAws) -> None:
    for _ in range(3):
        own_ecs.list_clusters()
    assert aws.connections == 1


def test_it_starts_again_with_nothing_of_before(cluster: Cluster, aws: StrictAws) -> None:
    cluster.service("web", cluster.definition("app"))
    ecs = connect(aws, "ecs")
    ecs.list_clusters()
    aws.stop()
    aws.start()
    assert connect(aws, "ecs").list_clusters()["clusterArns"] == []


def test_unsigned_requests_are_refused(aws: StrictAws) -> None:
    import urllib3

    answer = urllib3.request("POST", aws.url, body=b"{}")
    assert answer.status == 403
    assert b"MissingAuthenticationToken" in answer.data
