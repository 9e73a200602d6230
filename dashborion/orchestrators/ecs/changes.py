"""Changing services and tasks: each change is one request that is sent once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from dashborion.config.places import Place, ecs_place_of
from dashborion.errors import NotApplicable, Refusal, UsageError
from dashborion.models.instance import InstanceDetail
from dashborion.models.query import Found, Name, Query
from dashborion.models.rollout import Rollout
from dashborion.orchestrators.changing import (
    FollowedRollout,
    History,
    ImageMove,
    Images,
    PlannedChange,
    PlannedSwitch,
    Steering,
    WorkloadToChange,
)
from dashborion.orchestrators.ecs import (
    code_deploy,
    deploy,
    deployment_views,
    find,
    instances,
    managed,
    normalise,
    progress,
    recheck,
    rollout,
    stages,
    wire,
)
from dashborion.orchestrators.ecs.client import Client
from dashborion.orchestrators.ecs.history import past_revisions

if TYPE_CHECKING:
    from dashborion.orchestrators.parking import Scheduled
    from dashborion.orchestrators.run import PlannedRun, RunWish

_DAEMON = "a DAEMON service runs one task on every container instance"
# What of UpdateService ecspresso, for one, reports not to work there, and what does it instead.
_SCALE = ("--scaling-target minTaskCount=N,maxTaskCount=N",)
_IMAGE = ("--primary-container image=IMAGE",)
_OF_EXPRESS: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(("scale", "stop", "start"), _SCALE),
    **dict.fromkeys(("deploy", "rollback"), _IMAGE),
    "run": (),
}
_UPDATE_EXPRESS = "aws ecs update-express-gateway-service --service-arn"
_CONTROLLED = {
    "CODE_DEPLOY": "CodeDeploy controls its deployments: `aws deploy create-deployment`",
    "EXTERNAL": "an external controller makes its task sets: `aws ecs create-task-set`",
}


def _is_rolling(service: wire.Service) -> bool:
    is_ours = service.deployment_controller.type not in rollout.CONTROLLERS
    return not is_ours or service.deployment_configuration.strategy == "ROLLING"


@dataclass(frozen=True)
class Changes:
    """As ``protocol.Changes``."""

    client: Client

    def workload(self, name: Name, query: Query) -> ServiceToChange:
        """One service, with the scalable target that owns its count if that is asked for."""
        found = find.workload(self.client, name, query)
        service = found.item
        scaler = None
        if query.wants("autoscaling"):
            scaler = self.client.scalable_target(service.service_name)
        leading = rollout.primary(service)
        return ServiceToChange(
            environment=self.client.scope.environment,
            place=self._place(service.service_arn),
            workload=normalise.workload(service, None, 0, [], self.client.scope),
            autoscaling=normalise.autoscaling(scaler, service),
            newest=leading.id if leading else None,
            not_changeable_because=None
            if service.status == "ACTIVE"
            else f"it is {service.status}",
            not_restartable_because=_CONTROLLED.get(service.deployment_controller.type),
            not_scalable_because=_DAEMON if service.scheduling_strategy == "DAEMON" else None,
            keeper=managed.keeper(normalise.labels(service.tags)),
            stages=() if _is_rolling(service) else stages.STAGES,
            pauses=stages.pauses(service.deployment_configuration),
            mark=normalise.mark(service),
            client=self.client,
            service=service,
            raw=found.raw or {},
        )

    def scheduled(self, names: Sequence[Name], query: Query) -> Scheduled:  # noqa: ARG002
        """Rules and schedules of EventBridge, which are only named."""
        from dashborion.orchestrators.ecs import schedules
        from dashborion.orchestrators.parking import Scheduled

        return Scheduled(others=schedules.on_the_cluster(self.client))

    def place(self, instance: Found[Any]) -> Place:
        """The cluster, in the account of the task's ARN."""
        return self._place(str((instance.raw or {}).get("taskArn") or ""))

    def _place(self, arn: str) -> Place:
        return ecs_place_of(arn, self.client.aws.region, self.client.cluster)

    def require_place_for(self, reason: str) -> None:
        """Any reason is kept, as long as ECS knows the task."""

    def stop(self, instance: Found[InstanceDetail], reason: str | None) -> None:
        """Stop a task: no other one will ever have its id."""
        self.client.stop_task(instance.item.id, reason or "stopped with dashborion")


