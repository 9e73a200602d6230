"""New images and old revisions: what they would change in a pod template, and the one request."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dashborion.errors import Conflict, NotFound, Refusal
from dashborion.models.rollout import Revision, RolloutState
from dashborion.orchestrators.difference import differences
from dashborion.orchestrators.images import as_text, by_container
from dashborion.orchestrators.kubernetes import normalise, wire
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.changes import (
    JSON_PATCH,
    STRATEGIC,
    Changes,
    gone,
    path_of,
    require_object,
    template_of,
)
from dashborion.orchestrators.kubernetes.fetch import Fetch
from dashborion.orchestrators.kubernetes.listing import ListOptions
from dashborion.orchestrators.kubernetes.resources import Resource
from dashborion.orchestrators.kubernetes.rollout import REVISION
from dashborion.orchestrators.protocol import Followed, History, Images, Planned, Subject

TEMPLATE_HASH = "pod-template-hash"
_CAUSE_PATH = "/metadata/annotations/kubernetes.io~1change-cause"
_STUCK = (
    "its rollout is not complete: a pod that never gets ready is not replaced by itself, "
    "`dashborion instances stop` does it (kubernetes/kubernetes#67250)"
)


@dataclass(frozen=True)
class _Kept:
    """A revision and the object that keeps it; ``number`` is kubectl's name for it."""

    revision: Revision
    number: str
    template: dict[str, Any]


@dataclass(frozen=True)
class _Patch:
    body: Any
    kind: str


