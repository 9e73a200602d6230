"""An instance of a workload that can be used now, for who does not care which."""

from __future__ import annotations

from msgspec.structs import replace

from dashborion.engines.advice import command
from dashborion.engines.fleet import Fleet, InstanceToChange
from dashborion.errors import Refusal
from dashborion.models.instance import InstanceStatus
from dashborion.models.query import Name, Query
from dashborion.orchestrators.protocol import Orchestrator


def ready_instance(fleet: Fleet, typed: str, query: Query) -> InstanceToChange:
    """A ready instance of the one workload of that NAME; raises as ``workload_to_change``.

    Raises:
        Refusal: it has none.
    """
    name = fleet.workload_name(typed)

    def ask(orchestrator: Orchestrator) -> InstanceToChange:
        inventory = orchestrator.inventory
        listed = [found.item for found in inventory.instances(replace(query, workload=name))]
        ready = [one for one in listed if one.ready and one.status is InstanceStatus.RUNNING]
        if not ready:
            label = orchestrator.environment.label
            why = command(["workloads", "why", str(name)], fleet.options, label, query.namespace)
            raise Refusal(f"no instance of {name} is ready", hint=f"see `{why}`")
        first = min(ready, key=lambda one: one.name)
        found = inventory.instance(Name(first.id, namespace=first.namespace), query)
        return InstanceToChange(orchestrator, found)

    return fleet.only(name, ask)
