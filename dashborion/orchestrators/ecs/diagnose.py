"""Why services and tasks are not well, as ``protocol.Causes``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from dashborion.models.instance import Instance
from dashborion.models.query import Name, Query
from dashborion.models.workload import Workload
from dashborion.orchestrators.ecs import describe, find
from dashborion.orchestrators.ecs.client import Client
from dashborion.orchestrators.ecs.looking import Reads
from dashborion.orchestrators.protocol import Examined


@dataclass(frozen=True)
class Causes:
    """As ``protocol.Causes``."""

    client: Client

    def workloads(self, query: Query, since: timedelta) -> list[Examined[Workload]]:
        """All services, by their tasks, which are listed for the whole cluster."""
        raise NotImplementedError

    def workload(self, name: Name, query: Query, since: timedelta) -> Examined[Workload]:
        """One service, by everything around it."""
        service = find.workload(self.client, name, query).item
        return describe.examine(Reads(self.client), service, since)

    def instance(self, name: Name, query: Query, since: timedelta) -> Examined[Instance]:
        """One task, by itself and its service's events that name it."""
        raise NotImplementedError
