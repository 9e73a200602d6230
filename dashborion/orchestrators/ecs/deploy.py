"""New images and old revisions: what they would change in a task definition, and the requests."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dashborion.errors import BadAnswer, DashborionError, MaybeApplied, NotFound, Refusal
from dashborion.orchestrators.aws.errors import Refused
from dashborion.orchestrators.difference import differences
from dashborion.orchestrators.ecs import normalise, rollout, wire
from dashborion.orchestrators.ecs.changes import Changes
from dashborion.orchestrators.ecs.client import Client
from dashborion.orchestrators.ecs.history import Past, past
from dashborion.orchestrators.images import as_text, by_container
from dashborion.orchestrators.protocol import Followed, History, Images, Planned, Subject

_RESERVED = "aws:"  # tags that only AWS itself may set


@dataclass(frozen=True)
class _Whole:
    """A task definition with all that it holds, as RegisterTaskDefinition takes it.

    ``unknown`` are the paths of what is not in ``fields`` because the installed
    botocore does not know it.
    """

    arn: str
    status: str
    fields: dict[str, Any]
    tags: list[dict[str, str]]
    unknown: list[str]

    @classmethod
    def read(cls, client: Client, name: str) -> _Whole:
        """Ask for it; ``Refused`` when there is none of that name."""
        answer, unknown = client.aws.whole(
            "ecs", "describe_task_definition", taskDefinition=name, include=["TAGS"]
        )
        found = answer.get("taskDefinition")
        if not isinstance(found, dict) or not found.get("taskDefinitionArn"):
            raise BadAnswer("ecs:DescribeTaskDefinition: an answer that was cut short")
        accepted = client.aws.accepted("ecs", "register_task_definition")
        return cls(
            arn=str(found["taskDefinitionArn"]),
            status=str(found.get("status") or "ACTIVE"),
            fields={key: value for key, value in found.items() if key in accepted},
            tags=list(answer.get("tags") or ()),
            unknown=[one.removeprefix("taskDefinition.") for one in unknown],
        )

    @property
    def name(self) -> str:
        return rollout.revision(self.arn) or self.arn


@dataclass(frozen=True)
class _New:
    """A task definition that is still to be registered."""

    fields: dict[str, Any]


@dataclass(frozen=True)
class _Existing:
    arn: str


@dataclass(frozen=True)
class Definitions:
    """Changes of task definitions, worked out first and sent then."""

    client: Client
    changes: Changes

    def history(self, subject: Subject) -> History:
        """What the service ran, and when; or what its family has."""
        found = past(self.client, subject.handle)
        return History([one.revision for one in found.ran], found.doubt)

    def with_images(self, subject: Subject, images: Images) -> Planned:
        """A new revision with all that the running one has, the tags included."""
        service: wire.Service = subject.handle
        whole = _Whole.read(self.client, normalise.definition_of(service))
        after = copy.deepcopy(whole.fields)
        containers = {str(one["name"]): one for one in after.get("containerDefinitions") or ()}
        wanted = by_container(images, list(containers), owner=whole.name)
        had = {container: containers[container].get("image", "") for container in wanted}
        for container, image in wanted.items():
            containers[container]["image"] = image
        difference = tuple(differences(whole.fields, after))
        if difference:
            _require_known(whole)
        kept = [tag for tag in whole.tags if not tag.get("key", "").startswith(_RESERVED)]
        reserved = [tag["key"] for tag in whole.tags if tag not in kept]
        note = f"only AWS may set these tags, so the new revision lacks them: {', '.join(reserved)}"
        return Planned(
            before=as_text(had),
            after=as_text(wanted),
            difference=difference,
            handle=_New({**after, **({"tags": kept} if kept else {})}),
            notes=(note,) if reserved else (),
        )

    def with_revision(self, subject: Subject, revision: str | None) -> Planned:
        """A task definition that there is already, compared with the running one."""
        service: wire.Service = subject.handle
        current = _Whole.read(self.client, normalise.definition_of(service))
        if revision is None:
            target = _Whole.read(self.client, _ran_before(service, past(self.client, service)))
        else:
            target = self._named(service, revision)
        if target.status != "ACTIVE":
            raise Refusal(f"{target.name} is {target.status}: a service cannot be given it")
        difference = tuple(differences(current.fields, target.fields))
        if target.arn == current.arn or not (difference or target.unknown or current.unknown):
            raise Refusal(f"{service.service_name}: {target.name} is what runs")
        return Planned(
            before=current.name,
            after=target.name,
            difference=difference,
            handle=_Existing(target.arn),
        )

    def _named(self, service: wire.Service, revision: str) -> _Whole:
        """``--to 3``, ``--to family:3``, or an ARN."""
        family = (rollout.revision(normalise.definition_of(service)) or "").partition(":")[0]
        name = f"{family}:{revision}" if revision.isdecimal() else revision
        try:
            return _Whole.read(self.client, name)
        except Refused as error:
            known = [one.revision.revision for one in past(self.client, service).ran]
            where = f"the history of {service.service_name}"
            raise NotFound("revision", name, where=where, known=known) from error

    def redefine(self, subject: Subject, planned: Planned) -> Followed:
        """Register if need be, then update the service: two writes, each sent once."""
        service: wire.Service = subject.handle
        if isinstance(planned.handle, _Existing):
            return self.changes.begin(service, taskDefinition=planned.handle.arn)
        arn = _register(self.client, planned.handle.fields)
        registered = f"{rollout.revision(arn)} was registered"
        try:
            followed = self.changes.begin(service, taskDefinition=arn)
        except DashborionError as error:
            error.message = f"{error.message}; {registered}"
            raise
        return Followed(followed.mark, followed.before, notes=(registered,))


def _register(client: Client, fields: Mapping[str, Any]) -> str:
    """Make a new revision, once; its ARN."""
    answer = client.aws.write("ecs", "register_task_definition", **fields)
    made = answer.get("taskDefinition")
    if not isinstance(made, dict) or not made.get("taskDefinitionArn"):
        raise MaybeApplied("ecs:RegisterTaskDefinition: a cut answer: it may have been registered")
    return str(made["taskDefinitionArn"])


def _require_known(whole: _Whole) -> None:
    """Called before a definition is registered again.

    Raises:
        Refusal: a new revision would silently lack what botocore does not know.
    """
    if whole.unknown:
        raise Refusal(
            f"{whole.name} has what the installed botocore does not know, and a new revision "
            f"would lose it: {', '.join(whole.unknown)}",
            hint="a newer one may know it: pip install --upgrade boto3",
        )


def _ran_before(service: wire.Service, known: Past) -> str:
    """The newest task definition, other than the running one, that once got through.

    Raises:
        Refusal: there is none, or ECS does not say.
    """
    others = [one for one in known.ran if not one.revision.current]
    good = [one for one in others if one.succeeded]
    if good:
        return good[-1].arn
    name = service.service_name
    if not others:
        raise Refusal(f"{name}: there is no other revision to go back to")
    names = ", ".join(one.revision.revision for one in others)
    raise Refusal(
        f"{name}: ECS does not say that another revision ran here and got through",
        hint=f"--to names one: there is {names}",
    )
