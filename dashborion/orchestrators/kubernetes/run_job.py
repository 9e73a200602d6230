"""The Job that runs a command once, from a pod template; what its pod tells of the end. Pure.

The pod has all that the workload's pods have but what makes them part of the workload: the labels
by which controllers and Services find them, ports, probes, a place beside or away from others.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from dashborion.errors import UsageError, listing
from dashborion.orchestrators.kubernetes import (
    instances,
    nearby_wire,
    network_wire,
    normalise,
    quantity,
    runs,
    wire,
)
from dashborion.orchestrators.kubernetes.history import inside
from dashborion.orchestrators.kubernetes.rollout import condition
from dashborion.orchestrators.run import (
    DEADLINE_GRACE,
    LABEL,
    REASON,
    RunSeen,
    RunWish,
    chosen_container,
)

KEPT_SECONDS = 3600  # that a finished Job stays which no client has deleted
_LONGEST_LABEL = 63
_LONGEST_STEM = 47  # of a Job's name: its pods' names, and a label, have 63 characters
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_RESTARTS = ("restartPolicy", "restartPolicyRules")  # of a single container: since 1.34
_OF_A_MEMBER = ("topologySpreadConstraints", "readinessGates", "hostname", "subdomain")
_NEVER_STARTS = {
    "ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName",
    "ImageInspectError", "RegistryUnavailable", "CreateContainerConfigError",
    "CreateContainerError",
}  # fmt: skip
_NOT_BEGUN = {"StartError", "ContainerCannotRun"}  # of a program that is not there, for example
_KILLED = {137, 143}  # SIGKILL and SIGTERM, with which the kubelet ends a pod


@dataclass(frozen=True)
class Nearby:
    """What selects pods in the namespace; None could not be listed."""

    services: Sequence[network_wire.Service] | None = ()
    budgets: Sequence[nearby_wire.Budget] | None = ()
    policies: Sequence[nearby_wire.NetworkPolicy] | None = ()


@dataclass(frozen=True)
class Built:
    """A Job as it is sent, and what to say of it."""

    job: dict[str, Any]
    container: str
    image: str
    service_account: str
    before: tuple[str, ...]
    beside: tuple[str, ...]
    notes: tuple[str, ...]


def build(
    item: wire.Controller, template: Mapping[str, Any], nearby: Nearby, wish: RunWish, suffix: str
) -> Built:
    """The Job for a command; ``suffix`` makes its name its own.

    Raises:
        NotFound: no container of a name that was given.
        UsageError: an amount that is none.
    """
    _require_quantities(wish)
    name, labels = item.metadata.name, inside(template, "metadata", "labels")
    annotations = dict(inside(template, "metadata", "annotations"))
    spec = copy.deepcopy(inside(template, "spec"))
    given = {str(one["name"]): one for one in spec.get("containers") or ()}
    default = annotations.get(instances.DEFAULT_CONTAINER)
    candidates = [default, *given] if default in given else list(given)
    container = chosen_container(wish.container, candidates, list(given), owner=name)
    for beside in wish.beside:
        chosen_container(beside, [], list(given), owner=name)
    kept = [one for key, one in given.items() if key == container or key in wish.beside]
    first = spec.get("initContainers") or []
    lost = _prepare(spec, kept, first, item)
    _command(given[container], wish)
    own_labels, notes = _labels(item, labels, nearby)
    others = [key for key, one in given.items() if one not in kept]
    annotations.pop("kubectl.kubernetes.io/restartedAt", None)
    metadata = {
        "labels": own_labels,
        "annotations": {**annotations, instances.DEFAULT_CONTAINER: container},
    }
    sidecars = {str(one["name"]) for one in first if one.get("restartPolicy") == "Always"}
    return Built(
        job=_job(name, suffix, wish, {"metadata": metadata, "spec": spec}),
        container=container,
        image=str(given[container].get("image", "")),
        service_account=str(spec.get("serviceAccountName") or "default"),
        before=tuple(str(one["name"]) for one in first if one["name"] not in sidecars),
        beside=(*sorted(sidecars), *(str(one["name"]) for one in kept if one["name"] != container)),
        notes=(*notes, *_lacks(others, lost, _claims(spec))),
    )


def _job(workload: str, suffix: str, wish: RunWish, template: dict[str, Any]) -> dict[str, Any]:
    """The Job itself; it and its pod are labelled with the workload."""
    labels = {LABEL: label_of(workload)}
    template["metadata"]["labels"] |= labels
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": f"{_stem(workload)}-run-{suffix}",
            "labels": labels,
            "annotations": {REASON: wish.reason} if wish.reason else {},
        },
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": round(wish.timeout_seconds) + DEADLINE_GRACE,
            "ttlSecondsAfterFinished": KEPT_SECONDS,
            "template": template,
        },
    }


def _lacks(others: Sequence[str], lost: Sequence[str], claims: Sequence[str]) -> Iterator[str]:
    """What to say of containers and volumes that the pod lacks, or may have to wait for."""
    if others:
        yield f"without the containers {listing(others)}: --with adds one"
    if lost:
        yield f"without the set's own volumes, which belong to its pods: {listing(lost)}"
    if claims:
        yield f"it waits if these volumes can be mounted on one node only: {listing(claims)}"


def _prepare(
    spec: dict[str, Any],
    kept: list[dict[str, Any]],
    first: Sequence[dict[str, Any]],
    item: wire.Controller,
) -> list[str]:
    """Take out of a pod's spec what makes it one of many; gives the volumes that it lacks."""
    templates = getattr(item.spec, "volume_claim_templates", None) or ()
    missing = {one.metadata.name for one in templates}
    spec["containers"], spec["restartPolicy"] = kept, "Never"
    for key in _OF_A_MEMBER:
        spec.pop(key, None)
    affinity = inside(spec, "affinity", "nodeAffinity")
    spec.pop("affinity", None)
    if affinity:
        spec["affinity"] = {"nodeAffinity": affinity}
    for one in kept:
        for key in (*_PROBES, *_RESTARTS):
            one.pop(key, None)
    for one in first:
        for key in _PROBES[:2]:  # the startup probe of a sidecar says when the command may begin
            one.pop(key, None)
    lost = set()
    for one in (*kept, *first):
        # Nobody connects to it; a host's port, which is also that of any port in the host's
        # network, would keep it off the nodes that the workload is on.
        one.pop("ports", None)
        mounts = one.get("volumeMounts") or []
        lost |= {str(mount["name"]) for mount in mounts if mount["name"] in missing}
        if mounts:
            one["volumeMounts"] = [mount for mount in mounts if mount["name"] not in missing]
    return sorted(lost)


