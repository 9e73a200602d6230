"""Which task definitions a service has run, as far as ECS remembers it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dashborion.errors import Forbidden
from dashborion.models.rollout import Revision
from dashborion.orchestrators.aws.errors import Refused
from dashborion.orchestrators.ecs import normalise, rollout, wire
from dashborion.orchestrators.ecs.client import Client

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
    except (Refused, Forbidden) as error:
        return _of_family(client, current, error.message)
    if not targets:
        return _of_family(client, current, "no service deployments are known")
    ran = of_deployments(reversed(deployments), targets, current)
    if all(one.arn != current for one in ran):  # forgotten: ECS keeps 90 days
        ran.append(_standing(client, service, current))
    return ran, None


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
                message=": ".join(filter(None, (one.status, one.status_reason))) or None,
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


def _of_family(client: Client, current: str, why: str) -> tuple[list[PastRevision], str]:
    family = (rollout.revision(current) or "").partition(":")[0]
    arns = client.newest_revisions(family, FAMILY_REVISIONS)
    definitions = client.task_definitions([*arns, current])
    arn_of = {rollout.revision(arn): arn for arn in definitions}
    revisions = normalise.revisions(definitions.values(), current)
    doubt = f"these are revisions of {family}, which may never have run here: {why}"
    return [PastRevision(one, arn_of[one.revision], succeeded=False) for one in revisions], doubt
