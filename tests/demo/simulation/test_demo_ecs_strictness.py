"""What ECS refuses, pages and leaves out, moto made strict does too."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.ecs_cluster import Cluster
from tests.support.fleet_on_ecs import CLUSTER

MANY = "homebox-many"
ID = "0" * 32


def refused(call: Callable[..., Any], **params: Any) -> tuple[str, int]:
    """The error's code and HTTP status."""
    with pytest.raises(ClientError) as caught:
        call(**params)
    answer = caught.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def pages(client: Any, operation: str, key: str, **params: Any) -> list[list[Any]]:
    return [page[key] for page in client.get_paginator(operation).paginate(**params)]


@pytest.mark.parametrize(
    ("operation", "key", "size", "lengths"),
    [
        ("list_services", "serviceArns", None, [10] * 15),
        ("list_services", "serviceArns", 100, [100, 50]),
        ("list_services", "serviceArns", 149, "InvalidParameterException"),
        ("list_services", "serviceArns", 0, "InvalidParameterException"),
        ("list_tasks", "taskArns", None, [100] * 7 + [50]),
        ("list_tasks", "taskArns", 99, [99] * 7 + [57]),
        ("list_tasks", "taskArns", 101, "InvalidParameterException"),
    ],
)
def test_lists_come_in_pages_of_at_most_a_hundred(
    ecs: Any, operation: str, key: str, size: int | None, lengths: Any
) -> None:
    params = {"cluster": MANY} | ({} if size is None else {"maxResults": size})
    if isinstance(lengths, str):
        assert refused(getattr(ecs, operation), **params) == (lengths, 400)
        return
    found = pages(ecs, operation, key, **params)
    assert [len(page) for page in found] == lengths
    assert len({arn for page in found for arn in page}) == sum(lengths)


@pytest.mark.parametrize("token", ["garbage", "", "bm90IGpzb24="])
def test_a_made_up_token_is_refused(ecs: Any, token: str) -> None:
    if not token:
        assert ecs.list_services(cluster=MANY, nextToken=token)["serviceArns"]
        return
    for call in (ecs.list_services, ecs.list_tasks):
        assert refused(call, cluster=MANY, nextToken=token)[0] == "InvalidParameterException"


@pytest.mark.parametrize(
    "change", [{"launchType": "EC2"}, {"schedulingStrategy": "DAEMON"}, {"cluster": CLUSTER}]
)
def test_a_token_belongs_to_its_question(ecs: Any, change: dict[str, str]) -> None:
    token = ecs.list_services(cluster=MANY)["nextToken"]
    asked = {"cluster": MANY, "nextToken": token} | change
    assert refused(ecs.list_services, **asked)[0] == "InvalidParameterException"


def test_a_page_skips_nothing_when_services_go_meanwhile(own_ecs: Any, cluster: Cluster) -> None:
    definition = cluster.definition("app")
    for n in range(30):
        cluster.service(f"s{n}", definition)
    first = own_ecs.list_services(cluster="own")
    gone = first["serviceArns"][0].rsplit("/", maxsplit=1)[-1]
    cluster.backend.services[f"own:{gone}"].status = "INACTIVE"
    rest = own_ecs.list_services(cluster="own", nextToken=first["nextToken"], maxResults=100)
    assert len(rest["serviceArns"]) == 20


def test_a_cluster_is_matched_whole(own_ecs: Any, cluster: Cluster, aws: Any) -> None:
    other = aws.region("eu-west-3").cluster("own-2")
    for each in (cluster, other):
        definition = each.definition("app")
        each.task(definition, service=each.service("web", definition))
    for name in ("own", cluster.cluster.arn):
        assert len(own_ecs.list_services(cluster=name)["serviceArns"]) == 1
        assert len(own_ecs.list_tasks(cluster=name)["taskArns"]) == 1


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("list_services", {}),
        ("list_tasks", {}),
        ("describe_services", {"services": ["web"]}),
        ("describe_tasks", {"tasks": [ID]}),
        ("list_service_deployments", {"service": "web"}),
        ("stop_task", {"task": ID}),
    ],
)
@pytest.mark.parametrize("name", ["homebox", "homebox-staging2", None])
def test_an_unknown_cluster_is_an_error(
    ecs: Any, operation: str, params: dict[str, Any], name: str | None
) -> None:
    asked = params | ({"cluster": name} if name else {})
    assert refused(getattr(ecs, operation), **asked) == ("ClusterNotFoundException", 400)


