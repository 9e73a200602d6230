"""RunTask for a one-off command, from a service and its task definition; what its task tells. Pure.

An override holds command, variables and sizes. It holds no image and no entry point, and every
container of the definition starts with the command's.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashborion.errors import Refusal, UsageError, listing
from dashborion.orchestrators.ecs import amounts, wire
from dashborion.orchestrators.ecs.instances import by_blame
from dashborion.orchestrators.run import TAG, RunSeen, RunWish, chosen_container

Json = dict[str, Any]

STARTED_BY = "dashborion-run/"
MOST_STARTED_BY, MOST_OVERRIDES, MOST_TAG = 128, 8192, 256  # characters, as the API takes them
ONE_OFF = "-dashborion-run"  # behind a family's name
SPOT = "FARGATE_SPOT"
REASON_TAG = "dashborion:reason"
_OF_AWS = ("ecs-service-connect-", "aws-guardduty-agent", "aws-otel-collector-ecs")
_NOT_IN_TAGS = re.compile(r"[^\w\s.:/=+\-@]")
_KILLED = {137, 143}  # how ECS ends a container: SIGTERM, then SIGKILL
_EXPRESS = (
    "an Express service: whether RunTask keeps to its settings was not tried yet; "
    "UpdateExpressGatewayService changes them"
)


@dataclass(frozen=True)
class Definition:
    """What a run is made from: the revision's ARN and fields, and the service as the API has it."""

    arn: str
    fields: Mapping[str, Any]
    service: Mapping[str, Any]

    @property
    def containers(self) -> dict[str, Json]:
        """The definitions of its containers by name."""
        return {str(one["name"]): one for one in self.fields.get("containerDefinitions") or ()}

    @property
    def placed(self) -> Mapping[str, Any]:
        """Where and how its tasks are placed: CODE_DEPLOY and EXTERNAL have task sets instead."""
        for one in (*self._all("deployments"), *self._all("taskSets")):
            if one.get("status") == "PRIMARY":
                return {**self.service, **one}
        return self.service

    def _all(self, key: str) -> Sequence[Mapping[str, Any]]:
        return self.service.get(key) or ()


@dataclass(frozen=True)
class Built:
    """RunTask's arguments, and what to say of them; with ``registered`` a revision comes first."""

    arguments: Json
    registered: Json | None
    container: str
    image: str
    role: str
    public_ip: bool | None
    beside: Mapping[str, str]
    notes: tuple[str, ...]


def build(definition: Definition, wish: RunWish, token: str) -> Built:
    """The request for a command; ``token`` makes it safe to send twice.

    Raises:
        UsageError: it cannot be run so on ECS, or which container is meant cannot be told.
        NotFound: no container of that name.
        Refusal: the container would be restarted when the command has ended.
    """
    _require_possible(definition, wish)
    name = str(definition.service.get("serviceName"))
    known = definition.containers
    container = chosen_container(
        wish.container, _candidates(name, known, wish), list(known), owner=name
    )
    for beside in wish.beside:
        chosen_container(beside, [], list(known), owner=name)
    if not wish.image and (known[container].get("restartPolicy") or {}).get("enabled"):
        raise Refusal(
            f"{name}: container '{container}' has a restartPolicy: ECS would run the command again",
            hint=f"--image {known[container].get('image')} registers a revision without it",
        )
    placed = definition.placed
    strategy = placed.get("capacityProviderStrategy") or None
    is_spot = any(one.get("capacityProvider") == SPOT for one in strategy or ())
    if is_spot and wish.on_demand:
        strategy, is_spot = [{"capacityProvider": "FARGATE", "weight": 1}], False
    network = placed.get("networkConfiguration")
    arguments = {
        "taskDefinition": definition.arn,
        "count": 1,
        "clientToken": token,
        "startedBy": started_by(name),
        "capacityProviderStrategy": strategy,
        "launchType": None if strategy else placed.get("launchType"),
        "platformVersion": placed.get("platformVersion"),
        "networkConfiguration": network,
        "placementConstraints": definition.service.get("placementConstraints"),
        "volumeConfigurations": placed.get("volumeConfigurations"),
        "enableExecuteCommand": definition.service.get("enableExecuteCommand"),
        "enableECSManagedTags": definition.service.get("enableECSManagedTags"),
        "overrides": _overrides(definition.fields, known[container], wish),
        "tags": _tags(definition.service.get("tags") or (), REASON_TAG, wish.reason),
    }
    public = ((network or {}).get("awsvpcConfiguration") or {}).get("assignPublicIp")
    return Built(
        arguments={key: value for key, value in arguments.items() if value},
        registered=_registered(definition, container, wish) if wish.image else None,
        container=container,
        image=wish.image or str(known[container].get("image", "")),
        role=roles(definition.fields),
        public_ip=None if public is None else public == "ENABLED",
        beside={
            other: _told_of(one, known[container])
            for other, one in known.items()
            if other != container
        },
        notes=tuple(_notes(placed, is_spot=is_spot)),
    )


