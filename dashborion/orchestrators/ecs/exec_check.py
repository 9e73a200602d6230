"""What a command in a task needs: our plugin, what AWS says of the task, and its way to AWS."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from dashborion.errors import DashborionError, Refusal, Unavailable
from dashborion.models.exec_check import Requirement
from dashborion.models.instance import InstanceDetail
from dashborion.models.query import Found
from dashborion.orchestrators.ecs import exec as commands
from dashborion.orchestrators.ecs import native_wire, plugin, wire
from dashborion.orchestrators.ecs.client import Client
from dashborion.orchestrators.requirements import checked, requirement

RIGHTS = tuple(
    f"ssmmessages:{action}"
    for action in (
        "CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"
    )
)  # fmt: skip
FARGATE_LINUX, FARGATE_WINDOWS, AGENT = (1, 4, 0), (1, 0, 0), (1, 50, 2)  # the first with ECS Exec
_ROLE = "add the four ssmmessages actions to the policy of the task's role"
_WAY = "its subnet needs a way to Systems Manager: that endpoint, a NAT gateway, a public address"
_WRITABLE = "take readonlyRootFilesystem out of the task definition: the agent writes files"


class Unknown(Unavailable):
    """What nobody says, or what the absence of says nothing."""


def check(client: Client, instance: Found[InstanceDetail], wanted: str | None) -> list[Requirement]:
    """As ``protocol.Exec``; a right that we lack ourselves makes its requirement unknown."""
    item, raw = instance.item, instance.raw or {}
    task = commands.task_of(instance)
    container = commands.container_of(task, wanted)
    definition = _asked(partial(client.definition, str(raw.get("taskDefinitionArn"))))
    return [
        checked("plugin", plugin.require),
        checked("task runs", partial(commands.require_running, item)),
        checked("ECS Exec is on", partial(commands.require_on, task, item)),
        *(
            checked(f"{name} of {container.name}", partial(require, container))
            for name, require in (
                ("container", lambda one: commands.require_container(item, one.name)),
                (commands.AGENT, lambda one: commands.require_agent(one, item.name)),
            )
            if container is not None
        ),
        checked("platform version", partial(_platform, client, raw)),
        writable_root(definition, container.name if container else None),
        *_role(client, raw, definition),
        checked("endpoint of ssmmessages", partial(_endpoint, client, raw)),
    ]


def _asked(ask: Callable[[], Any]) -> Any:
    """The answer, or the error in its place."""
    try:
        return ask()
    except DashborionError as error:
        return error


def _platform(client: Client, raw: Mapping[str, Any]) -> str | None:
    host = raw.get("containerInstanceArn")
    if not host:
        family = str(raw.get("platformFamily") or "")
        least = FARGATE_WINDOWS if family.lower().startswith("windows") else FARGATE_LINUX
        return require_version("platform", raw.get("platformVersion"), least)
    found = client.objects(
        native_wire.ContainerInstance, "container_instances", "containerInstances", raw=True,
        tell=None, cluster=client.cluster, containerInstances=[wire.arn_name(str(host))],
    )  # fmt: skip
    info = (found[0].raw or {}).get("versionInfo") or {} if found else {}
    return require_version("agent", info.get("agentVersion"), AGENT)


def require_version(what: str, said: object, least: tuple[int, ...]) -> str:
    """The version, if it is new enough.

    Raises:
        Unknown: it is not said.
        Refusal: it is too old.
    """
    try:
        numbers = tuple(map(int, str(said).split(".")))
    except ValueError as error:
        raise Unknown(f"AWS does not say the {what}'s version") from error
    if numbers < least:
        needed = ".".join(map(str, least))
        raise Refusal(f"{what} {said}", hint=f"ECS Exec needs {needed} or newer: replace the task")
    return f"{what} {said}"


def writable_root(definition: Any, container: str | None) -> Requirement:
    """Whether the agent can write its files."""
    name = "writable root"
    if isinstance(definition, DashborionError):
        return requirement(name, None, definition.message, definition.hint)
    closed = [
        one.name
        for one in definition.container_definitions
        if one.readonly_root_filesystem and container in (None, one.name)
    ]
    if closed:
        return requirement(name, False, f"read-only in {', '.join(closed)}", _WRITABLE)
    return requirement(name, True)


def _role(client: Client, raw: Mapping[str, Any], definition: Any) -> list[Requirement]:
    """The four rights of the task's role."""
    role = (raw.get("overrides") or {}).get("taskRoleArn")
    if not role and isinstance(definition, DashborionError):
        return [requirement(one, None, definition.message, definition.hint) for one in RIGHTS]
    role = role or definition.task_role_arn
    if not role and not raw.get("containerInstanceArn"):
        return [requirement(one, False, "the task has no role", _ROLE) for one in RIGHTS]
    if not role:  # then the machine's role counts, which the task does not name
        return [requirement(one, None, "the task has no role of its own", _ROLE) for one in RIGHTS]
    answer = _asked(
        lambda: client.aws.call(
            "iam", "simulate_principal_policy", PolicySourceArn=role, ActionNames=list(RIGHTS)
        )
    )
    return rights_of(answer)


def rights_of(answer: Any) -> list[Requirement]:
    """What IAM's simulation says of each right; unknown where it may not be asked."""
    if isinstance(answer, DashborionError):
        return [requirement(one, None, answer.message, "allow iam:SimulatePrincipalPolicy, "
                            "or look at the role's policies") for one in RIGHTS]  # fmt: skip
    results: Sequence[Mapping[str, Any]] = answer.get("EvaluationResults") or ()
    decisions = {one.get("EvalActionName"): str(one.get("EvalDecision")) for one in results}
    return [
        requirement(
            one,
            None if one not in decisions else decisions[one] == "allowed",
            decisions.get(one),
            None if decisions.get(one) == "allowed" else _ROLE,
        )
        for one in RIGHTS
    ]


def _endpoint(client: Client, raw: Mapping[str, Any]) -> str | None:
    """The task's own way to Systems Manager; there may be a way through the internet."""
    details = [
        detail for one in raw.get("attachments") or () for detail in one.get("details") or ()
    ]
    subnet = next((one.get("value") for one in details if one.get("name") == "subnetId"), None)
    if not subnet:
        raise Unknown("the task names no subnet", hint=_WAY)
    answer = client.aws.call("ec2", "describe_subnets", SubnetIds=[subnet])
    vpc = next((one.get("VpcId") for one in answer.get("Subnets") or ()), None)
    service = f"com.amazonaws.{client.aws.region}.ssmmessages"
    filters = {"vpc-id": vpc, "service-name": service}
    answer = client.aws.call(
        "ec2",
        "describe_vpc_endpoints",
        Filters=[{"Name": name, "Values": [value]} for name, value in filters.items()],
    )
    if any(one.get("State") == "available" for one in answer.get("VpcEndpoints") or ()):
        return f"in {vpc}"
    raise Unknown(f"{vpc} has none", hint=_WAY)
