"""Configured, checked and discovered environments."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from dashborion.models.base import Model


class Permission(Model, frozen=True, kw_only=True):
    """Whether the credentials allow an action; null if that cannot be tested."""

    action: str
    allowed: bool | None


class Verb(StrEnum):
    """A command whose rights can be asked for; ``exec`` and ``port-forward`` are of instances."""

    WHY = "why"
    LOGS = "logs"
    EXEC = "exec"
    PORT_FORWARD = "port-forward"
    RUN = "run"
    SCALE = "scale"
    RESTART = "restart"
    DEPLOY = "deploy"
    ROLLBACK = "rollback"
    STOP = "stop"
    START = "start"
    CONTINUE = "continue"
    ABORT = "abort"
    PAUSE = "pause"
    RESUME = "resume"


class Right(Model, frozen=True, kw_only=True):
    """Whether the credentials have a right that a command needs.

    ``permission`` is an action of IAM, or a verb of Kubernetes and the resource with its API
    group: ``patch deployments.apps/scale``. ``allowed`` is null where that cannot be told, and
    ``message`` says why. Without it ``part`` is missing; where that is null, the command fails.
    ``namespace`` is null for all, on ECS, and for what has none.
    """

    project: str | None
    environment: str
    namespace: str | None
    orchestrator: str
    command: str
    permission: str
    allowed: bool | None
    part: str | None
    message: str | None


class Told(Model, frozen=True, kw_only=True):
    """An error as JSON has it everywhere."""

    code: str
    message: str
    hint: str | None
    environment: str | None


class WatchState(Model, frozen=True, kw_only=True):
    """What became of an environment that is watched, between the lines of its rows.

    ``synced`` when all rows that it has were told, ``failed`` when it is lost: its rows then are
    not known, until it is ``synced`` again. Rows have ``change``, too, and all that lists have.
    """

    change: Literal["synced", "failed"]
    project: str | None
    environment: str
    error: Told | None


class Check(Model, frozen=True, kw_only=True):
    """The result of connecting to an environment; ``seconds`` is how long it took."""

    project: str | None
    environment: str
    orchestrator: str
    endpoint: str | None
    reachable: bool
    identity: str | None
    version: str | None
    seconds: float
    permissions: list[Permission]
    error: str | None


class EnvironmentInfo(Model, frozen=True, kw_only=True):
    """A configured environment.

    ``name`` is what ``-e`` takes, ``target`` the cluster or context, ``source`` the
    config file, null without one. ``current`` if commands without ``-e`` use it.
    """

    name: str
    project: str | None
    environment: str
    current: bool
    orchestrator: str
    target: str
    namespace: str | None
    region: str | None
    profile: str | None
    protected: bool
    read_only: bool
    source: str | None


class Discovered(Model, frozen=True, kw_only=True):
    """A discovered cluster, with the environment that is proposed for it.

    ``configured`` if the config file already has an environment ``name`` for it.
    """

    name: str
    project: str | None
    environment: str
    orchestrator: str
    target: str
    region: str | None
    profile: str | None
    protected: bool
    configured: bool
