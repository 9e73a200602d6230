"""The newer API's view of a deployment, where it would say more than the older one."""

from __future__ import annotations

from dashborion.orchestrators.ecs import rollout, stages, wire
from dashborion.orchestrators.ecs.client import Client

_Made = wire.ServiceDeployment | None


def view(client: Client, service: wire.Service, ours: wire.Deployment) -> _Made:
    """The newer API's view of one deployment; None where it would say no more."""
    if not _is_worth_asking(service, ours):
        return None
    newest, made = rollout.primary(service), current(client, service)
    if newest is not None and newest.id == ours.id and made and made.status not in stages.OVER:
        return made
    return stages.same_moment([made] if made else [], ours) or stages.same_moment(
        client.service_deployments(service.service_name), ours
    )


def newest_view(client: Client, service: wire.Service, newest: wire.Deployment) -> _Made:
    """The newer API's view of what was done last, though it may have been undone since."""
    if service.current_service_deployment is None or not _is_worth_asking(service, newest):
        return view(client, service, newest)
    return current(client, service)


def current(client: Client, service: wire.Service) -> _Made:
    """The service deployment that a service names, if it does."""
    name = service.current_service_deployment
    made = client.described_deployments([name]) if name else []
    return made[0] if made else None


def _is_worth_asking(service: wire.Service, ours: wire.Deployment) -> bool:
    """Of one that lost its place, that has stages, or that goes on and can be asked for by name."""
    newest = rollout.primary(service)
    if newest is None or newest.id != ours.id:
        return True
    if service.deployment_configuration.strategy != "ROLLING":
        return True
    return service.current_service_deployment is not None and ours.rollout_state != "COMPLETED"