def _literal(text: str) -> str:
    """What the kubelet makes ``text`` of: it takes ``$(NAME)`` for a variable, ``$$`` for ``$``."""
    return text.replace("$", "$$")


def _command(container: dict[str, Any], wish: RunWish) -> None:
    words = list(map(_literal, wish.command))
    if wish.entry_point:
        container["command"] = words
        container.pop("args", None)
    elif wish.command:
        container["args"] = words
    if wish.image:
        container["image"] = wish.image
    if wish.variables:
        others = [one for one in container.get("env") or () if one["name"] not in wish.variables]
        added = [{"name": key, "value": _literal(value)} for key, value in wish.variables.items()]
        container["env"] = [*others, *added]
    resources = container.setdefault("resources", {})
    for name, amount in (("cpu", wish.cpu), ("memory", wish.memory)):
        if amount:
            resources["requests"] = {**(resources.get("requests") or {}), name: amount}
            if name in (resources.get("limits") or {}):
                resources["limits"] = {**resources["limits"], name: amount}
    if wish.stdin:
        container |= {"stdin": True, "stdinOnce": True, "tty": wish.terminal}


def _labels(
    item: wire.Controller, labels: Mapping[str, str], nearby: Nearby
) -> tuple[dict[str, str], list[str]]:
    """The template's labels without those that would make the pod part of something, and notes.

    None at all would cut it off from its NetworkPolicies and from identities that webhooks give.
    """
    if nearby.services is None:
        note = "it has none of the workload's labels: which of them Services select is not known"
        return {}, [note]
    dropped = _keys(item.spec.selector)
    for service in nearby.services:
        selector = service.spec.selector or {}
        if selector.items() <= labels.items():
            dropped |= set(selector)
    for budget in nearby.budgets or ():
        selecting = budget.spec.selector
        if selecting is not None and normalise.selects(selecting, labels):
            dropped |= _keys(selecting)
    kept = {key: value for key, value in labels.items() if key not in dropped}
    notes = [
        f"NetworkPolicy {one.metadata.name} is not about it, other than about the workload: it "
        f"selects by {', '.join(sorted(_keys(one.spec.pod_selector) & dropped))}"
        for one in nearby.policies or ()
        if normalise.selects(one.spec.pod_selector, labels)
        and not normalise.selects(one.spec.pod_selector, kept)
    ]
    return kept, notes


def _keys(selector: wire.LabelSelector) -> set[str]:
    expressions = selector.match_expressions or ()
    return {*(selector.match_labels or ()), *(one.key for one in expressions)}


def _claims(spec: Mapping[str, Any]) -> list[str]:
    volumes: Iterable[Any] = spec.get("volumes") or ()
    return [
        str(inside(one, "persistentVolumeClaim").get("claimName"))
        for one in volumes
        if inside(one, "persistentVolumeClaim")
    ]


def label_of(workload: str) -> str:
    """What a Job's label says of the workload: its name, as far as a label can hold it."""
    return workload[:_LONGEST_LABEL].rstrip("-.")


