"""New images and old revisions: what they would change in a pod template, as patches. Pure."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashborion.errors import NotFound, Refusal
from dashborion.models.query import Found
from dashborion.models.rollout import RolloutState
from dashborion.orchestrators.changing import FollowedRollout, Images, PlannedChange
from dashborion.orchestrators.difference import differences
from dashborion.orchestrators.images import as_text, by_container
from dashborion.orchestrators.kubernetes import normalise, rollout, wire
from dashborion.orchestrators.kubernetes.argo_wire import Rollout
from dashborion.orchestrators.kubernetes.history import PastRevision, current_template, inside

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
_CAUSE_PATH = "/metadata/annotations/kubernetes.io~1change-cause"
_STUCK = (
    "its rollout is not complete: a pod that never gets ready is not replaced by itself, "
    "`dashborion instances stop` does it (kubernetes/kubernetes#67250)"
)


@dataclass(frozen=True)
class Patch:
    """A patch's body, and its content type, which says how the API merges it."""

    body: Any
    content_type: str


def json_patch(item: wire.Controller, *operations: dict[str, Any]) -> Patch:
    """Operations that are applied only if the object is still the same one."""
    same_object = test("/metadata/uid", item.metadata.uid)
    return Patch([same_object, *operations], "application/json-patch+json")


def test(path: str, value: Any) -> dict[str, Any]:
    """An operation that makes the patch a conflict unless this is the value."""
    return {"op": "test", "path": path, "value": value}


def same_template(controller: Found[wire.Controller]) -> dict[str, Any]:
    """A test that the pod template is the one that was looked up."""
    if reference := inside(controller.raw, "spec").get("workloadRef"):
        return test("/spec/workloadRef", reference)  # whose template it is
    return test("/spec/template", current_template(controller))


def because(controller: Found[wire.Controller], reason: str | None) -> list[dict[str, Any]]:
    """What records the reason of a change, as kubectl does: controllers copy it to revisions."""
    if reason is None:
        return []
    if controller.item.metadata.annotations is None:
        value = {normalise.CHANGE_CAUSE: reason}
        return [{"op": "add", "path": "/metadata/annotations", "value": value}]
    return [{"op": "add", "path": _CAUSE_PATH, "value": reason}]


def annotated(
    controller: Found[wire.Controller], key: str, value: str, reason: str | None
) -> Patch:
    """An annotation on the pod template, which is otherwise as it was looked up."""
    template = current_template(controller)
    metadata = inside(template, "metadata")
    changed = {
        **template,
        "metadata": {**metadata, "annotations": {**inside(metadata, "annotations"), key: value}},
    }
    replaced = {"op": "replace", "path": "/spec/template", "value": changed}
    same = same_template(controller)
    return json_patch(controller.item, same, replaced, *because(controller, reason))


Send = Callable[[Patch], FollowedRollout]


def plan_images(
    controller: Found[wire.Controller],
    images: Images,
    send: Send,
    *,
    notes: tuple[str, ...],
    reason: str | None,
) -> PlannedChange:
    """A JSON patch of the images alone, which tests that containers and images are the same."""
    item, before = controller.item, current_template(controller)
    after = copy.deepcopy(before)
    places = container_places(after)
    new_images = by_container(
        images,
        [name for name, (part, _) in places.items() if part == "containers"],
        others=[name for name, (part, _) in places.items() if part != "containers"],
        owner=item.metadata.name,
    )
    operations, old_images = [], {}
    for name, image in new_images.items():
        part, index = places[name]
        path = f"/spec/template/spec/{part}/{index}"
        container = after["spec"][part][index]
        old_images[name] = container.get("image", "")
        container["image"] = image
        operations.append(test(f"{path}/name", name))
        if old_images[name]:
            operations.append(test(f"{path}/image", old_images[name]))
        operations.append({"op": "add", "path": f"{path}/image", "value": image})
    patch = json_patch(item, *operations, *because(controller, reason))
    return PlannedChange(
        before=as_text(old_images),
        after=as_text(new_images),
        difference=template_difference(before, after),
        send=lambda: send(patch),
        notes=notes,
    )


