"""Requests that change an object: sent once, and for the very object that was looked up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dashborion.errors import MaybeApplied, NotFound
from dashborion.orchestrators.kubernetes import find, rollout
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.errors import maybe_applied


@dataclass(frozen=True)
class Patch:
    """A patch's body, and its content type, which says how the API merges it."""

    body: Any
    content_type: str


def json_patch(item: rollout.Controller, *operations: dict[str, Any]) -> Patch:
    """Operations that are applied only if the object is still the same one."""
    same_object = {"op": "test", "path": "/metadata/uid", "value": item.metadata.uid}
    return Patch([same_object, *operations], "application/json-patch+json")


def template_patch(item: rollout.Controller, template: dict[str, Any]) -> Patch:
    """Fields to be merged into a workload's pod template; another uid is a conflict."""
    body = {"metadata": {"uid": item.metadata.uid}, "spec": {"template": template}}
    return Patch(body, "application/strategic-merge-patch+json")


def send(
    client: Client, item: rollout.Controller, patch: Patch, *, subresource: str = ""
) -> dict[str, Any]:
    """Patch a workload, or a subresource such as ``/scale``; the object as it is now.

    Raises:
        Conflict: it is another object, or a test of the patch failed.
        NotFound: it is gone.
        MaybeApplied: the answer is lost, or not the API's.
    """
    resource, meta = find.resource_of(item), item.metadata
    path = f"{resource.path(meta.namespace, meta.name)}{subresource}"
    answer = client.write("PATCH", path, patch.body, patch.content_type)
    if answer is None:
        raise NotFound("workload", meta.name, where=find.where(meta.namespace))
    _require_object(answer)
    return answer


def delete_pod(client: Client, namespace: str, name: str, uid: str) -> None:
    """Delete a pod, and not another one that has its name by now; raises as ``send``."""
    body = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": uid}}
    answer = client.write("DELETE", api.PODS.path(namespace, name), body)
    if answer is None:
        raise NotFound("instance", name, where=find.where(namespace))
    _require_object(answer)


def _require_object(answer: dict[str, Any]) -> None:
    """Called with the answer to a change; ``MaybeApplied`` if it is no object of the API."""
    succeeded = answer.get("kind") == "Status" and answer.get("status") == "Success"
    if not succeeded and not isinstance(answer.get("metadata"), dict):
        raise foreign("no metadata")


def foreign(problem: str) -> MaybeApplied:
    """The error for an answer to a change that is not the API's."""
    return maybe_applied(f"the answer to the change is not the API's ({problem})")
