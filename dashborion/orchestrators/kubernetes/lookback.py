"""What happened in a cluster, by one list a resource, side by side; see ``timeline`` for the rest.

Templates are listed of those workloads alone that were rolled out meanwhile.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from typing import Any, TypeVar

from msgspec import Struct

from dashborion.config.targets import Environment
from dashborion.models.query import Found, Query
from dashborion.models.timeline import EntryKind
from dashborion.models.workload import Workload
from dashborion.orchestrators.kubernetes import find, happened, history, normalise, timeline, wire
from dashborion.orchestrators.kubernetes import instances as pods
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.listing import ListOptions
from dashborion.orchestrators.protocol import Looked, Past

T = TypeVar("T", bound=wire.Object)

_FEW = 20  # workloads of which templates are listed one by one
_OF_PODS = (EntryKind.INSTANCE, EntryKind.RESTART, EntryKind.NODE)
_HOME_OF_NODES = "default"  # the namespace of events about what has none
_ABOUT_NODES = ListOptions(fields="involvedObject.kind=Node")


@dataclass(frozen=True)
class Timeline:
    """As ``protocol.Timeline``."""

    client: Client
    environment: Environment

    def listed(self, query: Query) -> Lookback:
        """All controllers."""
        client = self.client
        namespace = find.namespace_of(client, query)
        options = ListOptions(query.selector, raw=True)
        found = find.listed(client, query, options)()
        return Lookback(client, self.environment, namespace, found)


class _Lists(Struct, frozen=True):
    """What all workloads have of lists: by namespace, and revisions by their owners' uid."""

    kept: dict[str, list[wire.Object]]
    pods: dict[str, list[wire.Pod]]
    events: dict[str, list[wire.Event]]
    config_maps: dict[str, list[wire.TracedObject]]
    autoscalers: dict[str, list[wire.TracedAutoscaler]]


