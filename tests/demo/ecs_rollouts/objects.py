"""Objects of a rollout: a service in the middle of one, and the newer API's view of it."""

from __future__ import annotations

from typing import Any

from tests.support.aws_objects import CLUSTER, CREATED, AwsObjects, Json, arn, deployment, service

DEPLOYMENT = arn("service-deployment", f"{CLUSTER}/web/d1")
REVISION = arn("service-revision", f"{CLUSTER}/web/2")


def rolls(aws: AwsObjects, *, running: int = 1, strategy: str = "ROLLING", **more: Any) -> None:
    """`web` is on its way to a new revision; ``more`` are members of its newest deployment."""
    now = {"rolloutState": "IN_PROGRESS", "rolloutStateReason": "ECS deployment 1 in progress."}
    counts = {"desiredCount": 2, "runningCount": running}
    family = arn("task-definition", "web:1")
    aws.objects["services"] = [
        service(
            "web",
            count=2,
            deployments=[deployment(**{"taskDefinition": family, **counts, **now, **more})],
            deploymentConfiguration={
                "strategy": strategy,
                "maximumPercent": 200,
                "minimumHealthyPercent": 100,
                "bakeTimeInMinutes": 10,
            },
            currentServiceDeployment=DEPLOYMENT,
        )
    ]


def made(aws: AwsObjects, status: str, **more: Any) -> None:
    """The service deployment that `web` is at."""
    aws.objects["serviceDeployments"] = [service_deployment(status, **more)]
    aws.objects["serviceRevisions"] = [service_revision()]


def service_deployment(status: str, **more: Any) -> Json:
    return {
        "serviceDeploymentArn": DEPLOYMENT,
        "serviceArn": arn("service", f"{CLUSTER}/web"),
        "clusterArn": arn("cluster", CLUSTER),
        "createdAt": CREATED,
        "startedAt": CREATED + 1,
        "updatedAt": CREATED + 60,
        "status": status,
        "targetServiceRevision": {"arn": REVISION, "requestedTaskCount": 2},
        "deploymentConfiguration": {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 10},
    } | more


def service_revision(**more: Any) -> Json:
    return {
        "serviceRevisionArn": REVISION,
        "serviceArn": arn("service", f"{CLUSTER}/web"),
        "taskDefinition": arn("task-definition", "web:1"),
        "containerImages": [{"containerName": "app", "image": "example.test/app:1.0"}],
    } | more


def hook(**more: Any) -> Json:
    return {"hookId": "h1", "targetType": "PAUSE", "status": "AWAITING_ACTION"} | more


def says(aws: AwsObjects, *sentences: str, after: float = 60.0, name: str = "web") -> None:
    """Events of the service, the newest last, from so many seconds after its deployment on."""
    told = [
        {"id": f"e{at}", "createdAt": CREATED + after + at, "message": f"(service {name}) {text}"}
        for at, text in enumerate(sentences)
    ]
    aws.objects["services"][0]["events"] = told[::-1]