def _stem(name: str) -> str:
    return re.sub(r"[^a-z0-9-]", "-", name)[:_LONGEST_STEM].strip("-") or "run"


def _require_quantities(wish: RunWish) -> None:
    """Raise a ``UsageError`` for an amount that the API would not take."""
    amounts = (("--cpu", wish.cpu, "500m or 2"), ("--memory", wish.memory, "512Mi or 2Gi"))
    for option, value, example in amounts:
        if value is not None and quantity.parse(value) is None:
            raise UsageError(f"{option}: '{value}' is not an amount", hint=f"use {example}")


# --- What its pod tells ---------------------------------------------------------------------------


def seen(pod: wire.Pod, container: str, before: RunSeen, grace: int = 0) -> RunSeen:
    """How far the command is in its pod; ``before`` is what was seen last.

    ``grace`` is how many seconds a pod that is being deleted was given.
    """
    name, status = pod.metadata.name, runs.container_statuses(pod).get(container)
    state = status.state if status else wire.ContainerState()
    ended = state.terminated
    started = before.started or state.running is not None
    interrupted = _interrupted(pod)
    if ended is not None:
        if ended.reason in _NOT_BEGUN:
            told = in_words(ended.reason, ended.message)
            return RunSeen(instance=name, is_over=True, why=told)
        if not (interrupted and _was_asked(pod, ended, grace)):
            is_odd = ended.reason not in (None, "Completed", "Error")
            return RunSeen(
                instance=name,
                started=True,
                is_over=True,
                exit_code=ended.exit_code,
                why=in_words(ended.reason, ended.message) if is_odd else None,
            )
        started = True
    if instances.is_finished(pod) or (ended and interrupted):
        told = interrupted or _first_failure(pod) or instances.state_word(pod)
        return RunSeen(instance=name, started=started, is_over=True, why=told)
    if started or state.running is not None:
        return RunSeen(instance=name, started=True)
    return _waiting(pod, status)


def _waiting(pod: wire.Pod, status: wire.ContainerStatus | None) -> RunSeen:
    waiting = status.state.waiting if status else None
    initial = pod.status.init_container_statuses or ()
    stuck = [one.state.waiting for one in initial if one.state.waiting]
    for one in filter(None, (waiting, *stuck)):
        if one.reason in _NEVER_STARTS:
            told = in_words(one.reason, one.message)
            return RunSeen(instance=pod.metadata.name, waits_for=told, hopeless=True)
    placed = condition(pod.status.conditions, "PodScheduled")
    if placed is not None and placed.status == "False":
        told = in_words(placed.reason, placed.message)
        return RunSeen(instance=pod.metadata.name, waits_for=told)
    return RunSeen(instance=pod.metadata.name, waits_for=instances.state_word(pod))


def in_words(reason: str | None, message: str | None) -> str:
    """Both, as far as the API has them."""
    return ": ".join(filter(None, (reason, message)))


def _interrupted(pod: wire.Pod) -> str | None:
    """Who ended the pod, where that was not its command: an eviction, a node, somebody."""
    disrupted = condition(pod.status.conditions, "DisruptionTarget")  # since 1.25
    if pod.status.reason:
        return in_words(pod.status.reason, pod.status.message)
    if disrupted is not None and disrupted.status == "True":
        return in_words(disrupted.reason, disrupted.message)
    return "its pod was deleted" if pod.metadata.deletion_timestamp is not None else None


def _was_asked(pod: wire.Pod, ended: wire.Terminated, grace: int) -> bool:
    """Whether a command was told to end before it did, with whatever exit code it then had."""
    if ended.exit_code in _KILLED or ended.reason == "ContainerStatusUnknown":
        return True
    disrupted = condition(pod.status.conditions, "DisruptionTarget")
    deleted = pod.metadata.deletion_timestamp  # which lies ahead by the grace period
    asked = [
        disrupted.last_transition_time if disrupted else None,
        deleted - timedelta(seconds=grace) if deleted else None,
    ]
    first = min(filter(None, asked), default=None)
    return first is not None and ended.finished_at is not None and ended.finished_at >= first


def _first_failure(pod: wire.Pod) -> str | None:
    """The init container that has kept the command from starting."""
    for one in pod.status.init_container_statuses or ():
        ended = one.state.terminated
        if ended is not None and ended.exit_code:
            return f"init container '{one.name}' ended with exit code {ended.exit_code}"
    return None


def finished_for_readers(pod: wire.Pod, container: str) -> wire.Pod:
    """The pod as one that has finished once the command has: what runs beside it may go on."""
    status = runs.container_statuses(pod).get(container)
    if status is None or status.state.terminated is None:
        return pod
    return replace(pod, status=replace(pod.status, phase="Succeeded"))