def test_lists_leave_out_services_that_are_being_deleted(ecs: Any) -> None:
    found = pages(ecs, "list_services", "serviceArns", cluster=CLUSTER, maxResults=100)
    names = {arn.rsplit("/", maxsplit=1)[-1] for page in found for arn in page}
    assert "web" in names
    assert not names & {"draining", "deleted"}
    told = ecs.describe_services(cluster=CLUSTER, services=["draining", "deleted"])["services"]
    assert [each["status"] for each in told] == ["DRAINING", "INACTIVE"]


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"launchType": "EC2"}, {"db", "agent", "huge", "old"}),
        ({"schedulingStrategy": "DAEMON"}, {"agent"}),
        ({"schedulingStrategy": "REPLICA", "launchType": "EC2"}, {"db", "huge", "old"}),
    ],
)
def test_services_are_filtered(ecs: Any, filters: dict[str, str], names: set[str]) -> None:
    found = ecs.list_services(cluster=CLUSTER, maxResults=100, **filters)["serviceArns"]
    assert {arn.rsplit("/", maxsplit=1)[-1] for arn in found} == names


@pytest.mark.parametrize("count", [0, 11])
def test_at_most_ten_services_are_described_at_once(ecs: Any, count: int) -> None:
    names = [f"service-{n:03}" for n in range(count)]
    code, _ = refused(ecs.describe_services, cluster=MANY, services=names)
    assert code == "InvalidParameterException"
    ten = ecs.describe_services(cluster=MANY, services=[f"service-{n:03}" for n in range(10)])
    assert len(ten["services"]) == 10


@pytest.mark.parametrize("count", [0, 101])
def test_at_most_a_hundred_tasks_are_described_at_once(ecs: Any, count: int) -> None:
    code, _ = refused(ecs.describe_tasks, cluster=MANY, tasks=[ID] * count)
    assert code == "InvalidParameterException"


def test_a_missing_service_is_among_the_failures(ecs: Any) -> None:
    services = ecs.describe_services(cluster=CLUSTER, services=["web", "nope"])
    assert [each["serviceName"] for each in services["services"]] == ["web"]
    [missing] = services["failures"]
    assert missing["reason"] == "MISSING"
    assert missing["arn"].endswith(":service/homebox-staging/nope")
    tasks = ecs.describe_tasks(cluster=CLUSTER, tasks=[ID])
    assert tasks["tasks"] == []
    assert tasks["failures"][0]["reason"] == "MISSING"
    assert ecs.describe_clusters(clusters=["nope"])["failures"][0]["reason"] == "MISSING"


def test_a_task_of_another_cluster_is_missing(ecs: Any) -> None:
    arn = ecs.list_tasks(cluster=MANY)["taskArns"][0]
    task_id = arn.rsplit("/", maxsplit=1)[-1]
    assert ecs.describe_tasks(cluster=CLUSTER, tasks=[task_id])["failures"]
    assert refused(ecs.describe_tasks, cluster=CLUSTER, tasks=[arn])[0] == (
        "InvalidParameterException"
    )


def test_the_prefix_of_an_id_is_no_id(ecs: Any) -> None:
    arn = ecs.list_tasks(cluster=MANY)["taskArns"][0]
    code, _ = refused(ecs.describe_tasks, cluster=MANY, tasks=[arn.rsplit("/", 1)[-1][:6]])
    assert code == "InvalidParameterException"


@pytest.mark.parametrize("include", [[], ["TAGS"]])
def test_tags_come_when_they_are_asked_for(ecs: Any, include: list[str]) -> None:
    [web] = ecs.describe_services(cluster=CLUSTER, services=["web"], include=include)["services"]
    assert ("tags" in web) == bool(include)


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"serviceName": "web"}, 2),
        ({"serviceName": "crash"}, 0),
        ({"serviceName": "crash", "desiredStatus": "STOPPED"}, 3),
        ({"desiredStatus": "PENDING"}, 0),
        ({"family": "rolling"}, 4),
        ({"family": "roll"}, 0),
        ({"family": "db", "launchType": "EC2"}, 2),
        ({"family": "db", "launchType": "FARGATE"}, 0),
        ({"startedBy": "alice"}, 1),
        ({"containerInstance": "nobody"}, 0),
        ({"serviceName": "db", "launchType": "EC2"}, 2),
    ],
)
def test_tasks_are_filtered(ecs: Any, filters: dict[str, str], count: int) -> None:
    assert len(ecs.list_tasks(cluster=CLUSTER, **filters)["taskArns"]) == count


def test_tasks_that_should_run_are_the_default(ecs: Any) -> None:
    by_default = ecs.list_tasks(cluster=CLUSTER)["taskArns"]
    assert by_default == ecs.list_tasks(cluster=CLUSTER, desiredStatus="RUNNING")["taskArns"]
    stopped = ecs.list_tasks(cluster=CLUSTER, desiredStatus="STOPPED")["taskArns"]
    assert stopped
    assert not set(by_default) & set(stopped)


def test_tasks_of_an_unknown_service_are_an_error(ecs: Any) -> None:
    asked = {"cluster": CLUSTER, "serviceName": "nope"}
    assert refused(ecs.list_tasks, **asked) == ("ServiceNotFoundException", 400)


def test_started_by_stands_alone(ecs: Any) -> None:
    asked = {"cluster": CLUSTER, "startedBy": "alice", "family": "toolbox"}
    assert refused(ecs.list_tasks, **asked)[0] == "InvalidParameterException"


