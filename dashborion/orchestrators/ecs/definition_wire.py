"""Task definitions with all that definitions are compared by; they are never kept on disk.

Values of variables are sealed while they are decoded.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import field

from dashborion.errors import BadAnswer
from dashborion.models.base import ready
from dashborion.models.definition import Sealed, sealing
from dashborion.orchestrators.ecs.native_wire import PortMapping
from dashborion.orchestrators.ecs.wire import SizedContainer, Wire


class Variable(Wire, frozen=True):
    name: str = ""
    value: Sealed = Sealed("")


class SecretVariable(Wire, frozen=True):
    """A variable whose value is that of a secret, named by its ARN."""

    name: str = ""
    value: Sealed = field(name="valueFrom", default=Sealed(""))


class VariablesFile(Wire, frozen=True):
    """A file in S3, by its ARN, all of whose lines are variables."""

    value: str = ""


class HealthCheck(Wire, frozen=True):
    command: list[str] = []
    interval: int = 30
    timeout: int = 5
    retries: int = 3


class Container(SizedContainer, frozen=True):
    entry_point: list[str] = []
    command: list[str] = []
    port_mappings: list[PortMapping] = []
    environment: list[Variable] = []
    secrets: list[SecretVariable] = []
    environment_files: list[VariablesFile] = []
    health_check: HealthCheck | None = None


class RuntimePlatform(Wire, frozen=True):
    cpu_architecture: str | None = None
    operating_system_family: str | None = None


class TaskDefinition(Wire, frozen=True):
    task_definition_arn: str
    cpu: str | None = None
    memory: str | None = None
    requires_compatibilities: list[str] = []
    runtime_platform: RuntimePlatform = RuntimePlatform()
    container_definitions: list[Container] = []


def task_definition(plain: Any) -> TaskDefinition:
    """What DescribeTaskDefinition answers.

    Raises:
        BadAnswer: it is not what the API documents.
    """
    try:
        return msgspec.convert(plain, ready(TaskDefinition), dec_hook=sealing)
    except msgspec.ValidationError as error:
        where = str(error).partition(" - at ")[2]
        raise BadAnswer(
            f"ecs:DescribeTaskDefinition: an answer that is not what the API documents at {where}"
        ) from error
