"""Task definitions, without what may be secret in them: they are kept on disk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct, field

from dashborion.orchestrators.ecs.wire.base import Wire


class HealthCheck(Wire, frozen=True):
    """Its command is not decoded: it may hold a password."""


class LogOptions(Struct, frozen=True):
    """The options of ``awslogs``, and the addresses that other drivers send lines to.

    Other options of theirs may be secrets.
    """

    group: str | None = field(name="awslogs-group", default=None)
    region: str | None = field(name="awslogs-region", default=None)
    stream_prefix: str | None = field(name="awslogs-stream-prefix", default=None)
    splunk: str | None = field(name="splunk-url", default=None)
    fluentd: str | None = field(name="fluentd-address", default=None)
    gelf: str | None = field(name="gelf-address", default=None)
    syslog: str | None = field(name="syslog-address", default=None)
    output: str | None = field(name="Name", default=None)  # FireLens' plugin


class LogConfiguration(Wire, frozen=True):
    log_driver: str = ""
    options: LogOptions = LogOptions()


class ContainerDefinition(Wire, frozen=True):
    name: str
    image: str = ""
    essential: bool = True
    cpu: int = 0
    memory: int | None = None
    memory_reservation: int | None = None
    health_check: HealthCheck | None = None
    log_configuration: LogConfiguration | None = None


class TaskDefinition(Wire, frozen=True):
    """Kept on disk: without environment variables, secrets and commands."""

    task_definition_arn: str
    cpu: str | None = None
    memory: str | None = None
    registered_at: datetime | None = None
    container_definitions: Sequence[ContainerDefinition] = []