@dataclass(frozen=True)
class Lookback:
    """As ``protocol.Lookback``."""

    client: Client
    environment: Environment
    namespace: str | None
    found: Sequence[Found[wire.Controller]]

    @cached_property
    def workloads(self) -> list[Found[Workload]]:
        """Those of the controllers, by what these say themselves."""
        return [Found(normalise.workload(one.item, self.environment, [])) for one in self.found]

    def past(self, chosen: Sequence[Workload], looked: Looked) -> Past:
        """Of lists of a namespace or of all; what may not be listed may be missing, and is told.

        Nodes are the exception: who has one namespace seldom may see them.
        """
        client, wanted = self.client, set(map(_key, chosen))
        items = [one for one in self.found if _key(one.item.metadata, one.item) in wanted]
        collect = partial(client.collect, namespace=self.namespace)
        lists: dict[str, Any] = {
            "sets": collect(api.REPLICASETS.metadata),
            "revisions": collect(api.TRACED_REVISIONS),
            "events": collect(api.EVENTS),
        }
        if looked.wants(*_OF_PODS):
            lists["pods"] = collect(api.PODS)
        if looked.wants(EntryKind.CONFIG):
            lists["config_maps"] = collect(api.CONFIG_MAPS)
        if looked.wants(EntryKind.SCALE, EntryKind.CONFIG):
            lists["autoscalers"] = collect(api.TRACED_AUTOSCALERS)
        nodes = of_nodes = None
        if looked.wants(EntryKind.NODE):
            nodes = client.collect(api.NODE_STATUS, None, decoration=True)
            if self.namespace not in (None, _HOME_OF_NODES):
                of_nodes = client.collect(api.EVENTS, _HOME_OF_NODES, _ABOUT_NODES, decoration=True)
        had = {what: client.needed(future) for what, future in lists.items()}
        events: list[wire.Event] = had["events"]
        grouped = _Lists(
            _grouped([*had["sets"], *had["revisions"]], _owner),
            _grouped(had.get("pods", ()), _namespace),
            _grouped(events, _namespace),
            _grouped(had.get("config_maps", ()), _namespace),
            _grouped(had.get("autoscalers", ()), _namespace),
        )
        templates = self._templates(items, grouped, looked.since)
        facts = [self._facts(one, grouped, templates) for one in items]
        entries = [entry for one in facts for entry in timeline.entries(one)]
        known = client.optional(nodes) if nodes is not None else ()
        said = [*events, *(client.optional(of_nodes) if of_nodes is not None else ())]
        on = None
        if len(items) < len(self.found):  # named: only the nodes that these run on
            on = {pod.spec.node_name or "" for one in facts for pod in one.pods}
        entries += timeline.of_nodes(known, said, self._place, on)
        return Past(entries, _reach(events))

    @property
    def _place(self) -> dict[str, Any]:
        return {"project": self.environment.project, "environment": self.environment.name}

    def _templates(
        self, items: Sequence[Found[wire.Controller]], grouped: _Lists, since: datetime
    ) -> dict[str, list[Found[Any]]]:
        """The revisions, whole, of what was rolled out since then, by their owners' uid."""
        controllers = [one.item for one in items]
        moved = [one for one in controllers if _moved(one, grouped.kept[one.metadata.uid], since)]
        if len(moved) > _FEW:
            resources = {history.kept_resource(one) for one in moved}
            whole = ListOptions(raw=True)
            listed = [self.client.collect(one, self.namespace, whole) for one in resources]
        else:
            listed = [
                self.client.collect(
                    history.kept_resource(one),
                    one.metadata.namespace,
                    ListOptions(normalise.selector(one.spec.selector), raw=True),
                )
                for one in moved
            ]
        found, failures = self.client.gathered(listed)
        for failure in failures:
            self.client.runtime.incomplete(failure)
        unique = {one.item.metadata.uid: one for one in found}.values()
        return _grouped(unique, lambda one: _owner(one.item))

    def _facts(
        self,
        found: Found[wire.Controller],
        grouped: _Lists,
        templates: dict[str, list[Found[Any]]],
    ) -> happened.WorkloadPast:
        item, meta = found.item, found.item.metadata
        kept = grouped.kept[meta.uid]
        parents = {one.metadata.uid: one.metadata for one in kept}
        beginnings = timeline.owner_names(item, kept)
        own = [
            pod
            for pod in grouped.pods[meta.namespace]
            if (owner := pods.owner(pod, parents)) and owner.is_of(meta)
        ]
        uids = {meta.uid, *parents, *(pod.metadata.uid for pod in own)}
        scaling = normalise.autoscalers_of(item, grouped.autoscalers[meta.namespace])
        scalers = {one.metadata.name for one in scaling}

        def is_about(event: wire.Event) -> bool:
            about = event.involved_object
            return (
                about.uid in uids
                or (about.kind == "Pod" and timeline.is_of(about.name or "", beginnings))
                or (about.kind == "HorizontalPodAutoscaler" and about.name in scalers)
            )

        names = timeline.config_maps_of(history.current_template(found))
        return happened.WorkloadPast(
            plain=normalise.workload(item, self.environment, []),
            item=item,
            kept=templates[meta.uid],
            pods=own,
            events=[one for one in grouped.events[meta.namespace] if is_about(one)],
            autoscalers=scaling,
            config_maps=[
                one for one in grouped.config_maps[meta.namespace] if one.metadata.name in names
            ],
        )


def _moved(item: wire.Controller, kept: Iterable[wire.Object], since: datetime) -> bool:
    """Whether a revision was made or gone back to since then."""
    times = [one.metadata.creation_timestamp for one in kept]
    times += [one.time for one in item.metadata.managed_fields or () if one.has_template]
    for one in kept:
        times += [each.time for each in getattr(one.metadata, "managed_fields", None) or ()]
    return any(time is not None and time >= since for time in times)


def _reach(events: Sequence[wire.Event]) -> str:
    """How far back a cluster can see: its events are the shortest memory."""
    oldest = min(filter(None, map(happened.first, events)), default=None)
    told = f"events since {oldest:%Y-%m-%dT%H:%M:%SZ}" if oldest else "no events"
    return f"{told}, revisions that are kept, last changes of ConfigMaps; not of Secrets"


def _key(item: Any, controller: wire.Controller | None = None) -> tuple[str, str, str]:
    type_ = normalise.type_of(controller) if controller is not None else item.type
    return (item.namespace, item.name, str(type_))


def _owner(item: wire.Object) -> str:
    owner = pods.controller(item.metadata)
    return owner.uid if owner else ""


def _namespace(item: wire.Object) -> str:
    return item.metadata.namespace


def _grouped(items: Iterable[Any], key: Any) -> dict[str, list[Any]]:
    groups: defaultdict[str, list[Any]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return groups
