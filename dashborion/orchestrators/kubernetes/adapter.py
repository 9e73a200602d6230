"""Kubernetes behind the protocol: the parts that fill its roles."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from dashborion.config.targets import Environment
from dashborion.models.environment import Check, Right, Verb
from dashborion.models.query import Query
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.inventory import Inventory

if TYPE_CHECKING:
    from dashborion.orchestrators.kubernetes.changes import Changes
    from dashborion.orchestrators.kubernetes.definitions import Definitions
    from dashborion.orchestrators.kubernetes.diagnose import Causes
    from dashborion.orchestrators.kubernetes.event_feed import Events
    from dashborion.orchestrators.kubernetes.exec import Exec
    from dashborion.orchestrators.kubernetes.forward import Forward
    from dashborion.orchestrators.kubernetes.logs import Logs
    from dashborion.orchestrators.kubernetes.lookback import Timeline
    from dashborion.orchestrators.kubernetes.metrics import Usage
    from dashborion.orchestrators.kubernetes.native import KubernetesNative
    from dashborion.orchestrators.kubernetes.watched import Watched


class KubernetesOrchestrator:
    """One Kubernetes cluster, as ``Orchestrator``; parts are imported when a command uses them."""

    ecs = None

    def __init__(self, environment: Environment, client: Client) -> None:
        self._client = client
        self.environment = environment
        self.inventory = Inventory(client, environment)

    @cached_property
    def causes(self) -> Causes:
        from dashborion.orchestrators.kubernetes.diagnose import Causes

        return Causes(self._client, self.environment)

    @cached_property
    def definitions(self) -> Definitions:
        from dashborion.orchestrators.kubernetes.definitions import Definitions

        return Definitions(self._client, self.environment)

    @cached_property
    def changes(self) -> Changes:
        from dashborion.orchestrators.kubernetes.changes import Changes

        return Changes(self._client, self.environment)

    @cached_property
    def logs(self) -> Logs:
        from dashborion.orchestrators.kubernetes.logs import Logs

        return Logs(self._client, self.environment)

    @cached_property
    def events(self) -> Events:
        from dashborion.orchestrators.kubernetes.event_feed import Events

        return Events(self._client, self.environment)

    @cached_property
    def timeline(self) -> Timeline:
        from dashborion.orchestrators.kubernetes.lookback import Timeline

        return Timeline(self._client, self.environment)

    @cached_property
    def exec(self) -> Exec:
        from dashborion.orchestrators.kubernetes.exec import Exec

        return Exec(self._client)

    @cached_property
    def usage(self) -> Usage:
        from dashborion.orchestrators.kubernetes.metrics import Usage

        return Usage(self._client, self.environment)

    @cached_property
    def forward(self) -> Forward:
        from dashborion.orchestrators.kubernetes.forward import Forward

        return Forward(self._client)

    @cached_property
    def kubernetes(self) -> KubernetesNative:
        from dashborion.orchestrators.kubernetes.native import KubernetesNative

        return KubernetesNative(self._client, self.environment)

    def watched(self, interval: float) -> Watched:
        from dashborion.orchestrators.kubernetes.watched import MirroringClient, Watched

        client = MirroringClient(self._client.credentials, self._client.runtime)
        return Watched(KubernetesOrchestrator(self.environment, client), client, interval)

    def check(self) -> Check:
        from dashborion.orchestrators.kubernetes.check import check

        return check(self._client, self.environment)

    def rights(self, verb: Verb, query: Query) -> list[Right]:
        from dashborion.orchestrators.kubernetes.check import rights

        return rights(self._client, self.environment, verb, query)
