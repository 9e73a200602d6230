"""Which task definitions a service has run, as far as ECS remembers it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import msgspec

from dashborion.models.rollout import Revision
from dashborion.orchestrators.aws.parts import LOST
from dashborion.orchestrators.ecs import normalise, rollout, stages, wire
from dashborion.orchestrators.ecs.client import PAGE_SIZE, Client

FAMILY_REVISIONS = 20


@dataclass(frozen=True)
class PastRevision:
    """A task definition that was deployed; ``succeeded`` when it once got through."""

    revision: Revision
    arn: str
    succeeded: bool


def past_revisions(client: Client, service: wire.Service) -> tuple[list[PastRevision], str | None]:
    """The revisions, oldest first, each at its latest deployment; and why they may not be what ran.

    From service deployments where there are any, else the family's newest revisions.
    """
    current = normalise.definition_of(service)
    try:
        deployments = client.past_deployments(service.service_name)
        arns = filter(None, (one.target_service_revision_arn for one in deployments))
        targets = client.service_revisions(arns)
    except LOST as error:
        return _of_family(client, current, error.message)
    if not targets:
        return _of_family(client, current, "no service deployments are known")
    ran = of_deployments(reversed(_explained(client, deployments)), targets, current)
    if all(one.arn != current for one in ran):  # forgotten: ECS keeps 90 days
        ran.append(_standing(client, service, current))
    return ran, _bounds(deployments, targets)


def _explained(
    client: Client, deployments: Sequence[wire.ServiceDeployment]
) -> list[wire.ServiceDeployment]:
    """Deployments with why they were rolled back, which a list does not say."""
    mute = [
        one.service_deployment_arn
        for one in deployments
        if one.status.startswith("ROLLBACK") and not one.status_reason
    ]
    told = client.aws.optional(partial(client.described_deployments, mute)) or ()
    known = {one.service_deployment_arn: one.rollback for one in told}
    return [
        msgspec.structs.replace(one, rollback=known.get(one.service_deployment_arn, one.rollback))
        for one in deployments
    ]


def _bounds(
    deployments: Sequence[wire.ServiceDeployment], targets: Mapping[str, wire.ServiceRevision]
) -> str | None:
    """What the history may lack."""
    lost = sum(one.target_service_revision_arn not in targets for one in deployments)
    if lost:
        return f"of {lost} of {len(deployments)} deployments ECS does not say what they deployed"
    if len(deployments) == PAGE_SIZE:
        return f"from the newest {PAGE_SIZE} deployments: there may be older ones"
    return None


def of_deployments(
    deployments: Iterable[wire.ServiceDeployment],
    targets: Mapping[str, wire.ServiceRevision],
    current: str,
) -> list[PastRevision]:
    """Each task definition once, in the order of its latest deployment. Pure."""
    found: dict[str, PastRevision] = {}
    for one in deployments:
        target = targets.get(one.target_service_revision_arn or "")
        if target is None:
            continue
        arn = target.task_definition
        before = found.pop(arn, None)  # goes to the end, as a ReplicaSet that is taken up again
        found[arn] = PastRevision(
            Revision(
                revision=rollout.revision(arn) or arn,
                current=arn == current,
                images=[container.image for container in target.container_images],
                created_at=one.created_at,
                message=_message(one),
            ),
            arn,
            succeeded=one.status == "SUCCESSFUL" or (before is not None and before.succeeded),
        )
    return list(found.values())


def _standing(client: Client, service: wire.Service, current: str) -> PastRevision:
    leading = rollout.primary(service)
    definition = client.task_definitions([current]).get(current)
    registered_at = definition.registered_at if definition else None
    revision = Revision(
        revision=rollout.revision(current) or current,
        current=True,
        images=[one.image for one in definition.container_definitions] if definition else [],
        created_at=leading.created_at if leading else registered_at,
        message=None,
    )
    return PastRevision(revision, current, succeeded=True)


def _message(made: wire.ServiceDeployment) -> str | None:
    """The state as AWS writes it, and why."""
    why = dict.fromkeys(filter(None, (made.rollback.reason, made.status_reason)))
    return ": ".join(filter(None, (made.status, stages.joined(*why)))) or None


def _of_family(client: Client, current: str, why: str) -> tuple[list[PastRevision], str]:
    """The family's newest revisions and the current one; of some only the name may be known."""
    family = (rollout.revision(current) or "").partition(":")[0]
    if not family:
        return [], f"ECS names no task definition for it: {why}"
    try:
        arns = client.newest_revisions(family, FAMILY_REVISIONS)
    except LOST as error:
        client.aws.runtime.incomplete(error)
        arns = []
    wanted = dict.fromkeys(filter(None, (*arns, current)))
    definitions = client.task_definitions(wanted)
    known = [definitions.get(arn, wire.TaskDefinition(arn)) for arn in wanted]
    arn_of = {rollout.revision(arn): arn for arn in wanted}
    revisions = normalise.revisions(known, current)
    doubt = f"these are revisions of {family}, which may never have run here: {why}"
    return [PastRevision(one, arn_of[one.revision], succeeded=False) for one in revisions], doubt
