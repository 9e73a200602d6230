"""Changing workloads and pods: each change is one request that is sent once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dashborion.config.places import Place, server_place
from dashborion.config.targets import Environment
from dashborion.errors import Conflict, NotFound, UsageError, listing
from dashborion.models.instance import InstanceDetail
from dashborion.models.query import Found, Name, Query
from dashborion.models.rollout import Rollout
from dashborion.orchestrators.changing import (
    FollowedRollout,
    History,
    Images,
    PlannedChange,
    PlannedSwitch,
    Steering,
    WorkloadToChange,
)
from dashborion.orchestrators.images import as_text
from dashborion.orchestrators.kubernetes import (
    argo,
    argo_wire,
    deploy,
    find,
    managed,
    normalise,
    progress,
    rollout,
    steering,
    wire,
)
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.availability import never_available
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.errors import foreign_answer
from dashborion.orchestrators.kubernetes.history import current_template, inside, past_revisions
from dashborion.orchestrators.kubernetes.relied_on import Neighbours

if TYPE_CHECKING:
    from dashborion.orchestrators.parking import Scheduled
    from dashborion.orchestrators.run import PlannedRun, RunWish

_PAUSED = "it is paused: new pods would wait for `dashborion workloads resume`"
_DAEMON = "a DaemonSet runs one pod on every node that fits"
_LOOK = "nothing was changed: look at it, then try again"
_ON_DELETE = "its update strategy is OnDelete: no pod is replaced until somebody deletes it"


@dataclass(frozen=True)
class Changes:
    """As ``protocol.Changes``."""

    client: Client
    environment: Environment

    @cached_property
    def neighbours(self) -> Neighbours:
        """What is beside the workloads, asked for once."""
        return Neighbours(self.client)

    def workload(self, name: Name, query: Query) -> ControllerToChange:
        """One controller, with the HPAs that scale it unless only other parts are asked for."""
        namespace = find.namespace_of(self.client, query, name)
        found = find.workload(self.client, name, namespace, everywhere=True)
        item = found.item
        scaling: list[wire.Autoscaler] = []
        if query.wants("autoscaling"):
            listed = self.neighbours.optional(api.AUTOSCALERS, item.metadata.namespace)
            scaling = normalise.autoscalers_of(item, listed)
        was_available = not never_available(self.client, [item])
        workload = normalise.workload(item, self.environment, [], was_available=was_available)
        is_deleted = item.metadata.deletion_timestamp is not None
        is_paused = isinstance(item, wire.Deployment) and item.spec.paused
        strategy = getattr(item.spec, "update_strategy", None)
        is_on_delete = strategy is not None and strategy.type == "OnDelete"
        make, more = _kind_of(item)
        return make(
            environment=self.environment,
            place=server_place(self.client.credentials.settings.host),
            workload=workload,
            autoscaling=normalise.autoscaling(scaling, workload.desired),
            newest=workload.rollout.revision,
            not_changeable_because="it is being deleted" if is_deleted else None,
            not_scalable_because=_DAEMON if isinstance(item, wire.DaemonSet) else None,
            not_restartable_because=_PAUSED if is_paused else None,
            warning=_ON_DELETE if is_on_delete else None,
            keeper=managed.keeper(item, scaling),
            mark=normalise.mark(item),
            client=self.client,
            found=found,
            scaling=scaling,
            neighbours=self.neighbours,
            **more,
        )

    def scheduled(self, names: Sequence[Name], query: Query) -> Scheduled:
        """CronJobs."""
        from dashborion.orchestrators.kubernetes import cron_jobs

        return cron_jobs.scheduled(self.client, self.environment, names, query)

    def place(self, instance: Found[Any]) -> Place:  # noqa: ARG002 - all are there
        """The API server that this client speaks to."""
        return server_place(self.client.credentials.settings.host)

    def require_place_for(self, reason: str) -> None:  # noqa: ARG002 - whatever it is
        """There is none: a pod that is deleted is gone."""
        raise UsageError("--reason: Kubernetes keeps none of a pod that is deleted")

    def stop(self, instance: Found[InstanceDetail], reason: str | None) -> None:  # noqa: ARG002
        """Delete the pod that was found, and not another one that has its name by now."""
        pod, uid = instance.item, (instance.raw or {})["metadata"]["uid"]
        body = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": uid}}
        path = api.PODS.path(pod.namespace, pod.name)
        if self.client.write("DELETE", path, body) is None:
            raise NotFound("instance", pod.name, where=find.where(pod.namespace))


def _kind_of(item: wire.Controller) -> tuple[type[ControllerToChange], dict[str, Any]]:
    if not isinstance(item, argo_wire.Rollout):
        return ControllerToChange, {}
    from dashborion.orchestrators.kubernetes.argo_changes import RolloutToChange

    return RolloutToChange, {"stages": argo.stages(item), "pauses": argo.pauses(item)}


@dataclass(frozen=True, kw_only=True)
class ControllerToChange(WorkloadToChange):
    """A Deployment, StatefulSet or DaemonSet, as ``WorkloadToChange``."""

    client: Client
    found: Found[wire.Controller]
    scaling: list[wire.Autoscaler]
    neighbours: Neighbours

    def rollout(self) -> Rollout:
        """Not complete while replicas are missing, as for a wait."""
        state = self.workload.rollout
        return rollout.verdict(self.found.item, state).of(state)

    def volumes_lost(self, replicas: int) -> list[str]:
        """As the StatefulSet's controller names claims: TEMPLATE-NAME-ORDINAL."""
        return _volumes_lost(self.found.item, range(replicas, self.workload.desired))

    def scale(self, replicas: int) -> FollowedRollout:
        """Set ``spec.replicas`` through ``/scale``; the API itself checks uid and old replicas."""
        item, shown = self.found.item, self.workload.desired
        before = progress.keys(progress.members(self.client, item, self.environment))
        patch = deploy.json_patch(
            item,
            # A Scale leaves out a count of zero, and null is the test of what is left out.
            deploy.test("/spec/replicas", shown or None),
            *self._same_volumes(range(replicas, shown)),
            {"op": "replace", "path": "/spec/replicas", "value": replicas},
        )
        with self._explaining():
            self._send(patch, subresource="/scale")
        return progress.FollowedReplicas(
            client=self.client,
            environment=self.environment,
            item=item,
            before=before,
            replicas=replicas,
            set_by=self.set_by,
        )

    def _same_volumes(self, leaving: range) -> Iterator[dict[str, Any]]:
        """A test that the volumes to be deleted are those that were shown, none included.

        A Scale does not say it, but it has the version of the set, which is looked at for that.
        """
        item = self.found.item
        if not leaving or not (
            isinstance(item, wire.StatefulSet) and item.spec.volume_claim_templates
        ):
            return
        now = find.again(self.client, item)
        if now is None:
            return  # the uid is tested, too
        if (lost := _volumes_lost(now.item, leaving)) != _volumes_lost(item, leaving):
            what = f"now that would delete {listing(lost) or 'no'} volumes"
            raise Conflict(f"somebody changed {self.workload.name} meanwhile: {what}", hint=_LOOK)
        version = inside(now.raw, "metadata").get("resourceVersion")
        yield deploy.test("/metadata/resourceVersion", version)

    def restart(self, *, now: datetime, reason: str | None) -> FollowedRollout:
        """kubectl's own annotation on the template."""
        stamp = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        followed = self._begin(deploy.annotated(self.found, deploy.RESTARTED_AT, stamp, reason))
        if followed.template == current_template(self.found):
            raise Conflict(f"{self.workload.name} was restarted in this very second already")
        return followed

    def history(self) -> History:
        """From the ReplicaSets or ControllerRevisions that are kept."""
        return History([one.revision for one in past_revisions(self.client, self.found.item)])

    def proven_revision(self) -> str | None:
        """The newest that still has a ready pod: no API says which rollouts were complete."""
        past = past_revisions(self.client, self.found.item)
        pods = progress.members(self.client, self.found.item, self.environment)
        ready = {instance.revision for _, instance in pods if instance.ready}
        good = [one.revision.revision for one in past[:-2] if one.revision.revision in ready]
        return good[-1] if good else None

    def plan_images(self, images: Images, reason: str | None) -> PlannedChange:
        """The images in the pod template."""
        notes = (self.not_restartable_because,) if self.not_restartable_because else ()
        return deploy.plan_images(self.found, images, self._begin, notes=notes, reason=reason)

    def plan_revision(self, revision: str | None, reason: str | None) -> PlannedChange:
        """As ``kubectl rollout undo``."""
        past = past_revisions(self.client, self.found.item)
        return deploy.plan_revision(self.found, past, revision, self._begin, reason=reason)

    def relied_on(self) -> str | None:
        """The API server's webhooks, the cluster's own namespaces, and Rollouts of Argo."""
        return self.neighbours.relying(self.found.item)

    def plan_stop(self, now: datetime) -> PlannedSwitch:
        """An annotation and no replicas in one patch, then whoever else sets the count."""
        from dashborion.orchestrators.kubernetes import parking

        return parking.plan_stop(self, now)

    def plan_start(self) -> PlannedSwitch:
        """Its replicas, whoever else sets them, and the annotation last."""
        from dashborion.orchestrators.kubernetes import parking

        return parking.plan_start(self)

    def plan_run(self, wish: RunWish) -> PlannedRun:
        """A Job from the pod template."""
        from dashborion.orchestrators.kubernetes import run

        return run.plan(self.client, self.environment, self.found, wish)

    def plan_steering(self, action: Steering, hook: str | None) -> PlannedChange:
        """Through ``spec.paused``; a rollout is aborted by restoring the template that runs."""
        return steering.plan(
            self.client, self.environment, self.found, action, hook, send=self._begin
        )

    def current_rollout(self) -> FollowedRollout:
        """The template that is being rolled out now."""
        return self._followed(current_template(self.found), None)

    def _begin(self, patch: deploy.Patch) -> progress.FollowedTemplate:
        """Patch the template, once."""
        before = progress.keys(progress.members(self.client, self.found.item, self.environment))
        with self._explaining():
            spec = self._send(patch).get("spec")
        if not isinstance(spec, dict) or "template" not in spec:
            raise foreign_answer("no template")
        return self._followed(spec["template"], before)

    def patched(self, patch: deploy.Patch) -> dict[str, Any]:
        """The workload after a patch; a ``Conflict`` says what is different."""
        with self._explaining():
            return self._send(patch)

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

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        """A failed test names no values: look again and say what is different."""
        try:
            yield
        except Conflict as error:
            now = find.again(self.client, self.found.item)
            what = (
                self._difference(now) or f"{self.workload.name} is just changing: {error.message}"
            )
            raise Conflict(what, hint=_LOOK) from error

    def _difference(self, now: Found[wire.Controller] | None) -> str | None:
        """What somebody changed since the workload was looked up; None for nothing."""
        name = self.workload.name
        if now is None:
            return f"{name} was deleted or replaced meanwhile"
        if not isinstance(now.item, wire.DaemonSet):
            replicas = rollout.replicas(now.item.spec.replicas)
            if replicas != self.workload.desired:
                return f"{name} has {replicas} replicas, not {self.workload.desired}"
        before, after = current_template(self.found), current_template(now)
        if list(deploy.container_places(before)) != list(deploy.container_places(after)):
            return f"somebody changed the containers of {name} meanwhile"
        if before == after:
            return None
        images = deploy.images(after)
        if images != deploy.images(before):
            return f"somebody changed the images of {name} meanwhile: {as_text(images)}"
        return f"somebody changed the pod template of {name} meanwhile"


def _volumes_lost(item: wire.Controller, leaving: range) -> list[str]:
    """The claims that are deleted when the pods of these numbers go."""
    if not isinstance(item, wire.StatefulSet):
        return []
    if item.spec.persistent_volume_claim_retention_policy.when_scaled != "Delete":
        return []
    first = item.spec.ordinals.start
    return [
        f"{template.metadata.name}-{item.metadata.name}-{first + number}"
        for template in item.spec.volume_claim_templates or ()
        for number in leaving
    ]
