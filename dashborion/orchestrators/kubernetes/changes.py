"""Changing workloads and pods: each change is one request that is sent once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dashborion.config.targets import Environment
from dashborion.errors import Conflict, NotFound
from dashborion.models.instance import InstanceDetail
from dashborion.models.query import Found, Name, Query
from dashborion.models.rollout import Rollout
from dashborion.orchestrators.kubernetes import deploy, find, normalise, progress, rollout, wire
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.availability import never_available
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.errors import foreign_answer
from dashborion.orchestrators.kubernetes.history import current_template, past_revisions
from dashborion.orchestrators.protocol import (
    FollowedRollout,
    History,
    Images,
    PlannedChange,
    WorkloadToChange,
)

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"

_PAUSED = "it is paused: new pods would wait for `kubectl rollout resume`"
_DAEMON = "a DaemonSet runs one pod on every node that fits"
_ON_DELETE = "its update strategy is OnDelete: no pod is replaced until somebody deletes it"


@dataclass(frozen=True)
class Changes:
    """As ``protocol.Changes``."""

    client: Client
    environment: Environment

    def workload(self, name: Name, query: Query) -> ControllerToChange:
        """One controller, with the HPAs that scale it unless only other parts are asked for."""
        namespace = find.namespace_of(self.client, query, name)
        found = find.workload(self.client, name, namespace, everywhere=True)
        item = found.item
        scaling: list[wire.Autoscaler] = []
        if query.wants("autoscaling"):
            listed = self.client.collect(api.AUTOSCALERS, item.metadata.namespace, decoration=True)
            scaling = normalise.autoscalers_of(item, self.client.optional(listed))
        was_available = not never_available(self.client, [item])
        workload = normalise.workload(item, self.environment, [], was_available=was_available)
        is_deleted = item.metadata.deletion_timestamp is not None
        is_paused = isinstance(item, wire.Deployment) and item.spec.paused
        strategy = getattr(item.spec, "update_strategy", None)
        is_on_delete = strategy is not None and strategy.type == "OnDelete"
        return ControllerToChange(
            environment=self.environment,
            workload=workload,
            autoscaling=normalise.autoscaling(scaling, workload.desired),
            newest=workload.rollout.revision,
            not_changeable_because="it is being deleted" if is_deleted else None,
            not_scalable_because=_DAEMON if isinstance(item, wire.DaemonSet) else None,
            not_restartable_because=_PAUSED if is_paused else None,
            warning=_ON_DELETE if is_on_delete else None,
            client=self.client,
            found=found,
        )

    def stop(self, instance: Found[InstanceDetail]) -> None:
        """Delete the pod that was found, and not another one that has its name by now."""
        pod, uid = instance.item, (instance.raw or {})["metadata"]["uid"]
        body = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": uid}}
        path = api.PODS.path(pod.namespace, pod.name)
        if self.client.write("DELETE", path, body) is None:
            raise NotFound("instance", pod.name, where=find.where(pod.namespace))


@dataclass(frozen=True, kw_only=True)
class ControllerToChange(WorkloadToChange):
    """A Deployment, StatefulSet or DaemonSet, as ``WorkloadToChange``."""

    client: Client
    found: Found[wire.Controller]

    def rollout(self) -> Rollout:
        """Not complete while replicas are missing, as for a wait."""
        state = self.workload.rollout
        return rollout.verdict(self.found.item, state).of(state)

    def scale(self, replicas: int, *, current: int | None) -> FollowedRollout:
        """Set ``spec.replicas`` through ``/scale``; the API itself checks uid and ``current``."""
        item = self.found.item
        before = progress.keys(progress.members(self.client, item, self.environment))
        operations: list[dict[str, Any]] = []
        if current is not None:
            operations.append({"op": "test", "path": "/spec/replicas", "value": current})
        operations.append({"op": "replace", "path": "/spec/replicas", "value": replicas})
        try:
            self._send(deploy.json_patch(item, *operations), subresource="/scale")
        except Conflict as error:
            raise self._explained(error, current) from error
        return progress.FollowedReplicas(
            client=self.client,
            environment=self.environment,
            item=item,
            before=before,
            replicas=replicas,
            set_by=self.set_by,
        )

    def restart(self, *, now: datetime) -> FollowedRollout:
        """kubectl's own annotation on the template; a uid that differs is a conflict."""
        stamp = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        template = {"metadata": {"annotations": {RESTARTED_AT: stamp}}}
        patch = deploy.template_patch(self.found.item, template)
        followed = self._begin(patch)
        if followed.template == current_template(self.found):
            raise Conflict(f"{self.workload.name} was restarted in this very second already")
        return followed

    def history(self) -> History:
        """From the ReplicaSets or ControllerRevisions that are kept."""
        return History([one.revision for one in past_revisions(self.client, self.found.item)])

    def plan_images(self, images: Images) -> PlannedChange:
        """The images in the pod template."""
        notes = (self.not_restartable_because,) if self.not_restartable_because else ()
        return deploy.plan_images(self.found, images, self._deploy, notes=notes)

    def plan_revision(self, revision: str | None) -> PlannedChange:
        """As ``kubectl rollout undo``."""
        past = past_revisions(self.client, self.found.item)
        return deploy.plan_revision(self.found, past, revision, self._deploy)

    def current_rollout(self) -> FollowedRollout:
        """The template that is being rolled out now."""
        return self._followed(current_template(self.found), None)

    def _deploy(self, patch: deploy.Patch) -> FollowedRollout:
        try:
            return self._begin(patch)
        except Conflict as error:
            raise self._explained(error) from error

    def _begin(self, patch: deploy.Patch) -> progress.FollowedTemplate:
        """Patch the template, once."""
        before = progress.keys(progress.members(self.client, self.found.item, self.environment))
        spec = self._send(patch).get("spec")
        if not isinstance(spec, dict) or "template" not in spec:
            raise foreign_answer("no template")
        return self._followed(spec["template"], before)

    def _send(self, patch: deploy.Patch, *, subresource: str = "") -> dict[str, Any]:
        """Patch the workload, or a subresource; the object as it is now."""
        meta = self.found.item.metadata
        path = find.resource_of(self.found.item).path(meta.namespace, meta.name)
        answer = self.client.write("PATCH", path + subresource, patch.body, patch.content_type)
        if answer is None:
            raise NotFound("workload", meta.name, where=find.where(meta.namespace))
        return answer

    def _followed(self, template: Any, before: frozenset[str] | None) -> progress.FollowedTemplate:
        return progress.FollowedTemplate(
            client=self.client,
            environment=self.environment,
            item=self.found.item,
            before=before,
            template=template,
        )

    def _explained(self, error: Conflict, current: int | None = None) -> Conflict:
        """A failed test names no values: look again and say what is different."""
        name, now = self.workload.name, find.again(self.client, self.found.item)
        if now is None:
            return Conflict(f"{name} was deleted or replaced meanwhile")
        if current is not None and not isinstance(now.item, wire.DaemonSet):
            replicas = rollout.replicas(now.item.spec.replicas)
            if replicas != current:
                return Conflict(f"{name} has {replicas} replicas, not {current}")
            return error
        containers, containers_now = (
            list(deploy.container_places(current_template(found))) for found in (self.found, now)
        )
        if containers != containers_now:
            return Conflict(f"somebody changed the containers of {name} meanwhile")
        return error
