"""ECS behind the protocol: the parts that fill its roles."""

from __future__ import annotations

from functools import cached_property

from dashborion.config.targets import EcsTarget, Environment
from dashborion.errors import UsageError
from dashborion.models.environment import Check, Right, Verb
from dashborion.models.query import Query
from dashborion.orchestrators import protocol
from dashborion.orchestrators.aws.sessions import Sessions
from dashborion.orchestrators.ecs.client import Client
from dashborion.orchestrators.ecs.inventory import Inventory
from dashborion.orchestrators.ecs.normalise import ClusterScope
from dashborion.orchestrators.forwarding import Forward as ForwardRole
from dashborion.orchestrators.runtime import Runtime


class EcsOrchestrator:
    """One ECS cluster, as ``Orchestrator``; parts are imported when a command uses them."""

    kubernetes = None

    def __init__(self, client: Client) -> None:
        self.environment = client.scope.environment
        self.inventory = Inventory(client)
        self._client = client

    @classmethod
    def connect(
        cls, environment: Environment, runtime: Runtime, sessions: Sessions
    ) -> EcsOrchestrator:
        """Find the session; nothing is sent yet."""
        target = environment.target
        if not isinstance(target, EcsTarget):
            raise UsageError(f"not an ECS target: {type(target).__name__}")
        aws = sessions.connect(target, runtime)
        cluster = target.cluster.rsplit("/", 1)[-1]
        scope = ClusterScope(environment, cluster, target.namespace_tag)
        return cls(Client(aws, scope))

    @cached_property
    def causes(self) -> protocol.Causes:
        from dashborion.orchestrators.ecs.diagnose import Causes

        return Causes(self._client)

    @cached_property
    def definitions(self) -> protocol.Definitions:
        from dashborion.orchestrators.ecs.definitions import Definitions

        return Definitions(self._client)

    @cached_property
    def changes(self) -> protocol.Changes:
        from dashborion.orchestrators.ecs.changes import Changes

        return Changes(self._client)

    @cached_property
    def logs(self) -> protocol.Logs:
        from dashborion.orchestrators.ecs.logs import Logs

        return Logs(self._client)

    @cached_property
    def events(self) -> protocol.Events:
        from dashborion.orchestrators.ecs.event_feed import Events

        return Events(self._client)

    @cached_property
    def timeline(self) -> protocol.Timeline:
        from dashborion.orchestrators.ecs.lookback import Timeline

        return Timeline(self._client)

    @cached_property
    def exec(self) -> protocol.Exec:
        from dashborion.orchestrators.ecs.exec import Exec

        return Exec(self._client)

    @cached_property
    def usage(self) -> protocol.Usage:
        from dashborion.orchestrators.ecs.metrics import Usage

        return Usage(self._client)

    @cached_property
    def forward(self) -> ForwardRole:
        from dashborion.orchestrators.ecs.forward import Forward

        return Forward(self._client)

    @cached_property
    def ecs(self) -> protocol.EcsNative:
        from dashborion.orchestrators.ecs.native import EcsNative

        return EcsNative(self._client)

    def watched(self, interval: float) -> protocol.Watched:
        from msgspec.structs import replace

        from dashborion.orchestrators.ecs.watched import Answers, Watched

        answers = Answers()
        client = replace(self._client, aws=answers.of(self._client.aws))
        return Watched(EcsOrchestrator(client), client, answers, interval)

    def check(self) -> Check:
        from dashborion.orchestrators.ecs.check import check

        return check(self._client)

    def rights(self, verb: Verb, query: Query) -> list[Right]:  # noqa: ARG002 - a cluster's
        from dashborion.orchestrators.ecs.check import rights

        return rights(self._client, verb)