@dataclass(frozen=True, kw_only=True)
class ServiceToChange(WorkloadToChange):
    """A service, as ``WorkloadToChange``; ``raw`` is the API's own object."""

    client: Client
    service: wire.Service
    raw: Mapping[str, Any]

    def rollout(self) -> Rollout:
        """With the newer API's view of it: its stage, its hooks, why it was rolled back.

        Not complete while tasks are missing or not healthy, as for a wait.
        """
        client, service, parts = self.client, self.service, progress.Parts()
        leading, made = rollout.primary(service), None
        if leading is not None:
            ask = partial(deployment_views.newest_view, client, service, leading)
            made = parts.ask(client, "service deployments", ask)
            verdict = rollout.verdict(service, leading.id, made)
        else:
            verdict = rollout.of_task_sets(service)
        if verdict.done:
            verdict = progress.with_health(client, parts, service, verdict)
        found = verdict.of(rollout.rollout(service, made))
        return found if leading else code_deploy.with_wait(client, parts, service, found)

    def require_possible(self, action: str) -> None:
        """A service of Express mode is changed by an operation of its own."""
        if self.service.is_express and action in _OF_EXPRESS:
            raise NotApplicable(
                f"{self.workload.name}: {action}: a service of Express mode is changed by "
                "UpdateExpressGatewayService alone",
                hint=" ".join((_UPDATE_EXPRESS, self.service.service_arn, *_OF_EXPRESS[action])),
            )

    def scale(self, replicas: int) -> FollowedRollout:
        """Set ``desiredCount``; UpdateService has no precondition, so it is read right before."""
        service = self.service
        parts = progress.Parts()
        tasks = parts.ask(self.client, "tasks", partial(find.tasks_of, self.client, service))
        before = None if tasks is None else frozenset(map(instances.task_id, tasks))
        look = partial(recheck.same_count, self.client, service)
        self.client.update_service(service.service_name, look, desiredCount=replicas)
        return progress.FollowedCount(
            client=self.client,
            service=service,
            replicas=replicas,
            tasks_before=before,
            set_by=self.set_by,
            parts=parts,
        )

    def require_place_for(self, reason: str, action: str) -> None:
        """The tag of a task definition, of which a restart makes none."""
        if action == "restart":
            raise UsageError("--reason: ECS keeps none of a restart")
        deploy.require_tag_value(reason)

    def image_moves(self) -> list[ImageMove]:
        """From ECR, where it may be read."""
        from dashborion.orchestrators.ecs import image_moves

        return list(image_moves.image_moves(self.client, self.service))

    def restart(self, *, now: datetime, reason: str | None) -> FollowedRollout:  # noqa: ARG002
        """A new deployment of the same task definition."""
        return deploy.begin(self.client, self.service, forceNewDeployment=True)

    def history(self) -> History:
        """From service deployments, or else the family's revisions."""
        past, doubt = past_revisions(self.client, self.service)
        return History([one.revision for one in past], doubt)

    def proven_revision(self) -> str | None:
        """The newest that once got through, other than by the deployment that failed just now."""
        past, _ = past_revisions(self.client, self.service)
        good = [one.revision.revision for one in past[:-1] if one.succeeded]
        return good[-1] if good else None

    def plan_images(self, images: Images, reason: str | None) -> PlannedChange:
        """A new revision of the task definition, unless another controller deploys them."""
        if self.not_restartable_because is not None:
            raise Refusal(f"{self.service.service_name}: {self.not_restartable_because}")
        return deploy.plan_images(self.client, self.service, images, reason)

    def plan_revision(self, revision: str | None, reason: str | None) -> PlannedChange:
        """A task definition that there is already."""
        return deploy.plan_revision(self.client, self.service, revision, reason)

    def plan_stop(self, now: datetime) -> PlannedSwitch:
        """A tag, its scaling suspended, and no task, in this order."""
        from dashborion.orchestrators.ecs import parking

        return parking.plan_stop(self, now)

    def plan_start(self) -> PlannedSwitch:
        """Its tasks, its scaling as it was, and no tag any more, in this order."""
        from dashborion.orchestrators.ecs import parking

        return parking.plan_start(self)

    def plan_run(self, wish: RunWish) -> PlannedRun:
        """A standalone task of the revision that runs."""
        from dashborion.orchestrators.ecs import run

        return run.plan(self.client, self.service, self.raw, wish)

    def plan_steering(self, action: Steering, hook: str | None) -> PlannedChange:
        """At a hook that waits it goes on; a deployment that is under way is rolled back."""
        from dashborion.orchestrators.ecs import steering

        return steering.plan(self.client, self.service, action, hook)

    def current_rollout(self) -> FollowedRollout:
        """The deployment that is PRIMARY now; a service with task sets has none."""
        leading = rollout.primary(self.service)
        if leading is None:
            return progress.FollowedTaskSets(client=self.client, service=self.service)
        return progress.FollowedDeployment(
            client=self.client, service=self.service, deployment=leading
        )