def _require_possible(definition: Definition, wish: RunWish) -> None:
    if definition.service.get("resourceManagementType") == "ECS":
        raise UsageError(f"{definition.service.get('serviceName')}: {_EXPRESS}")
    if wish.entry_point:
        raise UsageError(
            "--command is for Kubernetes: on ECS nothing replaces an entry point",
            hint="the command replaces the arguments behind it",
        )
    if wish.interactive:
        raise UsageError(
            "-i and -t are for Kubernetes: a task of ECS has no stdin",
            hint="start it with --detach, then use `dashborion instances exec`",
        )
    for option, text, amount in (
        ("--cpu", wish.cpu, amounts.cpu_units(wish.cpu)),
        ("--memory", wish.memory, amounts.mib(wish.memory)),
    ):
        if text is not None and not amount:
            example = "512 (CPU units) or .5vCPU" if option == "--cpu" else "1024 (MiB) or 2GB"
            raise UsageError(f"{option}: '{text}' is not an amount", hint=f"use {example}")


def _candidates(service: str, known: Mapping[str, Json], wish: RunWish) -> list[str]:
    """The only container, or the only essential one; what AWS adds is none.

    Raises:
        UsageError: none was named, and there are several.
    """
    own = [name for name in known if not name.startswith(_OF_AWS)]
    essential = [name for name in own if known[name].get("essential", True)]
    if len(own) != 1 and len(essential) != 1 and wish.container is None:
        raise UsageError(
            f"{service} has {len(own)} containers: {listing(own)}",
            hint="name the command's with -c",
        )
    return own if len(own) == 1 else essential


def _overrides(fields: Mapping[str, Any], container: Mapping[str, Any], wish: RunWish) -> Json:
    """As RunTask takes them; sizes of the task where it has its own, as on Fargate.

    Raises:
        UsageError: they are longer than the API takes.
    """
    own: Json = {"name": container["name"]}
    if wish.command:
        own["command"] = list(wish.command)
    if wish.variables:
        own["environment"] = [{"name": k, "value": v} for k, v in wish.variables.items()]
    overrides: Json = {}
    sizes = (("cpu", amounts.cpu_units(wish.cpu)), ("memory", amounts.mib(wish.memory)))
    for key, amount in sizes:
        if amount:
            if fields.get(key):
                overrides[key] = str(amount)
            if container.get(key) or not fields.get(key):
                own[key] = amount
    if len(own) > 1:
        overrides["containerOverrides"] = [own]
    if len(json.dumps(overrides)) > MOST_OVERRIDES:
        raise UsageError(f"command and variables are longer than {MOST_OVERRIDES} characters")
    return overrides


def _registered(definition: Definition, container: str, wish: RunWish) -> Json:
    """The one-off revision: another image, and no restarts of the command's container."""
    fields = copy.deepcopy(dict(definition.fields))
    for one in fields["containerDefinitions"]:
        if one["name"] == container:
            one["image"] = wish.image
            one.pop("restartPolicy", None)
    workload = str(definition.service.get("serviceName"))
    family = f"{fields['family'][: 255 - len(ONE_OFF)]}{ONE_OFF}"
    tags = _tags(fields.pop("tags", None) or (), TAG, workload)
    return {**fields, "family": family, "tags": tags}


