"""Why workloads and pods are not well, as ``protocol.Causes``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from dashborion.config.targets import Environment
from dashborion.models.instance import Instance
from dashborion.models.query import Name, Query
from dashborion.models.workload import Workload
from dashborion.orchestrators.kubernetes import describe, find, survey
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.looking import Reads
from dashborion.orchestrators.protocol import Examined


@dataclass(frozen=True)
class Causes:
    """As ``protocol.Causes``."""

    client: Client
    environment: Environment

    def workloads(self, query: Query, since: timedelta) -> list[Examined[Workload]]:
        """All controllers, by the lists of their pods, events and revisions."""
        return survey.workloads(Reads(self.client), query, self.environment, since)

    def workload(self, name: Name, query: Query, since: timedelta) -> Examined[Workload]:
        """One controller, by everything around it."""
        found, nearby = describe.begin(self.client, name, query)
        return describe.examine(Reads(self.client), found.item, nearby, self.environment, since)

    def instance(self, name: Name, query: Query, since: timedelta) -> Examined[Instance]:
        """One pod, by itself, its events and its node."""
        found = find.instance(self.client, name, find.namespace_of(self.client, query, name))
        raise NotImplementedError
