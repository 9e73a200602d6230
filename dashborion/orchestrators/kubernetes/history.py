"""Which pod templates a workload has had, as far as its own limit keeps them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from concurrent.futures import Future
from datetime import datetime
from typing import Any

from msgspec import Struct

from dashborion.models.query import Found
from dashborion.models.rollout import Revision
from dashborion.orchestrators.kubernetes import argo, normalise, rollout, wire
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.instances import TEMPLATE_HASH
from dashborion.orchestrators.kubernetes.listing import ListOptions
from dashborion.orchestrators.kubernetes.resources import Resource


class PastRevision(Struct, frozen=True):
    """A revision and its pod template; ``number`` is kubectl's name for it."""

    revision: Revision
    number: str
    template: dict[str, Any]


def current_template(controller: Found[wire.Controller]) -> dict[str, Any]:
    """A workload's pod template, with all that it holds; empty if there is none."""
    return inside(controller.raw, "spec", "template")


def inside(plain: Any, *keys: str) -> dict[str, Any]:
    """An object inside JSON; empty where it, or what is around it, is absent or null."""
    for key in keys:
        plain = plain.get(key) if isinstance(plain, dict) else None
    return plain if isinstance(plain, dict) else {}


def changed_at(controller: Found[wire.Controller], field: str) -> datetime | None:
    """When a field of the spec was last set, by the server's clock; None if it does not say.

    Each writer's entry has the time of its last write, of whatever field.
    """
    entries = inside(controller.raw, "metadata").get("managedFields")
    times = [
        str(entry.get("time"))
        for entry in (entries if isinstance(entries, list) else ())
        if f"f:{field}" in inside(entry, "fieldsV1", "f:spec")
    ]
    try:
        return max(map(datetime.fromisoformat, times), default=None)
    except ValueError:
        return None


def kept_resource(item: wire.Controller) -> Resource[Any]:
    """What keeps the revisions of a workload."""
    return api.REPLICASETS if isinstance(item, wire.Deployment) else api.CONTROLLER_REVISIONS


def list_kept(client: Client, item: wire.Controller) -> Future[list[Found[Any]]]:
    """Start to list the ReplicaSets or ControllerRevisions that a workload's selector matches."""
    options = ListOptions(normalise.selector(item.spec.selector))
    return client.collect(kept_resource(item), item.metadata.namespace, options, decoration=True)


def past_revisions(client: Client, item: wire.Controller) -> list[PastRevision]:
    """From ReplicaSets or ControllerRevisions, oldest first.

    Raises:
        Forbidden: they may not be listed.
    """
    options = ListOptions(normalise.selector(item.spec.selector), raw=True)
    listed = client.wait(client.collect(kept_resource(item), item.metadata.namespace, options))
    raws = {one.item.metadata.uid: one.raw or {} for one in listed}
    name = item.metadata.name
    owned = normalise.owned_by([one.item for one in listed], item.metadata.uid)
    by_name = {normalise.revision_name(kept, name): kept for kept in owned}
    return [
        PastRevision(
            revision, str(normalise.revision_number(kept)), template_of(raws[kept.metadata.uid])
        )
        for revision in normalise.revisions(owned, name, rollout.rollout(item).revision)
        for kept in [by_name[revision.revision]]
    ]


def template_of(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A ReplicaSet's own, without what tells its pods from others'; a ControllerRevision's data."""
    template = copy.deepcopy(inside(raw.get("data") or raw, "spec", "template"))
    template.pop("$patch", None)
    for hash_ in (TEMPLATE_HASH, argo.TEMPLATE_HASH):
        inside(template, "metadata", "labels").pop(hash_, None)
    return template
