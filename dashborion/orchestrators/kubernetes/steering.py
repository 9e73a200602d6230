"""Steering a rollout: a Deployment is held and let go, and what still runs is gone back to."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

from dashborion.config.targets import Environment
from dashborion.errors import UsageError
from dashborion.models.query import Found
from dashborion.models.rollout import Rollout, RolloutState
from dashborion.orchestrators.changing import FollowedRollout, PlannedChange, Steering, Verdict
from dashborion.orchestrators.kubernetes import deploy, history, progress, rollout, wire
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.history import PastRevision, inside
from dashborion.orchestrators.kubernetes.progress import FollowedTemplate, Member

Send = Callable[[deploy.Patch], FollowedTemplate]

_PAUSED = "/spec/paused"
_ON = (
    "`dashborion workloads abort` takes its rollout back, "
    "`dashborion workloads status --wait` waits for it"
)
_BACK = "`dashborion workloads rollback` goes back to an older revision"


@dataclass(frozen=True, kw_only=True)
class FollowedPause(FollowedTemplate):
    """A pause on its way: over when the controller has seen it."""

    def _verdict(self, item: wire.Controller, state: Rollout) -> Verdict:  # noqa: ARG002
        return Verdict(str(state.state), done=state.state is RolloutState.PAUSED)


def plan(
    client: Client,
    environment: Environment,
    controller: Found[wire.Controller],
    action: Steering,
    hook: str | None,
    *,
    send: Send,
) -> PlannedChange:
    """As ``WorkloadToChange.plan_steering``; raises as it."""
    item = controller.item
    if hook is not None:
        raise UsageError("--hook: only deployments of ECS wait at hooks")
    if action == "abort":
        past = history.past_revisions(client, item)
        pods = progress.members(client, item, environment)
        return _plan_abort(controller, past, pods, send)
    if action == "pause":
        return _plan_pause(controller, _deployment(item, action), send)
    if action == "continue" and not isinstance(item, wire.Deployment):
        raise UsageError(f"{item.metadata.name}: {_held_by(item)}", hint=hint_for(item))
    deployment = _deployment(item, action)
    if not deployment.spec.paused:
        raise UsageError(f"{item.metadata.name}: it is not paused", hint=hint_for(item))
    return _plan_resume(controller, history.past_revisions(client, item), send)


def _deployment(item: wire.Controller, action: str) -> wire.Deployment:
    if isinstance(item, wire.Deployment):
        return item
    raise UsageError(
        f"{item.metadata.name}: a {type(item).__name__} has no `spec.paused`: "
        f"only Deployments and Argo Rollouts can {action}",
        hint=hint_for(item),
    )


def hint_for(item: wire.Controller) -> str | None:
    """What else can be done to a rollout that is under way, or be waited for."""
    is_complete = rollout.rollout(item).state is RolloutState.COMPLETE
    return None if is_complete else _ON


def _held_by(item: wire.StatefulSet | wire.DaemonSet) -> str:
    """What keeps pods back that no command lets go."""
    strategy = item.spec.update_strategy
    if strategy.type == "OnDelete":
        return "its update strategy is OnDelete: `dashborion instances stop POD` replaces a pod"
    if partition := strategy.rolling_update and strategy.rolling_update.partition:
        return (
            f"its partition holds back the replicas below {partition}: lower "
            "spec.updateStrategy.rollingUpdate.partition"
        )
    return "its rollout waits for no person"


def _plan_pause(
    controller: Found[wire.Controller], item: wire.Deployment, send: Send
) -> PlannedChange:
    name, state = item.metadata.name, rollout.rollout(item).state
    if item.spec.paused:
        raise UsageError(f"{name}: it is paused already", hint="`resume` lets it go on")
    is_rolling = state is not RolloutState.COMPLETE
    idle = "nothing is rolling out: this holds back what is changed in its template from now on"
    patch = deploy.json_patch(
        item,
        deploy.same_template(controller),
        {"op": "add", "path": _PAUSED, "value": True},
    )

    def pause() -> FollowedRollout:
        sent = send(patch)
        return FollowedPause(**{one.name: getattr(sent, one.name) for one in fields(sent)})

    return PlannedChange(
        before=str(state),
        after=str(RolloutState.PAUSED),
        difference=(),
        send=pause,
        notes=("its rollout stands still where it is" if is_rolling else idle,),
    )


def _plan_resume(
    controller: Found[wire.Controller], past: Sequence[PastRevision], send: Send
) -> PlannedChange:
    """With what was changed since: a paused Deployment makes no ReplicaSet of it."""
    edits = (
        deploy.template_difference(past[-1].template, history.current_template(controller))
        if past
        else ()
    )
    patch = deploy.json_patch(
        controller.item,
        deploy.same_template(controller),
        deploy.test(_PAUSED, True),
        {"op": "remove", "path": _PAUSED},
    )
    changed = "this was changed while it was paused, and rolls out with it:"
    return PlannedChange(
        before=str(RolloutState.PAUSED),
        after=str(RolloutState.PROGRESSING),
        difference=(),
        send=lambda: send(patch),
        notes=("its progress deadline begins again", *((changed, *edits) if edits else ())),
    )


def _plan_abort(
    controller: Found[wire.Controller],
    past: Sequence[PastRevision],
    pods: Sequence[Member],
    send: Send,
) -> PlannedChange:
    """Back to the template whose pods still run, which need not be the revision before."""
    item, now = controller.item, history.current_template(controller)
    name, state = item.metadata.name, rollout.rollout(item).state
    if state is RolloutState.COMPLETE:
        raise UsageError(f"{name}: no rollout is under way", hint=_BACK)
    changes = {one.number: deploy.template_difference(now, one.template) for one in past}
    target = _still_running(item, [one for one in past if changes[one.number]], pods)
    if target is None:
        raise UsageError(f"{name}: no pod of an older template is ready any more", hint=_BACK)
    current = next((one for one in reversed(past) if not changes[one.number]), None)
    patch = deploy.undo(controller, target, None)
    if isinstance(item, wire.Deployment) and item.spec.paused:
        patch = deploy.Patch([*patch.body, {"op": "remove", "path": _PAUSED}], patch.content_type)
    return PlannedChange(
        before=current.revision.revision if current else "what is not rolled out yet",
        after=target.revision.revision,
        difference=changes[target.number],
        send=lambda: send(patch),
        notes=tuple(_notes_of_abort(item, now, target, pods)),
        revisions=(current.revision, target.revision) if current else None,
    )


def _still_running(
    item: wire.Controller, older: Sequence[PastRevision], pods: Sequence[Member]
) -> PastRevision | None:
    """The revision that most pods are of; a StatefulSet names it itself."""
    if isinstance(item, wire.StatefulSet):
        current = (item.status.current_revision or "").removeprefix(f"{item.metadata.name}-")
        return next((one for one in older if one.revision.revision == current), None)
    ready = Counter(instance.revision for _, instance in pods if instance.ready)
    running = [one for one in older if ready[one.revision.revision]]
    return max(running, key=lambda one: ready[one.revision.revision], default=None)


def _notes_of_abort(
    item: wire.Controller, now: Any, target: PastRevision, pods: Sequence[Member]
) -> Iterator[str]:
    if _unstamped(now) == _unstamped(target.template):
        yield "it takes back a restart only: the pods that were replaced are replaced once more"
    if not isinstance(item, wire.StatefulSet) or item.spec.pod_management_policy == "Parallel":
        return
    for _, pod in pods:
        if not pod.ready and pod.revision != target.revision.revision:
            yield (
                f"{pod.name} is not replaced by itself while it is not ready: then "
                f"`dashborion instances stop {pod.name}` (kubernetes/kubernetes#67250)"
            )


def _unstamped(template: Any) -> Any:
    """A template without what a restart changes in it."""
    plain = copy.deepcopy(deploy.without_nulls(template))
    annotations = inside(plain, "metadata", "annotations")
    annotations.pop(deploy.RESTARTED_AT, None)
    if not annotations:
        inside(plain, "metadata").pop("annotations", None)
    return plain
