"""Any optional field absent, null, empty or odd: every row is there, what is unknown is null."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from dashborion.demo.ecs.aws_protocol import AwsRequest
from dashborion.demo.http_server import Answer
from tests.faults.ecs.conftest import Serve
from tests.support.aws_balancing import balancing, behind, group, group_arn, host, rule
from tests.support.aws_objects import (
    CREATED,
    AwsObjects,
    Json,
    arn,
    cluster,
    definition,
    deployment,
    service,
    task,
)
from tests.support.cli import Cli
from tests.support.several_fields import batches

REQUIRED = {
    "serviceArn", "taskArn", "taskDefinitionArn", "clusterArn", "containerInstanceArn",
    "TargetGroupArn", "LoadBalancerArn", "ListenerArn", "serviceDeploymentArn",
}  # fmt: skip
ODD = "~ odd: /~"
ABSENT = object()
NOT_FOUND = 3

Change = tuple[tuple[Any, ...], str, Any]  # where, what becomes of it in a word, the value


def changes(whole: Json, *, is_xml: bool = False) -> Iterator[Change]:
    """Each field of the object, at any depth, removed, null, empty and odd.

    XML has no nulls in lists.
    """
    for path in _paths(whole):
        if path[-1] in REQUIRED:
            continue
        before = _at(whole, path)
        empty: Any = type(before)() if isinstance(before, str | list | dict) else None
        odd: Any = ODD if isinstance(before, str) else None
        if isinstance(before, list) and not is_xml:
            odd = [None]
        for word, value in (("null", None), ("empty", empty), ("odd", odd), ("absent", ABSENT)):
            yield path, word, value


def changed(whole: Json, *changes: Change) -> Json:
    made = copy.deepcopy(whole)
    for path, _, value in changes:
        around = _at(made, path[:-1])
        if value is ABSENT:
            del around[path[-1]]
        else:
            around[path[-1]] = value
    return made


def _paths(value: Any) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        if isinstance(value, dict):
            yield (key,)
        if isinstance(item, dict | list):
            yield from ((key, *path) for path in _paths(item))


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


# --- Whole objects ------------------------------------------------------------------------------

SERVICE = service(
    "web",
    loadBalancers=[
        behind("web", alternateTargetGroupArn=group_arn("api"), productionListenerRule="x"),
        {"loadBalancerName": "classic", "containerName": "app", "containerPort": 80},
    ],
    serviceRegistries=[{"registryArn": "arn:x:service/srv-1", "port": 80}],
    tags=[{"key": "team", "value": "a"}],
    events=[{"id": "1", "createdAt": CREATED, "message": "(service web) has started 1 tasks."}],
    currentServiceDeployment=arn("service-deployment", "docs/web/1"),
    deployments=[
        deployment(
            taskDefinition=arn("task-definition", "web:1"),
            failedTasks=1,
            rolloutState="IN_PROGRESS",
            serviceConnectConfiguration={
                "enabled": True,
                "namespace": "home",
                "services": [
                    {
                        "portName": "http",
                        "discoveryName": "web",
                        "clientAliases": [{"port": 80, "dnsName": "web.home"}],
                    }
                ],
            },
            vpcLatticeConfigurations=[{"targetGroupArn": "arn:x/tg-1", "portName": "http"}],
        )
    ],
)
EXTERNAL = service(
    "web",
    deployments=[],
    deploymentController={"type": "EXTERNAL"},
    taskSets=[
        {
            "id": "ecs-svc/1",
            "status": "PRIMARY",
            "taskDefinition": arn("task-definition", "web:1"),
            "computedDesiredCount": 1,
            "runningCount": 1,
            "createdAt": CREATED,
            "stabilityStatus": "STEADY_STATE",
            "loadBalancers": [behind("web")],
            "serviceRegistries": [{"registryArn": "arn:x:service/srv-1"}],
        }
    ],
)
RUNNING = task(
    1,
    "web",
    availabilityZone="eu-west-3a",
    containerInstanceArn=arn("container-instance", "docs/1"),
    pullStartedAt=CREATED,
    tags=[{"key": "team", "value": "a"}],
    attachments=[
        {
            "type": "ElasticNetworkInterface",
            "details": [{"name": "privateIPv4Address", "value": "10.0.0.1"}],
        }
    ],
    containers=[
        {
            "name": "app",
            "image": "app:1",
            "runtimeId": "1-1",
            "lastStatus": "RUNNING",
            "healthStatus": "HEALTHY",
            "networkInterfaces": [{"privateIpv4Address": "10.0.0.1", "ipv6Address": "::1"}],
        }
    ],
)
STOPPED = task(
    1,
    "web",
    lastStatus="STOPPED",
    desiredStatus="STOPPED",
    stoppedAt=CREATED + 60,
    stopCode="EssentialContainerExited",
    stoppedReason="Essential container in task exited",
    containers=[
        {"name": "app", "lastStatus": "STOPPED", "exitCode": 1, "reason": "OutOfMemoryError: x"}
    ],
)
DEFINITION = definition(
    "web",
    {
        "name": "app",
        "image": "app:1",
        "essential": True,
        "cpu": 10,
        "memory": 128,
        "memoryReservation": 64,
        "command": ["run"],
        "entryPoint": ["sh"],
        "portMappings": [{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}],
        "environment": [{"name": "MODE", "value": "x"}],
        "secrets": [{"name": "KEY", "valueFrom": "arn:x"}],
        "dependsOn": [{"containerName": "init", "condition": "START"}],
        "healthCheck": {"command": ["CMD", "true"], "interval": 30},
        "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "g"}},
    },
    taskRoleArn="arn:x",
    executionRoleArn="arn:x",
    registeredBy="arn:x",
    volumes=[{"name": "data"}],
)
MACHINE = {
    "containerInstanceArn": arn("container-instance", f"docs/{1:032x}"),
    "ec2InstanceId": "i-1",
    "status": "ACTIVE",
    "statusReason": "none",
    "agentConnected": True,
    "runningTasksCount": 1,
    "pendingTasksCount": 0,
    "registeredResources": [{"name": "CPU", "type": "INTEGER", "integerValue": 2048}],
    "remainingResources": [{"name": "CPU", "type": "INTEGER", "integerValue": 1024}],
    "attributes": [{"name": "ecs.instance-type", "value": "m5"}],
    "versionInfo": {"agentVersion": "1.99", "dockerVersion": "DockerVersion: 20.10"},
    "capacityProviderName": "p",
    "registeredAt": CREATED,
}
CLUSTER_OBJECT = cluster(
    activeServicesCount=1,
    runningTasksCount=1,
    pendingTasksCount=0,
    registeredContainerInstancesCount=1,
    capacityProviders=["FARGATE"],
    settings=[{"name": "containerInsights", "value": "enabled"}],
    statistics=[{"name": "runningFargateTasksCount", "value": "1"}],
    serviceConnectDefaults={"namespace": "arn:x/ns-1"},
    tags=[{"key": "team", "value": "a"}],
)
DEPLOYED = {
    "serviceDeploymentArn": arn("service-deployment", "docs/web/1"),
    "serviceArn": arn("service", "docs/web"),
    "status": "SUCCESSFUL",
    "statusReason": "done",
    "lifecycleStage": "BAKE_TIME",
    "createdAt": CREATED,
    "startedAt": CREATED,
    "finishedAt": CREATED,
    "targetServiceRevision": {"arn": "arn:r", "requestedTaskCount": 1, "runningTaskCount": 1},
    "deploymentConfiguration": {"strategy": "BLUE_GREEN"},
    "deploymentCircuitBreaker": {"status": "MONITORING", "failureCount": 0, "threshold": 3},
    "rollback": {"reason": "x", "serviceRevisionArn": "arn:r"},
}
SCALED = {
    "ResourceId": "service/docs/web",
    "MinCapacity": 1,
    "MaxCapacity": 3,
    "SuspendedState": {"DynamicScalingInSuspended": True, "DynamicScalingOutSuspended": False},
}


def everything(serve: Serve) -> AwsObjects:
    asked = {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "v", "Value": "2"}]}}
    return serve(
        clusters=[CLUSTER_OBJECT],
        services=[SERVICE, service("api")],
        tasks=[RUNNING, task(2, "api")],
        definitions=[DEFINITION, definition("api")],
        containerInstances=[MACHINE],
        serviceDeployments=[DEPLOYED],
        serviceRevisions=[{"serviceRevisionArn": "arn:r", "taskDefinition": "web:1"}],
        scalableTargets=[SCALED],
        **balancing(
            rule(1, host("a.test"), asked, web=1, api=0),
            groups=[group("web"), group("api")],
            web=["healthy", "draining"],
        ),
    )


def answering(key: str, others: dict[str, Json]) -> Callable[..., Answer]:
    """An answer in which objects are others, by their ARN or what else comes first in them."""

    def fault(_: AwsRequest, do: Callable[[], Answer]) -> Answer:
        answer = do()
        content = json.loads(answer.body)
        listed = content[key] if isinstance(content[key], list) else [content[key]]
        items = [others.get(str(next(iter(one.values()))), one) for one in listed]
        content[key] = items if isinstance(content[key], list) else items[0]
        return replace(answer, body=json.dumps(content).encode())

    return fault


LISTS = [
    pytest.param("services", "serviceArn", SERVICE, "workloads list -A", id="a service"),
    pytest.param("services", "serviceArn", SERVICE | EXTERNAL, "workloads list -A",
                 id="a service with task sets"),
    pytest.param("tasks", "taskArn", RUNNING, "instances list -A --all", id="a task"),
    pytest.param("tasks", "taskArn", STOPPED, "instances list -A --all", id="a stopped task"),
    pytest.param("containerInstances", "containerInstanceArn", MACHINE,
                 "ecs container-instances list", id="a machine"),
    pytest.param("clusters", "clusterArn", CLUSTER_OBJECT, "ecs clusters list", id="a cluster"),
    pytest.param("serviceDeployments", "serviceDeploymentArn", DEPLOYED,
                 "ecs deployments list web --limit 100", id="a deployment"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "arn_key", "whole", "command"), LISTS)
def test_every_row_is_there_whatever_field_is_missing_or_odd(
    dashborion: Cli, serve: Serve, key: str, arn_key: str, whole: Json, command: str
) -> None:
    aws = everything(serve)
    before = len(dashborion(f"{command} -o json").json)
    odd = {
        f"{whole[arn_key]}{number}": changed(whole, change) | {arn_key: f"{whole[arn_key]}{number}"}
        for number, change in enumerate(changes(whole))
    }
    aws.objects[key] = [*aws.objects[key], *(whole | {arn_key: name} for name in odd)]
    aws.faults.add(f"ecs:Describe{key[0].upper()}{key[1:]}", answering(key, odd))

    seen = dashborion(f"{command} -o json")

    assert seen.exit_code == 0, seen.err
    assert len(seen.json) == before + len(odd)


OBJECTS = [
    pytest.param("ecs:DescribeServices", "services", SERVICE, "workloads describe web",
                 id="a service"),
    pytest.param("ecs:DescribeTasks", "tasks", RUNNING, f"instances describe {1:032x}",
                 id="a task"),
    pytest.param("ecs:DescribeTaskDefinition", "taskDefinition", DEFINITION,
                 "ecs task-definitions describe web", id="a task definition"),
    pytest.param("ecs:DescribeClusters", "clusters", CLUSTER_OBJECT, "ecs clusters describe",
                 id="a cluster"),
    pytest.param("application-autoscaling:DescribeScalableTargets", "ScalableTargets", SCALED,
                 "workloads describe web", id="an autoscaler"),
]  # fmt: skip


@pytest.mark.parametrize(("operation", "key", "whole", "command"), OBJECTS)
def test_an_object_is_shown_whatever_field_is_missing(
    dashborion: Cli,
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Any,
    operation: str,
    key: str,
    whole: Json,
    command: str,
) -> None:
    aws = everything(serve)
    # A list has shown that null and empty are no different.
    odd = (change for change in changes(whole) if change[1] in ("odd", "absent"))
    for number, batch in enumerate(batches(odd)):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / f"cache-{number}"))
        aws.faults.clear()
        item = changed(whole, *batch)
        aws.faults.add(operation, answering(key, {str(next(iter(whole.values()))): item}))
        seen = dashborion(f"{command} -o json")
        assert seen.exit_code == 0, (batch, seen.err)


def test_a_list_has_every_row_whatever_a_task_definition_lacks(
    dashborion: Cli, serve: Serve
) -> None:
    odd = [changed(DEFINITION, change) for change in changes(DEFINITION)]
    names = [f"odd-{number}" for number in range(len(odd))]
    arns = [arn("task-definition", f"{name}:1") for name in names]
    aws = serve(
        services=[service(name) for name in names], definitions=[definition(name) for name in names]
    )
    others = [item | {"taskDefinitionArn": name} for name, item in zip(arns, odd, strict=True)]
    aws.faults.add(
        "ecs:DescribeTaskDefinition",
        answering("taskDefinition", dict(zip(arns, others, strict=True))),
    )

    seen = dashborion("workloads list -A -o json")

    assert seen.exit_code == 0, seen.err
    assert len(seen.json) == len(odd)


@pytest.mark.parametrize("key", ["targetGroups", "loadBalancers", "listeners", "targetHealth"])
def test_any_field_of_a_load_balancer_may_be_missing_or_odd(
    dashborion: Cli, serve: Serve, key: str
) -> None:
    aws = everything(serve)
    objects = aws.objects[key]
    first = next(iter(objects.values())) if isinstance(objects, dict) else objects
    whole = first[0]
    for batch in batches(changes(whole, is_xml=True)):
        first[0] = changed(whole, *batch)
        seen = dashborion("workloads describe web -o json")
        assert (seen.exit_code, len(seen.json["instances"])) == (0, 1), (batch, seen.err)


def test_any_field_of_a_rule_may_be_missing_or_odd(dashborion: Cli, serve: Serve) -> None:
    aws = everything(serve)
    (rules,) = aws.objects["rules"].values()
    rules += [changed(rules[0], change) for change in changes(rules[0], is_xml=True)]
    seen = dashborion("workloads describe web -o json")
    assert (seen.exit_code, len(seen.json["instances"])) == (0, 1), seen.err


@pytest.mark.parametrize(
    ("key", "arn_key", "whole"),
    [
        pytest.param("tasks", "taskArn", RUNNING, id="a task"),
        pytest.param("tasks", "taskArn", STOPPED, id="a stopped task"),
        pytest.param("services", "serviceArn", SERVICE | EXTERNAL, id="a service with task sets"),
        pytest.param("serviceDeployments", "serviceDeploymentArn", DEPLOYED, id="a deployment"),
        pytest.param("containerInstances", "containerInstanceArn", MACHINE, id="a machine"),
    ],
)
def test_why_is_told_whatever_field_is_missing_or_odd(
    dashborion: Cli, serve: Serve, key: str, arn_key: str, whole: Json
) -> None:
    aws = everything(serve)
    first = aws.objects[key][0][arn_key]
    for batch in batches(changes(whole)):
        item = changed(whole, *batch) | {arn_key: first}
        aws.faults.clear()
        aws.faults.add(f"ecs:Describe{key[0].upper()}{key[1:]}", answering(key, {first: item}))
        for command in ("workloads why -A", "workloads why web", f"instances why {1:032x}"):
            seen = dashborion(f"{command} -o json")
            assert seen.exit_code in (0, NOT_FOUND), (batch, seen.err)
