"""Changing workloads and pods: each change one request, with the object's uid as a precondition."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from dashborion.config.targets import Environment
from dashborion.errors import Conflict, DashborionError, MaybeApplied, NotFound
from dashborion.models.instance import Instance
from dashborion.models.query import Found, Name
from dashborion.orchestrators.kubernetes import find, normalise, rollout, wire
from dashborion.orchestrators.kubernetes import instances as pods
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.fetch import Fetch
from dashborion.orchestrators.kubernetes.listing import ListOptions
from dashborion.orchestrators.protocol import Followed, Look, Subject, Trouble

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
JSON_PATCH = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"

_PAUSED = "it is paused: new pods would wait for `kubectl rollout resume`"
_DAEMON = "a DaemonSet runs one pod on every node that fits"

# What keeps a container from starting until somebody changes the definition.
_STUCK = frozenset({
    "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull",
    "RegistryUnavailable", "ImageInspectError", "CreateContainerConfigError",
    "CreateContainerError", "RunContainerError",
})  # fmt: skip


def refusal(item: normalise.Controller) -> str | None:
    """Why no change may be made to a controller."""
    if item.metadata.deletion_timestamp is not None:
        return "it is being deleted"
    return None


def caution(item: normalise.Controller) -> str | None:
    """What a restart will not do."""
    strategy = getattr(item.spec, "update_strategy", None)
    if strategy is not None and strategy.type == "OnDelete":
        return "its update strategy is OnDelete: no pod is replaced until somebody deletes it"
    return None


class Changes(Struct, frozen=True):
    """Changes to one environment's objects, and looks at what became of them."""

    fetch: Fetch
    environment: Environment

    def subject(self, name: Name, namespace: str | None) -> Subject:
        """The one workload of that name, and who else sets its replicas."""
        found = find.controller(self.fetch, name, namespace, everywhere=True)
        item = found.item
        listed = self.fetch.collect(api.AUTOSCALERS, item.metadata.namespace)
        autoscalers = self.fetch.optional(listed)
        workload = normalise.workload(item, self.environment, [])
        return Subject(
            workload=workload,
            autoscaling=normalise.autoscaling(item, autoscalers, workload.desired),
            refusal=refusal(item),
            fixed=_DAEMON if isinstance(item, wire.DaemonSet) else None,
            held=_PAUSED if isinstance(item, wire.Deployment) and item.spec.paused else None,
            caution=caution(item),
            handle=found,
            newest=workload.rollout.revision,
        )

    def scale(self, subject: Subject, replicas: int, current: int | None) -> Followed:
        """Set ``spec.replicas`` through ``/scale``; the API itself checks uid and ``current``."""
        item: normalise.Controller = subject.handle.item
        before = self.present(item)
        patch: list[dict[str, Any]] = [
            {"op": "test", "path": "/metadata/uid", "value": item.metadata.uid}
        ]
        if current is not None:
            patch.append({"op": "test", "path": "/spec/replicas", "value": current})
        patch.append({"op": "replace", "path": "/spec/replicas", "value": replicas})
        try:
            answer = self.fetch.client.write("PATCH", f"{path_of(item)}/scale", patch, JSON_PATCH)
        except Conflict as error:
            raise self._explained(item, current, error) from error
        if answer is None:
            raise gone(item)
        require_object(answer)
        return Followed(("replicas", replicas), before)

    def _explained(
        self, item: normalise.Controller, current: int | None, error: Conflict
    ) -> Conflict:
        """A failed test names no values: look again and say which one did not hold."""
        now = self.again(item)
        if now is None or now.item.metadata.uid != item.metadata.uid:
            return Conflict(f"{item.metadata.name} was deleted or replaced meanwhile")
        if isinstance(now.item, wire.DaemonSet):
            return error
        replicas = rollout.replicas(now.item.spec.replicas)
        if current is not None and replicas != current:
            return Conflict(f"{item.metadata.name} has {replicas} replicas, not {current}")
        return error

    def restart(self, subject: Subject, now: datetime) -> Followed:
        """kubectl's own annotation on the template; a uid that differs is a conflict."""
        item: normalise.Controller = subject.handle.item
        stamp = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        template = {"metadata": {"annotations": {RESTARTED_AT: stamp}}}
        patch = {"metadata": {"uid": item.metadata.uid}, "spec": {"template": template}}
        before = self.present(item)
        answer = self.fetch.client.write("PATCH", path_of(item), patch, STRATEGIC)
        if answer is None:
            raise gone(item)
        require_object(answer)
        found = template_of(answer)
        if answer["metadata"].get("generation") == item.metadata.generation:
            raise Conflict(f"{item.metadata.name} was restarted in this very second already")
        return Followed(("template", found), before)

    def following(self, subject: Subject) -> Followed:
        """The template that is being rolled out now."""
        return Followed(("template", subject.handle.raw["spec"]["template"]))

    def look(self, subject: Subject, followed: Followed) -> Look:
        """Look at the object and at the instances that the change has made."""
        item: normalise.Controller = subject.handle.item
        found = self.again(item)
        state = normalise.rollout_of(found.item if found else item)
        if found is None or found.item.metadata.uid != item.metadata.uid:
            return Look(state, f"{item.metadata.name} was deleted or replaced", ended="deleted")
        if refusal(found.item) is not None:
            return Look(state, f"{item.metadata.name} is being deleted", ended="deleted")
        if superseded := _superseded(found, followed, subject.set_by):
            return Look(state, superseded, ended="superseded")
        scaled = followed.mark[0] == "replicas"
        judged = rollout.scaled(found.item) if scaled else rollout.verdict(found.item, state)
        concerned = self._concerned(found.item, state.revision, followed.before)
        return Look(
            state,
            judged.message,
            done=judged.done,
            ended=judged.ended,
            troubles=tuple(troubles(concerned)),
        )

    def _concerned(
        self, item: normalise.Controller, revision: str | None, before: frozenset[str] | None
    ) -> list[Instance]:
        unobserved = item.metadata.generation > item.status.observed_generation
        if before is None and unobserved:
            return []  # what the status calls the newest revision is the one before
        if before is None and isinstance(item, wire.DaemonSet):
            revision = self._newest(item)
        return _concerned(self.members(item), revision, before)

    def _newest(self, item: wire.DaemonSet) -> str | None:
        """A DaemonSet does not say which revision is its newest: its history does."""
        options = ListOptions(normalise.selector(item.spec.selector))
        listed = self.fetch.collect(api.CONTROLLER_REVISIONS, item.metadata.namespace, options)
        kept = normalise.owned_by(self.fetch.optional(listed), item.metadata.uid)
        history = normalise.controller_revisions(kept, item.metadata.name, None)
        return history[-1].revision if history else None

    def members(self, item: normalise.Controller) -> list[Instance]:
        """A controller's instances, finished ones too."""
        namespace = item.metadata.namespace
        options = ListOptions(normalise.selector(item.spec.selector))
        listed = self.fetch.collect(api.PODS, namespace, options)
        parents: Mapping[str, wire.Meta] = {}
        if isinstance(item, wire.Deployment):
            sets = self.fetch.collect(api.REPLICASETS.metadata, namespace, options)
            parents = {one.metadata.uid: one.metadata for one in self.fetch.optional(sets)}
        return [
            pods.instance(pod, owner, self.environment)
            for pod in self.fetch.optional(listed)
            if (owner := pods.owner(pod, parents)) and owner.is_of(item.metadata)
        ]

    def last_words(self, subject: Subject, instance: str, lines: int) -> list[str]:
        """The end of a pod's log; of its previous run while it is between two."""
        namespace = subject.workload.namespace
        found = self.fetch.client.get(api.PODS, namespace, instance)
        if found is None:
            return []
        waiting = [
            one.name
            for one in found.item.status.container_statuses or ()
            if one.state.running is None or one.restart_count
        ]
        container = waiting[0] if waiting else None
        path = f"{api.PODS.path(namespace, instance)}/log"
        for previous in ("true", None):
            params = {"tailLines": str(lines), "container": container, "previous": previous}
            try:
                text = self.fetch.client.text(path, params)
            except DashborionError:
                continue
            if text:
                return text.splitlines()
        return []

    def stop(self, instance: Instance, uid: str) -> None:
        """Delete a pod with its uid as a precondition: not another one of the same name."""
        path = api.PODS.path(instance.namespace, instance.name)
        body = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": uid}}
        answer = self.fetch.client.write("DELETE", path, body)
        if answer is None:
            raise NotFound("instance", instance.name, where=f"namespace '{instance.namespace}'")
        require_object(answer)

    def present(self, item: normalise.Controller) -> frozenset[str]:
        return frozenset(_mark(one) for one in self.members(item))

    def again(self, item: normalise.Controller) -> Found[normalise.Controller] | None:
        resource = find.CONTROLLERS[normalise.type_of(item)]
        return self.fetch.client.get(resource, item.metadata.namespace, item.metadata.name)


