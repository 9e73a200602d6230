"""What the API's objects and events tell of a workload's past, and of nodes. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from dashborion.models.cause import Severity
from dashborion.models.timeline import Actor, Entry, EntryKind, Source
from dashborion.orchestrators.kubernetes import turnover, wire
from dashborion.orchestrators.kubernetes.happened import (
    MANAGED,
    WorkloadPast,
    count,
    first,
    later,
    told,
)

_POD = re.compile(r"(?:[Cc]reated?|[Dd]eleted?) [Pp]od:? (\S+)")
_INFO, _WARNING, _ERROR = Severity.INFO, Severity.WARNING, Severity.ERROR
# What may be said of a pod, beside that it came and went.
_OF_PODS: Mapping[str, tuple[EntryKind, Severity]] = {
    "Evicted": (EntryKind.INSTANCE, _ERROR),
    "Preempted": (EntryKind.INSTANCE, _WARNING),
    "TaintManagerEviction": (EntryKind.INSTANCE, _WARNING),
    "NodeNotReady": (EntryKind.NODE, _WARNING),
}
_OF_NODES = frozenset({
    "Rebooted", "OOMKilling", "SystemOOM", "EvictionThresholdMet", "FreeDiskSpaceFailed",
    "KernelOops", "TaskHung", "FilesystemIsReadOnly", "ContainerdUnhealthy", "KubeletUnhealthy",
})  # fmt: skip
_REFERENCES = ("configMap", "configMapRef", "configMapKeyRef")


def entries(facts: WorkloadPast) -> list[Entry]:
    """All that is known of a workload, its rollouts in their order."""
    return [
        *turnover.entries(facts),
        *_instances(facts),
        *_restarts(facts),
        *_configuration(facts),
    ]


# --- Instances ------------------------------------------------------------------------------------


def _instances(facts: WorkloadPast) -> Iterator[Entry]:
    """Pods that came and went, each once, and what else is said of them."""
    of_pod = partial(_of_pod, facts)
    here = {pod.metadata.name: pod for pod in facts.pods}
    for pod in facts.pods:
        yield of_pod(pod.metadata.name, pod.metadata.creation_timestamp, "created", api="pods")
    went: dict[str, tuple[datetime, str]] = {}
    for event in facts.events:
        at, about = first(event), _POD.search(event.message or "")
        if event.involved_object.kind == "Pod":
            yield from _said_of_pod(facts, event, here.get(event.involved_object.name or ""))
        elif event.reason == "SuccessfulCreate" and about and about[1] not in here:
            yield of_pod(about[1], at, "created")
        elif event.reason == "SuccessfulDelete" and about and at is not None:
            went[about[1]] = (at, "deleted by its controller")
    for name, at in _leaving(facts, here):
        went.setdefault(name, (at, "deleted"))
    for name, (at, summary) in went.items():
        yield of_pod(name, at, summary)


def _leaving(facts: WorkloadPast, here: Mapping[str, wire.Pod]) -> Iterator[tuple[str, datetime]]:
    """Pods that were deleted, by whomever: kubelets say that they stop their containers."""
    for event in facts.events:
        name, at = event.involved_object.name or "", first(event)
        is_killed = event.reason == "Killing" and event.involved_object.kind == "Pod"
        if is_killed and at is not None and not _is_staying(here.get(name)):
            yield name, at
    for pod in facts.pods:
        meta = pod.metadata
        if meta.deletion_timestamp is not None:  # which has the grace period in it
            yield meta.name, meta.deletion_timestamp - timedelta(seconds=meta.grace_seconds)


def _said_of_pod(facts: WorkloadPast, event: wire.Event, pod: wire.Pod | None) -> Iterator[Entry]:
    """That it was evicted, or that one of its containers is restarted."""
    message = (event.message or "").strip()
    kind, severity, text = EntryKind.RESTART, _WARNING, message
    if (of_pods := _OF_PODS.get(event.reason or "")) is not None:
        kind, severity = of_pods
        text = f"{event.reason}: {message}"
    elif event.reason != "Killing" or not _is_staying(pod):
        return
    name = event.involved_object.name or ""
    yield _of_pod(
        facts, name, first(event), text, kind=kind, severity=severity,
        count=count(event), last_seen=later(event),
    )  # fmt: skip


def _is_staying(pod: wire.Pod | None) -> bool:
    return pod is not None and pod.metadata.deletion_timestamp is None


def _of_pod(
    facts: WorkloadPast, name: str, at: datetime | None, summary: str, **more: Any
) -> Entry:
    kind = more.pop("kind", EntryKind.INSTANCE)
    return told(facts, kind, at, summary, instance=name, object=f"pod/{name}", **more)


def _restarts(facts: WorkloadPast) -> Iterator[Entry]:
    """How containers ended, as far as they still say it: the last time, and now."""
    for pod in facts.pods:
        status = pod.status
        known = [*(status.init_container_statuses or ()), *(status.container_statuses or ())]
        for one in known:
            for state in (one.last_state, one.state):
                ended = state.terminated
                if ended is None or ended.finished_at is None:
                    continue
                is_last = state is one.last_state
                if not is_last and (ended.exit_code == 0 or pod.metadata.deletion_timestamp):
                    continue
                number = one.restart_count
                yield _of_pod(
                    facts,
                    pod.metadata.name,
                    ended.finished_at,
                    _of_container(one.name, facts) + _end(ended),
                    kind=EntryKind.RESTART,
                    severity=_ERROR if ended.exit_code else _WARNING,
                    before=str(number - 1) if is_last and number else None,
                    after=str(number) if is_last and number else None,
                    api="pods",
                )


def _of_container(name: str, facts: WorkloadPast) -> str:
    """Which one it was, unless it has the workload's name."""
    return "" if name == facts.plain.name else f"{name} "


