"""Deploys what runs in another environment: looks at both sides, and leaves the rest to changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from dashborion.config.targets import Environment
from dashborion.engines.answers import located
from dashborion.engines.changes import Changer
from dashborion.engines.fleet import Fleet
from dashborion.engines.promotion import Promoted, Wanted, promotion
from dashborion.errors import DashborionError, Refusal, UsageError
from dashborion.models.query import Query
from dashborion.orchestrators.protocol import Orchestrator, Running

T = TypeVar("T")


def deploy_from(
    changer: Changer,
    name: str,
    *,
    source: Environment,
    source_name: str | None,
    wanted: Wanted,
) -> None:
    """Give a workload the images that one of the source runs.

    Raises:
        UsageError, Refusal, NotFound: as ``promotion.promotion``.
        Refusal: the registry does not have the image.
    """
    fleet = changer.fleet
    target = fleet.workload_to_change(name, changer.query)
    here, exact = target.environment, target.name
    taken = fleet.workload_name(source_name or exact.name)
    runs = _ask(fleet, source, lambda one: one.definitions.running(taken, Query()))
    now = _ask(fleet, here, lambda one: one.definitions.running(exact, changer.query))
    if _place(runs) == _place(now):
        raise UsageError(f"{now.workload.name} in {here.label} is the target itself")
    promoted = promotion(runs, now, wanted)
    changer.streams.note(f"taking what {runs.workload.name} runs in {source.label}")
    notes = list(promoted.notes)
    for one in () if wanted.by_tag else promoted.promoted:
        notes += _checked(fleet, here, one, force=wanted.force)
    for note in dict.fromkeys(notes):
        changer.streams.announce(note)
    images = [(one.container, one.image) for one in promoted.promoted]
    changer.deploy(str(exact), images, force=False)


def _place(running: Running) -> tuple[str, ...]:
    one = running.workload
    return (running.environment.label, one.namespace, str(one.type), one.name)


def _checked(fleet: Fleet, here: Environment, one: Promoted, *, force: bool) -> Iterator[str]:
    """What the registry says of an image, as far as it can be asked from the target.

    Raises:
        Refusal: it does not have it, or no tag keeps it there.
    """
    place, digest = one.repository, one.digest or ""
    tags = _ask(fleet, here, lambda orchestrator: orchestrator.definitions.tags_of(place, digest))
    if tags:
        yield f"{place} has it, with the tags {', '.join(tags)}"
        return
    if tags is None:
        yield f"not checked whether {place} has it"
    if not force and (tags == [] or one.tag is None):
        raise Refusal(
            f"no tag is known that keeps {digest} in {place}",
            hint="once a lifecycle rule has deleted it, nothing can be started any more: "
            "give it a tag, or use --force",
        )


def _ask(fleet: Fleet, environment: Environment, ask: Callable[[Orchestrator], T]) -> T:
    try:
        return fleet.ask(environment, ask)
    except DashborionError as error:
        raise located(error, environment) from None
