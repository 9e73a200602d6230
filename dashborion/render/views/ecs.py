"""The lists of ``ecs``, and the parts of its descriptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashborion.models import ecs as models
from dashborion.render.columns import (
    BAD,
    STYLES,
    View,
    column,
    created_column,
    environment_columns,
    images_column,
    joined_column,
    location_columns,
    name_column,
    short_image,
    status_column,
)


def _fraction(part: int | None, whole: int | None) -> str | None:
    return None if whole is None else f"{'?' if part is None else part}/{whole}"


def _agent(machine: models.ContainerInstance) -> str | None:
    if machine.connected is None:
        return None
    return "connected" if machine.connected else "disconnected"


def _machine_style(machine: models.ContainerInstance) -> str:
    """An ACTIVE machine whose agent is not connected is not well."""
    return BAD if machine.connected is False or machine.reason else STYLES.get(machine.status, "")


def _command(container: models.ContainerDefinition) -> str | None:
    return " ".join([*container.entry_point, *container.command]) or None


LISTS: Mapping[str, View] = {
    "families": View("task definitions", [*environment_columns(), name_column()]),
    "task-definitions": View("task definitions", [
        *environment_columns(),
        name_column(),
        images_column(),
        column("cpu", right=True),
        column("memory", right=True),
        column("registered", "registered_at", title="REGISTERED"),
    ]),
    "clusters": View("clusters", [
        *environment_columns(),
        name_column(),
        status_column(),
        column("services", right=True),
        column("running", right=True),
        column("pending", right=True),
        column("instances", right=True),
        joined_column("capacity-providers", wide=True),
    ]),
    "container-instances": View("container instances", [
        *environment_columns(),
        name_column(),
        column("instance", spare=1),
        column("status", style=_machine_style),
        column("agent", _agent, lambda item: BAD if item.connected is False else ""),
        column("running", right=True),
        column("pending", right=True),
        column("cpu-free", lambda item: _fraction(item.cpu_free, item.cpu), right=True),
        column("memory-free", lambda item: _fraction(item.memory_free, item.memory), right=True),
        column("reason", shrink=3),
        column("zone", wide=True),
        column("type", "instance_type", wide=True),
        column("agent-version", wide=True),
        column("docker-version", "runtime_version", wide=True),
        column("capacity-provider", wide=True),
        column("registered", "created_at", wide=True, title="REGISTERED"),
    ]),
    "deployments": View("deployments", [
        *location_columns(),
        name_column("service"),
        status_column(),
        column("stage", "lifecycle_stage"),
        name_column("definition", "task_definition"),
        column("running", lambda item: _fraction(item.running, item.requested)),
        column("failures", lambda item: _fraction(item.failures, item.threshold)),
        created_column(),
        column("strategy", wide=True),
        column("finished", "finished_at", wide=True, title="FINISHED"),
        column("rollback", wide=True, shrink=2),
        column("reason", wide=True, shrink=3, min_width=16),
        column("name", wide=True),
    ]),
}  # fmt: skip

PARTS: Mapping[type[Any], View] = {
    models.ContainerDefinition: View("containers", [
        name_column(),
        column("image", short=lambda item: short_image(item.image), shrink=2),
        column("essential"),
        column("cpu", lambda item: item.cpu or None, right=True),
        column("memory", lambda item: item.memory or item.memory_reservation, right=True),
        joined_column("ports"),
        joined_column("environment", shrink=1),
        joined_column("secrets", shrink=1),
        column("command", _command, shrink=2),
        column("log-driver"),
    ]),
}  # fmt: skip
"""The tables inside a description, by the model of their rows."""
