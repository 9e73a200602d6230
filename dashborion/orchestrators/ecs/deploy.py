"""New images and old revisions: what they would change in a task definition, and the requests."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from dashborion.errors import DashborionError, MaybeApplied, NotFound, Refusal, UsageError
from dashborion.models.rollout import Revision
from dashborion.orchestrators.aws.errors import Refused
from dashborion.orchestrators.changing import FollowedRollout, Images, PlannedChange
from dashborion.orchestrators.difference import differences
from dashborion.orchestrators.ecs import normalise, recheck, rollout, wire
from dashborion.orchestrators.ecs.client import Client, definition_in
from dashborion.orchestrators.ecs.history import PastRevision, past_revisions
from dashborion.orchestrators.ecs.progress import FollowedDeployment
from dashborion.orchestrators.images import as_text, by_container

RESERVED = "aws:"  # tags that only AWS itself may set
REASON = "dashborion:reason"  # the tag of a task definition that says why it was deployed
_MOST_CHARACTERS = 256
_PUNCTUATION = "_.:/=+-@"


@dataclass(frozen=True)
class Definition:
    """A task definition with all that it holds, as RegisterTaskDefinition takes it.

    ``unknown`` are the paths of what is not in ``fields`` because the installed
    botocore does not know it.
    """

    arn: str
    status: str
    fields: dict[str, Any]
    tags: list[dict[str, str]]
    unknown: list[str]
    registered_at: datetime | None = None

    @classmethod
    def read(cls, client: Client, name: str) -> Definition:
        """Ask for it; ``Refused`` when there is none of that name."""
        answer, unknown = client.aws.call_noting_unknown(
            "ecs", "describe_task_definition", taskDefinition=name, include=["TAGS"]
        )
        found = definition_in(answer)
        accepted = client.aws.argument_names("ecs", "register_task_definition")
        return cls(
            arn=str(found["taskDefinitionArn"]),
            status=str(found.get("status") or "ACTIVE"),
            fields={key: value for key, value in found.items() if key in accepted},
            tags=list(answer.get("tags") or ()),
            unknown=[one.removeprefix("taskDefinition.") for one in unknown],
            registered_at=found.get("registeredAt"),
        )

    @property
    def name(self) -> str:
        return rollout.revision(self.arn) or self.arn

    def revision(self, *, current: bool) -> Revision:
        """As old as its registration: it may have been deployed more than once, or never."""
        containers = self.fields.get("containerDefinitions") or ()
        return Revision(
            revision=self.name,
            current=current,
            images=[str(one.get("image", "")) for one in containers],
            created_at=self.registered_at,
            message=None,
        )


def begin(client: Client, service: wire.Service, **arguments: Any) -> FollowedDeployment:
    """A change that makes a new deployment; it is known by the id that UpdateService answers.

    Raises:
        Conflict: another deployment has begun since the service was looked up.
    """
    before = service

    def look() -> None:
        nonlocal before
        before = recheck.same_deployment(client, service)

    answered = client.update_service(service.service_name, look, **arguments)
    newest = rollout.primary(answered)
    if newest is None:
        raise MaybeApplied(
            "ecs:UpdateService answered without a new deployment: it may have been applied",
            hint="look before trying again",
        )
    return FollowedDeployment(
        client=client,
        service=service,
        deployment=newest,
        newest=newest.id,
        notes=tuple(recheck.overwritten(before, answered, newest)),
    )


def require_tag_value(reason: str) -> None:
    """Check that ECS takes a reason as a tag: letters, numbers, spaces and ``_.:/=+-@``.

    Raises:
        UsageError: it does not.
    """
    odd = {one for one in reason if not (one.isalnum() or one in _PUNCTUATION or one == " ")}
    if odd:
        raise UsageError(
            f"--reason: a tag of ECS cannot hold {' '.join(map(repr, sorted(odd)))}",
            hint=f"use letters, numbers, spaces and {_PUNCTUATION}",
        )
    if len(reason) > _MOST_CHARACTERS:
        raise UsageError(f"--reason: a tag of ECS holds {_MOST_CHARACTERS} characters at most")


def plan_images(
    client: Client, service: wire.Service, images: Images, reason: str | None
) -> PlannedChange:
    """A new revision with all that the running one has, the tags included."""
    current = running(client, service)
    after = copy.deepcopy(current.fields)
    containers = {str(one["name"]): one for one in after.get("containerDefinitions") or ()}
    new_images = by_container(images, list(containers), owner=current.name)
    old_images = {name: containers[name].get("image", "") for name in new_images}
    for container, image in new_images.items():
        containers[container]["image"] = image
    difference = tuple(differences(current.fields, after))
    if difference and current.unknown:
        raise Refusal(
            f"{current.name} has what the installed botocore does not know, and a new revision "
            f"would lose it: {', '.join(current.unknown)}",
            hint="a newer one may know it: pip install --upgrade boto3",
        )
    reserved = [one["key"] for one in current.tags if one["key"].startswith(RESERVED)]
    kept = [one for one in current.tags if one["key"] not in (*reserved, REASON)]
    if reason is not None:
        kept.append({"key": REASON, "value": reason})
    note = f"only AWS may set these tags, so the new revision lacks them: {', '.join(reserved)}"
    fields = {**after, **({"tags": kept} if kept else {})}
    return PlannedChange(
        before=as_text(old_images),
        after=as_text(new_images),
        difference=difference,
        send=lambda: _register_and_begin(client, service, fields),
        notes=(note,) if reserved else (),
    )


def plan_revision(
    client: Client, service: wire.Service, revision: str | None, reason: str | None
) -> PlannedChange:
    """A task definition that there is already, compared with the running one."""
    current = running(client, service)
    if revision is None:
        past, doubt = past_revisions(client, service)
        target = Definition.read(client, _ran_before(service, past, doubt))
    else:
        target = named(client, service, revision)
    if target.status != "ACTIVE":
        raise Refusal(f"{target.name} is {target.status}: a service cannot be given it")
    difference = tuple(differences(current.fields, target.fields))
    if target.arn == current.arn or not (difference or target.unknown or current.unknown):
        raise Refusal(f"{service.service_name}: {target.name} is what runs")
    return PlannedChange(
        before=current.name,
        after=target.name,
        difference=difference,
        send=lambda: _begin_again(client, service, target.arn, reason),
        revisions=(current.revision(current=True), target.revision(current=False)),
    )


def _begin_again(
    client: Client, service: wire.Service, arn: str, reason: str | None
) -> FollowedRollout:
    """Deploy a task definition that there is, which then is tagged with the reason."""
    followed = begin(client, service, taskDefinition=arn)
    if reason is None:
        return followed
    try:
        client.tag(arn, REASON, reason)
    except DashborionError as error:
        return replace(followed, notes=(*followed.notes, f"no reason recorded: {error.message}"))
    return followed


def running(client: Client, service: wire.Service) -> Definition:
    """What a service runs.

    Raises:
        Refusal: ECS names none, or it cannot be described any more, because it was deleted.
    """
    arn = normalise.definition_of(service)
    if not arn:
        raise Refusal(f"{service.service_name}: ECS names no task definition for it")
    try:
        return Definition.read(client, arn)
    except Refused as error:
        name = service.service_name
        raise Refusal(
            f"{name}: its task definition {rollout.revision(arn) or arn} is gone: {error.message}",
            hint=f"`aws ecs update-service --cluster {client.cluster} --service {name} "
            "--task-definition FAMILY:REVISION` gives it another",
        ) from error


def named(client: Client, service: wire.Service, revision: str) -> Definition:
    """``--to 3``, ``--to family:3``, or an ARN."""
    family = (rollout.revision(normalise.definition_of(service)) or "").partition(":")[0]
    name = f"{family}:{revision}" if revision.isdecimal() else revision
    try:
        return Definition.read(client, name)
    except Refused as error:
        past, _ = past_revisions(client, service)
        known = [one.revision.revision for one in past]
        where = f"the history of {service.service_name}"
        raise NotFound("revision", name, where=where, known=known) from error


def _register_and_begin(
    client: Client, service: wire.Service, fields: Mapping[str, Any]
) -> FollowedRollout:
    """Two writes, each sent once; what was registered is said even when the second fails."""
    recheck.same_deployment(client, service)  # else there would be a revision for nothing
    answer = client.aws.write("ecs", "register_task_definition", **fields)
    arn = (answer.get("taskDefinition") or {}).get("taskDefinitionArn")
    if not arn:
        raise MaybeApplied("ecs:RegisterTaskDefinition: a cut answer: it may have been registered")
    registered = f"{rollout.revision(arn)} was registered"
    try:
        followed = begin(client, service, taskDefinition=arn)
    except DashborionError as error:
        error.message = f"{error.message}; {registered}"
        raise
    return replace(followed, notes=(registered, *followed.notes))


def _ran_before(service: wire.Service, past: Sequence[PastRevision], doubt: str | None) -> str:
    """The newest task definition, other than the running one, that once got through.

    ``doubt`` says why the past may not be what ran.

    Raises:
        Refusal: there is none, or ECS does not say.
    """
    others = [one for one in past if not one.revision.current]
    good = [one for one in others if one.succeeded]
    if good:
        return good[-1].arn
    name = service.service_name
    if not others:
        why = f": {doubt}" if doubt else ""
        raise Refusal(f"{name}: there is no other revision to go back to{why}")
    names = ", ".join(one.revision.revision for one in others)
    raise Refusal(
        f"{name}: ECS does not say that another revision ran here and got through",
        hint=f"name one with --to; known: {names}",
    )