def _end(ended: wire.Terminated) -> str:
    if ended.reason == "OOMKilled":
        return "ran out of memory (OOMKilled)"
    word = f" ({ended.reason})" if ended.reason not in (None, "Error", "Completed") else ""
    by = f"was ended by signal {ended.signal}" if ended.signal else f"exited with {ended.exit_code}"
    return by + word


# --- Configuration and nodes ----------------------------------------------------------------------


def config_maps_of(template: Any) -> set[str]:
    """The names of the ConfigMaps that a pod template refers to, wherever it does."""
    if isinstance(template, list):
        return {name for one in template for name in config_maps_of(one)}
    if not isinstance(template, dict):
        return set()
    own = {
        str(template[key].get("name"))
        for key in _REFERENCES
        if isinstance(template.get(key), dict) and template[key].get("name")
    }
    return own | {name for one in template.values() for name in config_maps_of(one)}


def _configuration(facts: WorkloadPast) -> Iterator[Entry]:
    """The last change of each manager of the ConfigMaps that it refers to, and its autoscalers."""
    found = [("configmap", one.metadata) for one in facts.config_maps]
    found += [("horizontalpodautoscaler", one.metadata) for one in facts.autoscalers]
    for kind, meta in found:
        name = f"{kind}/{meta.name}"
        for write in meta.managed_fields or ():
            if kind != "configmap" and write.spec is None:
                continue  # what a controller wrote of its status
            is_first = write.time == meta.creation_timestamp
            verb = "created" if is_first else "last changed"
            yield told(
                facts,
                EntryKind.CONFIG,
                write.time,
                f"{name} {verb}",
                actor=Actor(name=write.manager, via=MANAGED) if write.manager else None,
                api=MANAGED,
                object=name,
            )


def of_nodes(
    nodes: Iterable[wire.Node],
    events: Iterable[wire.Event],
    place: Mapping[str, Any],
    on: set[str] | None,
) -> Iterator[Entry]:
    """When nodes turned, and what they and their kubelets say, of those ``on`` which pods run.

    ``place`` is the environment.
    """

    def entry(name: str, at: datetime | None, text: str, severity: Severity, **more: Any) -> Entry:
        source = Source(api=more.pop("api", "events"), object=f"node/{name}")
        return Entry(
            timestamp=at, **place, namespace=None, workload=None, kind=EntryKind.NODE,
            severity=severity, summary=f"node {name}: {text}", source=source, **more,
        )  # fmt: skip

    for node in nodes:
        if on is not None and node.metadata.name not in on:
            continue
        made = node.metadata.creation_timestamp
        for one in node.status.conditions or ():
            is_well = (one.type == "Ready") == (one.status == "True")
            turned = one.last_transition_time
            is_new = made is not None and turned is not None and turned - made < _BEGINNING
            if turned is None or (is_well and (one.type != "Ready" or is_new)):
                continue
            word = one.type if one.status == "True" else f"{one.type} is {one.status}"
            text = f"{word}: {one.message}" if one.message and not is_well else word
            severity = _INFO if is_well else _ERROR
            yield entry(node.metadata.name, turned, text, severity, api="conditions")
    for event in events:
        about = event.involved_object
        is_meant = about.kind == "Node" and (on is None or about.name in on)
        if is_meant and event.reason in _OF_NODES:
            yield entry(
                event.involved_object.name or "",
                first(event),
                f"{event.reason}: {(event.message or '').strip()}",
                _ERROR,
                count=count(event),
                last_seen=later(event),
            )


_BEGINNING = timedelta(minutes=2)


def owner_names(item: wire.Controller, kept: Iterable[wire.Object]) -> set[str]:
    """What the names of a workload's pods begin with, before the last hyphen."""
    if isinstance(item, wire.Deployment):
        return {one.metadata.name for one in kept}
    return {item.metadata.name}


def is_of(pod: str, beginnings: Iterable[str]) -> bool:
    """Whether a pod, which may be gone, has a name as those of a workload."""
    return pod.rpartition("-")[0] in beginnings