@dataclass(frozen=True)
class Definitions:
    """Changes of pod templates, worked out first and sent then."""

    fetch: Fetch
    changes: Changes

    def history(self, subject: Subject) -> History:
        """From ReplicaSets or ControllerRevisions, as far as the workload's own limit keeps them.

        Raises:
            Forbidden: they may not be listed.
        """
        return History([one.revision for one in self._kept(subject.handle.item)])

    def with_images(self, subject: Subject, images: Images) -> Planned:
        """A JSON patch of the images alone, which tests that the containers are still the same."""
        item, raw = subject.handle.item, subject.handle.raw
        before = raw["spec"]["template"]
        after = copy.deepcopy(before)
        places = _containers(after)
        wanted = by_container(
            images,
            [name for name, (part, _) in places.items() if part == "containers"],
            others=[name for name, (part, _) in places.items() if part != "containers"],
            owner=item.metadata.name,
        )
        patch, had = [_same_object(item)], {}
        for name, image in wanted.items():
            part, place = places[name]
            path = f"/spec/template/spec/{part}/{place}"
            container = after["spec"][part][place]
            had[name] = container.get("image", "")
            container["image"] = image
            patch.append({"op": "test", "path": f"{path}/name", "value": name})
            patch.append({"op": "add", "path": f"{path}/image", "value": image})
        return Planned(
            before=as_text(had),
            after=as_text(wanted),
            difference=_differences(before, after),
            handle=_Patch(patch, JSON_PATCH),
            notes=(subject.held,) if subject.held else (),
        )

    def with_revision(self, subject: Subject, revision: str | None) -> Planned:
        """As ``kubectl rollout undo``: a Deployment's template is replaced, others are patched."""
        item = subject.handle.item
        kept = self._kept(item)
        current = next((one for one in reversed(kept) if one.revision.current), None)
        target = _chosen(item, kept, revision)
        before = subject.handle.raw["spec"]["template"]
        difference = _differences(before, target.template)
        if target is current or not difference:
            raise Refusal(f"{item.metadata.name}: revision {target.revision.revision} is what runs")
        return Planned(
            before=current.revision.revision if current else "unknown",
            after=target.revision.revision,
            difference=difference,
            handle=_undo(item, target),
            notes=(_STUCK,) if _may_be_stuck(subject) else (),
        )

    def redefine(self, subject: Subject, planned: Planned) -> Followed:
        """Send the patch, once; the object's uid is its precondition."""
        item, patch = subject.handle.item, planned.handle
        before = self.changes.present(item)
        try:
            answer = self.fetch.client.write("PATCH", path_of(item), patch.body, patch.kind)
        except Conflict as error:
            raise self._explained(subject, error) from error
        if answer is None:
            raise gone(item)
        require_object(answer)
        return Followed(("template", template_of(answer)), before)

    def _explained(self, subject: Subject, error: Conflict) -> Conflict:
        """A failed test names no values: look again and say what is different."""
        item: normalise.Controller = subject.handle.item
        now = self.changes.again(item)
        if now is None or now.item.metadata.uid != item.metadata.uid:
            return Conflict(f"{item.metadata.name} was deleted or replaced meanwhile")
        before, after = (
            list(_containers(one["spec"]["template"]))
            for one in (subject.handle.raw, now.raw or subject.handle.raw)
        )
        if before != after:
            return Conflict(f"somebody changed the containers of {item.metadata.name} meanwhile")
        return error

    def _kept(self, item: normalise.Controller) -> list[_Kept]:
        """The revisions that are kept, oldest first."""
        is_deployment = isinstance(item, wire.Deployment)
        resource: Resource[Any] = api.REPLICASETS if is_deployment else api.CONTROLLER_REVISIONS
        selector = normalise.selector(item.spec.selector)
        options = ListOptions(selector, raw=True)
        listed = self.fetch.collect(resource, item.metadata.namespace, options)
        found = self.fetch.wait(listed)
        owned = normalise.owned_by([one.item for one in found], item.metadata.uid)
        raws = {one.item.metadata.uid: one.raw or {} for one in found}
        ordered = sorted(owned, key=_number)
        current = normalise.rollout_of(item).revision
        if current is None and ordered:  # a DaemonSet does not say: it is the newest
            current = ordered[-1].metadata.name.removeprefix(f"{item.metadata.name}-")
        return [
            _Kept(revision, str(_number(one)), _template(raws[one.metadata.uid]))
            for one in ordered
            for revision in _revisions(item, one, current)
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
    found = copy.deepcopy((raw.get("data") or raw)["spec"]["template"])
    found.pop("$patch", None)
    ((found.get("metadata") or {}).get("labels") or {}).pop(TEMPLATE_HASH, None)
    return dict(found)


def _chosen(item: normalise.Controller, kept: list[_Kept], revision: str | None) -> _Kept:
    """The revision of that name or number, or else the newest that does not run."""
    name = item.metadata.name
    if revision is None:
        others = [one for one in kept if not one.revision.current]
        if not others:
            raise Refusal(f"{name}: there is no other revision to go back to")
        return others[-1]
    for one in kept:
        if revision in (one.revision.revision, one.number):
            return one
    known = [one.revision.revision for one in kept]
    raise NotFound("revision", revision, where=f"the history of {name}", known=known)


def _undo(item: normalise.Controller, target: _Kept) -> _Patch:
    """What kubectl sends, save that a Deployment keeps its other annotations."""
    if not isinstance(item, wire.Deployment):
        template = {**target.template, "$patch": "replace"}
        body = {"metadata": {"uid": item.metadata.uid}, "spec": {"template": template}}
        return _Patch(body, STRATEGIC)
    patch = [_same_object(item)]
    patch.append({"op": "replace", "path": "/spec/template", "value": target.template})
    # The controller copies a Deployment's cause to the ReplicaSet that it takes up again.
    if target.revision.message is not None:
        patch.append({"op": "add", "path": _CAUSE_PATH, "value": target.revision.message})
    elif normalise.CHANGE_CAUSE in (item.metadata.annotations or {}):
        patch.append({"op": "remove", "path": _CAUSE_PATH})
    return _Patch(patch, JSON_PATCH)


def _same_object(item: normalise.Controller) -> dict[str, Any]:
    return {"op": "test", "path": "/metadata/uid", "value": item.metadata.uid}


def _containers(template: Mapping[str, Any]) -> dict[str, tuple[str, int]]:
    """Where each container stands, by name."""
    return {
        str(one["name"]): (part, place)
        for part in ("containers", "initContainers")
        for place, one in enumerate(template["spec"].get(part) or ())
    }


def _differences(before: Any, after: Any) -> tuple[str, ...]:
    one, other = ({"spec": {"template": _plain(each)}} for each in (before, after))
    return tuple(differences(one, other))


def _plain(value: Any) -> Any:
    """Without nulls, which servers of different versions write or leave out."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items() if one is not None}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def _may_be_stuck(subject: Subject) -> bool:
    """Whether a StatefulSet waits for a pod of the revision that is to go."""
    spec = subject.handle.raw["spec"]
    in_turn = spec.get("podManagementPolicy") != "Parallel"
    rolling = subject.workload.rollout.state is not RolloutState.COMPLETE
    return isinstance(subject.handle.item, wire.StatefulSet) and in_turn and rolling