def test_looking_at_a_task_does_not_move_it_on(ecs: Any) -> None:
    arns = ecs.list_tasks(cluster=CLUSTER, serviceName="web")["taskArns"]
    for _ in range(6):
        tasks = ecs.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"]
        assert [each["lastStatus"] for each in tasks] == ["RUNNING", "RUNNING"]


def test_clusters_count_what_they_have(ecs: Any) -> None:
    [found] = ecs.describe_clusters(clusters=[MANY])["clusters"]
    assert (found["activeServicesCount"], found["runningTasksCount"]) == (150, 750)
    [found] = ecs.describe_clusters(clusters=[CLUSTER])["clusters"]
    assert found["pendingTasksCount"] == 2
    assert "settings" not in found
    assert len(ecs.list_clusters(maxResults=1)["clusterArns"]) == 1


def test_a_stopped_task_says_who_stopped_it(own_ecs: Any, cluster: Cluster) -> None:
    task = cluster.task(cluster.definition("app"))
    own_ecs.stop_task(cluster="own", task=task.id, reason="enough")
    [found] = own_ecs.describe_tasks(cluster="own", tasks=[task.id])["tasks"]
    assert (found["lastStatus"], found["stopCode"]) == ("STOPPED", "UserInitiated")
    assert found["stoppedReason"] == "enough"
    assert refused(own_ecs.stop_task, cluster="own", task=ID)[0] == "InvalidParameterException"


def test_container_instances_are_those_of_the_cluster(ecs: Any) -> None:
    arns = ecs.list_container_instances(cluster=CLUSTER)["containerInstanceArns"]
    asked = [*arns, ID]
    told = ecs.describe_container_instances(cluster=CLUSTER, containerInstances=asked)
    assert {each["ec2InstanceId"][:2] for each in told["containerInstances"]} == {"i-"}
    assert len(arns) == len(told["containerInstances"]) == 2
    assert [each["reason"] for each in told["failures"]] == ["MISSING"]
    assert ecs.list_container_instances(cluster=MANY)["containerInstanceArns"] == []


def test_a_task_definition_says_when_it_was_registered(own_ecs: Any) -> None:
    container = {"name": "app", "image": "app:1", "memory": 64}
    for _ in range(2):
        own_ecs.register_task_definition(family="app", containerDefinitions=[container])
    told = own_ecs.describe_task_definition(taskDefinition="app")["taskDefinition"]
    assert (told["revision"], "registeredAt" in told) == (2, True)
    for name in ("nope", "app:9", "app:x"):
        code, _ = refused(own_ecs.describe_task_definition, taskDefinition=name)
        assert code == "ClientException"
    newest = own_ecs.list_task_definitions(familyPrefix="app", sort="DESC", maxResults=1)
    assert newest["taskDefinitionArns"][0].endswith("app:2")
    assert newest["nextToken"]
    assert own_ecs.list_task_definition_families()["families"] == ["app"]


def test_service_deployments_tell_of_the_rollback(ecs: Any) -> None:
    [latest, broken, first] = ecs.list_service_deployments(cluster=CLUSTER, service="failed")[
        "serviceDeployments"
    ]
    assert [each["status"] for each in (latest, broken, first)] == [
        "SUCCESSFUL",
        "ROLLBACK_SUCCESSFUL",
        "SUCCESSFUL",
    ]
    assert latest["targetServiceRevisionArn"] == first["targetServiceRevisionArn"]
    arns = [broken["serviceDeploymentArn"], broken["serviceDeploymentArn"] + "x"]
    told = ecs.describe_service_deployments(serviceDeploymentArns=arns)
    [described] = told["serviceDeployments"]
    assert described["deploymentCircuitBreaker"]["failureCount"] == 3
    assert described["sourceServiceRevisions"][0]["arn"] == first["targetServiceRevisionArn"]
    assert told["failures"] == [{"arn": arns[1], "reason": "MISSING"}]
    [revision] = ecs.describe_service_revisions(
        serviceRevisionArns=[broken["targetServiceRevisionArn"]]
    )["serviceRevisions"]
    assert revision["containerImages"][0]["image"] == "example.test/app:broken"


@pytest.mark.parametrize("count", [0, 21])
def test_at_most_twenty_service_deployments_are_described_at_once(ecs: Any, count: int) -> None:
    call = ecs.describe_service_deployments
    code, _ = refused(call, serviceDeploymentArns=["arn:x"] * count)
    assert code == "InvalidParameterException"


def test_an_unsupported_operation_is_a_400(ecs: Any) -> None:
    code, status = refused(ecs.submit_task_state_change, cluster=CLUSTER)
    assert (code, status) == ("UnknownOperationException", 400)
    call = {"cluster": CLUSTER, "task": ID, "command": "sh", "interactive": True}
    code, status = refused(ecs.execute_command, **call)
    assert (code, status) == ("InvalidParameterException", 400)
    code, status = refused(ecs.describe_capacity_providers)  # where moto trips over itself
    assert (code, status) == ("StandInBroke", 400)