def _mark(one: Instance) -> str:
    """A pod and no later one: those of a StatefulSet come back under the same name."""
    return f"{one.name}@{one.created_at}"


def require_object(answer: dict[str, Any]) -> None:
    """Called with what a change was answered with.

    Raises:
        MaybeApplied: it is no object of the API.
    """
    succeeded = answer.get("kind") == "Status" and answer.get("status") == "Success"
    if not succeeded and not isinstance(answer.get("metadata"), dict):
        raise _foreign("no metadata")


def template_of(answer: dict[str, Any]) -> Any:
    """The template that a restart made; raises as ``require_object``."""
    spec = answer.get("spec")
    if not isinstance(spec, dict) or "template" not in spec:
        raise _foreign("no template")
    return spec["template"]


def _foreign(problem: str) -> MaybeApplied:
    return MaybeApplied(
        f"the answer to the change is not the API's ({problem}): it may have been applied",
        hint="look before trying again",
    )


def _superseded(
    found: Found[normalise.Controller], followed: Followed, set_by: Callable[[int], str]
) -> str | None:
    """What somebody else did to the object since the change that is followed."""
    kind, value = followed.mark
    if kind == "template":
        same = (found.raw or {})["spec"]["template"] == value
        return None if same else "a newer change has taken its place"
    if isinstance(found.item, wire.DaemonSet):
        return None
    replicas = rollout.replicas(found.item.spec.replicas)
    return None if replicas == value else set_by(replicas)