def _tags(given: Iterable[Mapping[str, str]], key: str, value: str | None) -> list[Json]:
    """The tags that we may set, and one of our own if it has a value."""
    kept = [dict(one) for one in given if not one.get("key", "").startswith("aws:")]
    own = _NOT_IN_TAGS.sub("_", value)[:MOST_TAG] if value else ""
    return [
        *(one for one in kept if one["key"] != key),
        *([{"key": key, "value": own}] * bool(own)),
    ]


def started_by(service: str) -> str:
    """What marks the tasks of a service's runs; the API takes letters, digits, ``-``, ``/``."""
    return f"{STARTED_BY}{service}"[:MOST_STARTED_BY]


def roles(fields: Mapping[str, Any]) -> str:
    """The role of the command, and that of ECS for its start."""
    named = (("task role", fields.get("taskRoleArn")), ("execution role",
             fields.get("executionRoleArn")))  # fmt: skip
    told = [f"{kind} {wire.arn_name(str(arn))}" for kind, arn in named if arn]
    return " and ".join(told) or "no role"


def _told_of(other: Mapping[str, Any], container: Mapping[str, Any]) -> str:
    """``essential, waited for until HEALTHY``."""
    facts = ["essential"] if other.get("essential", True) else []
    facts += [
        f"waited for until {one.get('condition')}"
        for one in container.get("dependsOn") or ()
        if one.get("containerName") == other["name"]
    ]
    return ", ".join(facts)


def _notes(placed: Mapping[str, Any], *, is_spot: bool) -> Iterable[str]:
    yield "nothing ends it on ECS if this command is killed or detached"
    if (placed.get("serviceConnectConfiguration") or {}).get("enabled"):
        yield "it has no Service Connect: names of other services that this gives do not resolve"
    if is_spot:
        yield f"{SPOT} may interrupt it; --on-demand keeps it off Spot"


# --- What its task tells --------------------------------------------------------------------------


def ended_in(task: wire.Task, essential: frozenset[str]) -> frozenset[str]:
    """The essential containers that have ended by now."""
    names = [one.name for one in task.containers if one.last_status == "STOPPED"]
    return essential.intersection(names)


def seen(
    task: wire.Task,
    container: str,
    essential: frozenset[str],
    first: frozenset[str],
    before: RunSeen,
) -> RunSeen:
    """How far the command is; ``first`` are the essential containers that were seen to end first.

    DescribeTasks has no time for a container's end: who ended first is what was seen first, or
    else told from exit codes, as ECS stops the others with signals.
    """
    id_ = wire.arn_name(task.task_arn)
    codes = {one.name: one.exit_code for one in task.containers}
    mine = next((one for one in task.containers if one.name == container), wire.Container())
    is_over = mine.last_status == "STOPPED" or task.last_status == "STOPPED"
    started = before.started or mine.last_status == "RUNNING" or mine.exit_code is not None
    if not is_over:
        waits_for = None if started else f"it is {task.last_status}"
        return RunSeen(instance=id_, started=started, waits_for=waits_for)
    why = None
    if mine.exit_code is None:
        if task.last_status != "STOPPED":  # the reason comes with the task's end
            return RunSeen(instance=id_, started=started)
        told = (task.stopped_reason, *(one.reason for one in by_blame(task, None)))
        why = ": ".join(dict.fromkeys(filter(None, told))) or task.stop_code or "ECS does not say"
    elif task.stop_code not in (None, "EssentialContainerExited"):
        why = task.stopped_reason or task.stop_code  # of which the command may have been told
    else:
        others = {name: codes.get(name) for name in essential - {container}}
        by_itself = {name for name, code in others.items() if code not in {None, *_KILLED}}
        culprits = first if container not in first else frozenset()
        if not culprits and mine.exit_code in _KILLED:
            culprits = frozenset(by_itself)
        if culprits:
            name = min(culprits)
            why = f"container '{name}' ended before it, with exit code {codes.get(name)}"
    code = mine.exit_code if why is None else None
    told_of_end = why or mine.reason
    return RunSeen(instance=id_, started=started, is_over=True, exit_code=code, why=told_of_end)
