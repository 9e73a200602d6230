"""Why workloads and pods are not well, as ``protocol.Causes``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from dashborion.config.targets import Environment
from dashborion.models.instance import Instance
from dashborion.models.query import Name, Query
from dashborion.models.workload import Workload
from dashborion.orchestrators import findings
from dashborion.orchestrators.kubernetes import describe, facts, find, instances, jobs, looking
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.inventory import Inventory
from dashborion.orchestrators.kubernetes.listing import ListOptions
from dashborion.orchestrators.kubernetes.looking import Reads
from dashborion.orchestrators.kubernetes.native_wire import JOBS
from dashborion.orchestrators.protocol import Examined, Overview


@dataclass(frozen=True)
class Causes:
    """As ``protocol.Causes``."""

    client: Client
    environment: Environment

    def overview(self, query: Query) -> Overview:
        """All controllers, and the Jobs that have failed."""
        client, reads = self.client, Reads(self.client)
        listing = client.collect(
            JOBS, find.namespace_of(client, query), ListOptions(query.selector),
            decoration=True,
        )  # fmt: skip
        workloads = Inventory(client, self.environment).workloads(query)
        known = reads.items("jobs", listing) or ()
        failed = jobs.failed(known, self.environment, client.runtime.now())
        return Overview(workloads, failed, reads.not_checked)

    def workload(self, name: Name, query: Query, since: timedelta) -> Examined[Workload]:
        """One controller, by everything around it."""
        found, nearby = describe.begin(self.client, name, query)
        return describe.examine(Reads(self.client), found.item, nearby, self.environment, since)

    def instance(self, name: Name, query: Query, since: timedelta) -> Examined[Instance]:
        """One pod by itself, with its events and what these ask for."""
        client, reads = self.client, Reads(self.client)
        pod = find.instance(client, name, find.namespace_of(client, query, name)).item
        about = ListOptions(fields=f"involvedObject.uid={pod.metadata.uid}")
        listed = client.collect(api.EVENTS, pod.metadata.namespace, about, decoration=True)
        replicaset = client.attempt(describe.replicaset_of(client, pod))
        owner = describe.owner_of(pod, replicaset)
        item = instances.instance(pod, owner, self.environment)
        reads.checked.append("instances")
        events = facts.ordered(reads.items("events", listed) or ())
        of_pod = facts.of_pod(pod, item, events, None)
        gathered = facts.Facts(now=client.runtime.now(), pods=[of_pod])
        told = looking.found(reads, gathered)
        causes = findings.causes(told, now=gathered.now, since=since)
        last_lines = looking.last_lines_of(client, gathered.pods)
        return findings.examined(item, told, reads, last_lines, causes=causes, now=gathered.now)
