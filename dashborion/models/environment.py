"""Environments: those that are configured, checked and discovered."""

from __future__ import annotations

from dashborion.models.base import Model


class Permission(Model, frozen=True, kw_only=True):
    """Whether the credentials may do one thing; None when the API would not say."""

    action: str
    allowed: bool | None


class Check(Model, frozen=True, kw_only=True):
    """Whether an environment can be reached, as whom, and how long that took in seconds."""

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
    """An environment as ``env list`` and ``env show`` have it.

    ``name`` is what ``-e`` takes, ``target`` the cluster or context, ``source`` the
    file that says so, None without one.
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
    """A cluster as ``env discover`` proposes it: the environment that it would be.

    ``configured`` when the config file has its target already, under that ``name``.
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
