"""On what a task definition runs, and what ECS makes of it for a revision of a service."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from dashborion.orchestrators.ecs import definition_wire, wire
from dashborion.orchestrators.ecs.definition import platform

FARGATE: dict[str, Any] = {
    "taskDefinitionArn": "arn:x/web:1",
    "requiresCompatibilities": ["FARGATE"],
}
ARM = {"runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}}


@pytest.mark.parametrize(
    ("given", "overrides", "expected"),
    [
        pytest.param(FARGATE, {}, "linux/amd64", id="what Fargate takes"),
        pytest.param(FARGATE | ARM, {}, "linux/arm64", id="what it says"),
        pytest.param(FARGATE, {"overrides": ARM}, "linux/arm64", id="what ECS runs instead"),
        pytest.param(FARGATE | ARM, {"overrides": {}}, "linux/arm64", id="nothing instead"),
    ],
)
def test_an_override_of_the_revision_goes_before_the_task_definition(
    given: dict[str, Any], overrides: dict[str, Any], expected: str
) -> None:
    revision = msgspec.convert({"serviceRevisionArn": "arn:x/1"} | overrides, wire.ServiceRevision)
    architecture = revision.overrides.runtime_platform.cpu_architecture
    assert platform(definition_wire.task_definition(given), architecture) == expected
