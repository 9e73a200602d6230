"""Deployments that CodeDeploy controls: what they wait for, and the commands that steer them."""

from __future__ import annotations

import shlex
from functools import partial

from msgspec.structs import replace

from dashborion.errors import UsageError
from dashborion.models.rollout import Rollout, RolloutState, WaitingFor
from dashborion.orchestrators.aws.client import convert
from dashborion.orchestrators.changing import Steering
from dashborion.orchestrators.ecs import wire
from dashborion.orchestrators.ecs.client import Client
from dashborion.orchestrators.ecs.progress import Parts

_COMMANDS = {
    "continue": "continue-deployment --deployment-id {} --deployment-wait-type READY_WAIT",
    "abort": "stop-deployment --deployment-id {} --auto-rollback-enabled",
}


class _Ready(wire.Wire, frozen=True):
    action_on_timeout: str | None = None
    wait_time_in_minutes: int | None = None


class _Ended(wire.Wire, frozen=True):
    termination_wait_time_in_minutes: int | None = None


class _BlueGreen(wire.Wire, frozen=True):
    deployment_ready_option: _Ready = _Ready()
    terminate_blue_instances_on_deployment_success: _Ended = _Ended()


class _Deployment(wire.Wire, frozen=True):
    status: str = ""
    blue_green_deployment_configuration: _BlueGreen = _BlueGreen()
    instance_termination_wait_time_started: bool = False


def refusal(client: Client, service: wire.Service, action: Steering) -> UsageError:
    """Why a service with task sets cannot be steered from here, with the command that can."""
    controller = service.deployment_controller.type
    problem = f"{service.service_name}: {controller} controls its deployments"
    if controller != "CODE_DEPLOY":
        return UsageError(problem, hint="steer it with what makes its task sets")
    if action not in _COMMANDS:
        return UsageError(
            f"{problem}: it cannot {action} them",
            hint="it can continue one that waits for its traffic, and stop one",
        )
    return UsageError(problem, hint=f"`{command(client, service, action)}`")


def command(client: Client, service: wire.Service, action: str) -> str:
    """The command of AWS' own tool for the deployment that is under way."""
    words = _COMMANDS[action].format(shlex.quote(deployment_id(service) or "DEPLOYMENT-ID"))
    return f"aws deploy {words} --region {client.aws.region}{client.aws.login.option}"


def deployment_id(service: wire.Service) -> str | None:
    """CodeDeploy's id of what it is deploying: that of the newest task set."""
    sets = [one for one in service.task_sets if one.created_at is not None and one.external_id]
    return max(sets, key=lambda one: str(one.created_at)).external_id if sets else None


def with_wait(client: Client, parts: Parts, service: wire.Service, found: Rollout) -> Rollout:
    """A rollout of task sets with what CodeDeploy waits for, if that may be read."""
    id_ = deployment_id(service)
    if id_ is None or found.state is not RolloutState.PROGRESSING:
        return found
    ask = partial(client.aws.call, "codedeploy", "get_deployment", deploymentId=id_)
    answer = parts.ask(client, "CodeDeploy deployments", ask)
    if not answer:
        return found
    made = convert(_Deployment, answer.get("deploymentInfo") or {})
    chosen = made.blue_green_deployment_configuration
    if made.status == "Ready":
        ready = chosen.deployment_ready_option
        minutes, then = ready.wait_time_in_minutes, ready.action_on_timeout
        until = f" for {minutes} minutes at most, then CodeDeploy takes {then}" if minutes else ""
        how = f": `{command(client, service, 'continue')}`"
        message = f"{found.message}, waits for a person to direct traffic to it{until}{how}"
        held = WaitingFor(hook=id_, stage=made.status, on_timeout=then)
        return replace(found, state=RolloutState.PAUSED, message=message, waiting_for=held)
    ended = chosen.terminate_blue_instances_on_deployment_success
    minutes = ended.termination_wait_time_in_minutes
    if made.instance_termination_wait_time_started and minutes:
        message = f"{found.message}, the older one is kept for {minutes} minutes after the shift"
        return replace(found, message=message)
    return found