def _concerned(
    instances: Iterable[Instance], revision: str | None, before: frozenset[str] | None
) -> list[Instance]:
    """Those that a change has made: new since then, or of the newest revision."""
    if before is not None:
        return [one for one in instances if _mark(one) not in before]
    return [one for one in instances if revision is None or one.revision == revision]


def troubles(instances: Iterable[Instance]) -> list[Trouble]:
    """What is wrong with instances, and whether time can mend it."""
    found = []
    for one in instances:
        reason = one.reason or ""
        word = reason.removeprefix("Init:")
        if reason == "Unschedulable":
            found.append(Trouble("placement", one.name, reason, one.message))
        elif word in _STUCK:
            found.append(Trouble("pull", one.name, reason, one.message))
        elif one.restarts or one.status == "stopped":
            last = next((c.last_termination for c in one.containers if c.last_termination), None)
            ended = reason or (last.reason if last and last.reason else "Restarted")
            found.append(Trouble("crash", one.name, ended, one.message, max(1, one.restarts)))
    return found


def path_of(item: normalise.Controller) -> str:
    resource = find.CONTROLLERS[normalise.type_of(item)]
    return resource.path(item.metadata.namespace, item.metadata.name)


def gone(item: normalise.Controller) -> NotFound:
    return NotFound("workload", item.metadata.name, where=f"namespace '{item.metadata.namespace}'")
