"""Which pod templates a workload has had, as far as its own limit keeps them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dashborion.models.rollout import Revision
from dashborion.orchestrators.kubernetes import normalise, wire
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.fetch import Fetch
from dashborion.orchestrators.kubernetes.listing import ListOptions
from dashborion.orchestrators.kubernetes.resources import Resource
from dashborion.orchestrators.kubernetes.rollout import REVISION

TEMPLATE_HASH = "pod-template-hash"


@dataclass(frozen=True)
class PastRevision:
    """A revision and its pod template; ``number`` is kubectl's name for it."""

    revision: Revision
    number: str
    template: dict[str, Any]


def past_revisions(fetch: Fetch, item: normalise.Controller) -> list[PastRevision]:
    """From ReplicaSets or ControllerRevisions, oldest first.

    Raises:
        Forbidden: they may not be listed.
    """
    is_deployment = isinstance(item, wire.Deployment)
    resource: Resource[Any] = api.REPLICASETS if is_deployment else api.CONTROLLER_REVISIONS
    options = ListOptions(normalise.selector(item.spec.selector), raw=True)
    listed = fetch.wait(fetch.collect(resource, item.metadata.namespace, options))
    owned = normalise.owned_by([one.item for one in listed], item.metadata.uid)
    raws = {one.item.metadata.uid: one.raw or {} for one in listed}
    ordered = sorted(owned, key=_number)
    current = normalise.rollout_of(item).revision
    if current is None and ordered:  # a DaemonSet does not say: it is the newest
        current = ordered[-1].metadata.name.removeprefix(f"{item.metadata.name}-")
    return [
        PastRevision(revision, str(_number(kept)), _template(raws[kept.metadata.uid]))
        for kept in ordered
        for revision in _revisions(item, kept, current)
    ]


def _revisions(
    item: normalise.Controller, kept: wire.ReplicaSet | wire.ControllerRevision, current: str | None
) -> list[Revision]:
    """One, or none for a ReplicaSet that is not history."""
    if isinstance(kept, wire.ReplicaSet):
        return normalise.replicaset_revisions([kept], current)
    return normalise.controller_revisions([kept], item.metadata.name, current)


def _number(kept: wire.ReplicaSet | wire.ControllerRevision) -> int:
    if isinstance(kept, wire.ControllerRevision):
        return kept.revision
    number = (kept.metadata.annotations or {}).get(REVISION, "")
    return int(number) if number.isdecimal() else 0


def _template(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A ReplicaSet's own, without what tells its pods from others'; a ControllerRevision's data."""
    template = copy.deepcopy((raw.get("data") or raw)["spec"]["template"])
    template.pop("$patch", None)
    ((template.get("metadata") or {}).get("labels") or {}).pop(TEMPLATE_HASH, None)
    return dict(template)