def plan_revision(
    controller: Found[wire.Controller],
    past: Sequence[PastRevision],
    revision: str | None,
    send: Send,
    *,
    reason: str | None,
) -> PlannedChange:
    """As ``kubectl rollout undo``, if the template is still the one that was looked up."""
    item = controller.item
    current = next((one for one in reversed(past) if one.revision.current), None)
    target = chosen_revision(item, past, revision)
    if not inside(target.template, "spec"):
        name, number = item.metadata.name, target.revision.revision
        raise Refusal(f"{name}: revision {number} has no pod template to go back to")
    shown = current_template(controller)
    if current is not None and isinstance(item, Rollout):
        shown = current.template  # its own lacks what the API server sets in a ReplicaSet's
    difference = template_difference(shown, target.template)
    if target is current or not difference:
        raise Refusal(f"{item.metadata.name}: revision {target.revision.revision} is what runs")
    patch = undo(controller, target, reason)
    return PlannedChange(
        before=current.revision.revision if current else "unknown",
        after=target.revision.revision,
        difference=difference,
        send=lambda: send(patch),
        notes=(_STUCK,) if _may_be_stuck(controller) else (),
        revisions=(current.revision, target.revision) if current else None,
    )


def chosen_revision(
    item: wire.Controller, past: Sequence[PastRevision], revision: str | None
) -> PastRevision:
    """The revision of that name or number, or else the newest that does not run."""
    name = item.metadata.name
    if revision is None:
        others = [one for one in past if not one.revision.current]
        if not others:
            raise Refusal(f"{name}: there is no other revision to go back to")
        return others[-1]
    for kept in past:
        if revision in (kept.revision.revision, kept.number):
            return kept
    known = [one.revision.revision for one in past]
    raise NotFound("revision", revision, where=f"the history of {name}", known=known)


def undo(controller: Found[wire.Controller], target: PastRevision, reason: str | None) -> Patch:
    """What comes of what kubectl sends, save that a Deployment keeps its other annotations."""
    item = controller.item
    operations = [
        same_template(controller),
        {"op": "replace", "path": "/spec/template", "value": target.template},
    ]
    if reason is not None:
        return json_patch(item, *operations, *because(controller, reason))
    if not isinstance(item, wire.Deployment):
        return json_patch(item, *operations)
    # The controller copies a Deployment's cause to the ReplicaSet that it takes up again.
    cause = target.revision.message
    if cause is not None:
        operations.append({"op": "add", "path": _CAUSE_PATH, "value": cause})
    elif normalise.CHANGE_CAUSE in (item.metadata.annotations or {}):
        operations.append({"op": "remove", "path": _CAUSE_PATH})
    return json_patch(item, *operations)


def images(template: Mapping[str, Any]) -> dict[str, str]:
    """The image of each container of a pod template, by name."""
    return {
        name: str(template["spec"][part][index].get("image", ""))
        for name, (part, index) in container_places(template).items()
    }


def container_places(template: Mapping[str, Any]) -> dict[str, tuple[str, int]]:
    """Where each container stands in a pod template, by name."""
    return {
        str(one.get("name")): (part, index)
        for part in ("containers", "initContainers")
        for index, one in enumerate(inside(template, "spec").get(part) or ())
        if isinstance(one, dict)
    }


def template_difference(before: Any, after: Any) -> tuple[str, ...]:
    """A line for each field in which two pod templates differ; values of variables are hidden."""
    return tuple(
        differences(
            {"spec": {"template": without_nulls(before)}},
            {"spec": {"template": without_nulls(after)}},
        )
    )


def without_nulls(value: Any) -> Any:
    """Servers of different versions write nulls or leave them out."""
    if isinstance(value, dict):
        return {key: without_nulls(one) for key, one in value.items() if one is not None}
    return [without_nulls(one) for one in value] if isinstance(value, list) else value


def _may_be_stuck(controller: Found[wire.Controller]) -> bool:
    """Whether a StatefulSet waits for a pod of the revision that is to go."""
    item = controller.item
    is_in_turn = inside(controller.raw, "spec").get("podManagementPolicy") != "Parallel"
    is_rolling = rollout.rollout(item).state is not RolloutState.COMPLETE
    return isinstance(item, wire.StatefulSet) and is_in_turn and is_rolling
