"""Why a task stopped, is stopping or is not well: one word, and what was said."""

from __future__ import annotations

from typing import Any

import pytest

from dashborion.orchestrators.ecs import instances, wire
from tests.unit.ecs.raw_ecs import container, instance, stopped, task

PULL = "CannotPullContainerError: pull image manifest has been retried 1 time(s)"
SECRET = "ResourceInitializationError: unable to pull secrets or registry auth"
OOM = "OutOfMemoryError: Container killed due to memory usage"
EXITED = "Essential container in task exited"
FAILED = "TaskFailedToStart"
ENDED = "EssentialContainerExited"
BY_SERVICE = "ServiceSchedulerInitiated"


def ended(name: str = "app", **change: Any) -> dict[str, Any]:
    return container(name, lastStatus="STOPPED", **change)


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        pytest.param(stopped(code=FAILED, said=PULL), "CannotPullContainerError", id="no image"),
        pytest.param(
            stopped(code=FAILED, said=SECRET), "ResourceInitializationError", id="no secret"
        ),
        pytest.param(
            stopped(ended(reason=PULL), code=FAILED, said=PULL),
            "CannotPullContainerError",
            id="no image, said twice",
        ),
        pytest.param(
            stopped(code=FAILED, said="Unexpected EC2 error while attempting to Create: x"),
            FAILED,
            id="a sentence is no word",
        ),
        pytest.param(stopped(code=FAILED), FAILED, id="failed to start without a word"),
        pytest.param(stopped(ended(exitCode=1), code=ENDED, said=EXITED), "Error", id="exit 1"),
        pytest.param(stopped(ended(exitCode=0), code=ENDED, said=EXITED), "Completed", id="exit 0"),
        pytest.param(stopped(ended(), code=ENDED, said=EXITED), "Error", id="no exit code"),
        pytest.param(
            stopped(ended(exitCode=137, reason=OOM), code=ENDED, said=EXITED),
            "OutOfMemoryError",
            id="out of memory",
        ),
        pytest.param(
            stopped(ended("a", exitCode=0), ended("b", exitCode=2), code=ENDED),
            "Error",
            id="the second container failed",
        ),
        pytest.param(
            stopped(ended("a", exitCode=0), ended("b", exitCode=143), code=ENDED),
            "Completed",
            id="the second was told to end",
        ),
        pytest.param(
            stopped(ended("a", exitCode=0), ended("b", exitCode=137), code=ENDED),
            "Completed",
            id="the second did not heed it",
        ),
        pytest.param(
            stopped(ended("a", exitCode=137), ended("b", exitCode=143), code=ENDED),
            "Error",
            id="the first was killed",
        ),
        pytest.param(
            stopped(
                ended(exitCode=143), code=BY_SERVICE, said="Task failed ELB health checks in (tg x)"
            ),
            "FailedHealthChecks",
            id="the load balancer's health check",
        ),
        pytest.param(
            stopped(code=BY_SERVICE, said="Task failed container health checks"),
            "FailedHealthChecks",
            id="the container's health check",
        ),
        pytest.param(
            stopped(
                ended(exitCode=143),
                code=BY_SERVICE,
                said="Scaling activity initiated by (deployment ecs-svc/1)",
            ),
            BY_SERVICE,
            id="replaced",
        ),
        pytest.param(stopped(code="UserInitiated", said="by hand"), "UserInitiated", id="a user"),
        pytest.param(stopped(code="SpotInterruption"), "SpotInterruption", id="spot"),
        pytest.param(stopped(code="TerminationNotice"), "TerminationNotice", id="fargate retires"),
        pytest.param(stopped(), None, id="nobody says why"),
    ],
)
def test_the_reason_of_a_stopped_task(item: wire.Task, reason: str | None) -> None:
    assert instance(item).reason == reason


@pytest.mark.parametrize(
    ("essential", "reason"), [({"a", "b"}, "Error"), ({"a"}, "Completed"), ({"b"}, "Error")]
)
def test_with_its_definition_only_essential_containers_count(
    essential: set[str], reason: str
) -> None:
    item = stopped(ended("a", exitCode=0), ended("b", exitCode=2), code=ENDED)
    containers = [wire.ContainerDefinition(name=one, essential=one in essential) for one in "ab"]
    definition = wire.TaskDefinition(task_definition_arn="x", container_definitions=containers)
    assert instances.reason(item, definition) == reason


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        pytest.param(task(), None, id="well"),
        pytest.param(task(healthStatus="UNHEALTHY"), "Unhealthy", id="unhealthy"),
        pytest.param(task(lastStatus="PROVISIONING"), "Provisioning", id="provisioning"),
        pytest.param(task(lastStatus="ACTIVATING"), "Activating", id="activating"),
        pytest.param(task(lastStatus="PENDING"), None, id="pending"),
        pytest.param(task(desiredStatus="STOPPED"), "Terminating", id="about to stop"),
        pytest.param(
            task(desiredStatus="STOPPED", healthStatus="UNHEALTHY"), "Terminating", id="stopping"
        ),
        pytest.param(task(lastStatus="DEACTIVATING"), "Terminating", id="deactivating"),
        pytest.param(task(lastStatus="STOPPING"), "Terminating", id="stopping containers"),
        pytest.param(
            task(lastStatus="PENDING", desiredStatus="STOPPED"), "Terminating", id="never started"
        ),
        pytest.param(
            task(connectivity="DISCONNECTED", containerInstanceArn="arn:x/i"),
            "AgentDisconnected",
            id="its instance's agent is away",
        ),
        pytest.param(task(connectivity="DISCONNECTED"), None, id="fargate has no agent of ours"),
    ],
)
def test_the_reason_of_a_task_that_does_not_start(item: wire.Task, reason: str | None) -> None:
    assert instance(item).reason == reason


@pytest.mark.parametrize(
    ("item", "message"),
    [
        pytest.param(stopped(ended(reason=OOM), said=EXITED), OOM, id="the container's first"),
        pytest.param(stopped(said=EXITED), "app exited with 0", id="how it exited"),
        pytest.param(stopped(said="Task stopped by user"), "Task stopped by user", id="the task's"),
        pytest.param(stopped(ended("a"), ended("b", reason=OOM)), OOM, id="any container's"),
        pytest.param(stopped(), None, id="none"),
        pytest.param(task(), None, id="none while it runs"),
    ],
)
def test_the_message_of_a_task(item: wire.Task, message: str | None) -> None:
    assert instance(item).message == message
