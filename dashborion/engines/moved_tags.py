"""A restart pulls what tags mean now: whether that is what runs, as far as registries tell."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from dashborion.engines.parking import Parker
from dashborion.errors import DashborionError, Refusal
from dashborion.orchestrators.changing import WorkloadToChange
from dashborion.orchestrators.images import Reference
from dashborion.orchestrators.protocol import Orchestrator


class Tags(Struct, frozen=True):
    """The images whose tag is another's now, in words, and those of which nobody can tell."""

    moved: Sequence[str] = ()
    unknown: Sequence[str] = ()


def restart_where_tags_stay(
    parker: Parker, target: WorkloadToChange, *, allow_image_change: bool
) -> None:
    """Restart a workload, one of several; what its tags mean is part of the plan.

    Raises:
        Refusal: one has moved, and nobody has allowed for that.
    """
    told = _tags(parker, target) if parker.dry_run else Tags()
    if told.moved and not allow_image_change:
        raise Refusal(
            f"{target.workload.name}: {'; '.join(told.moved)}: a restart deploys that",
            hint="--allow-image-change restarts it all the same",
        )
    parker.restart_found(target)
    for one in told.moved:
        parker.streams.announce(f"a restart deploys another image: {one}")
    if told.unknown:
        images = ", ".join(told.unknown)
        parker.streams.announce(f"cannot tell whether a tag has moved: {images}")


def _tags(parker: Parker, target: WorkloadToChange) -> Tags:
    """What the registry says; not being told is no reason to stop."""

    def ask(orchestrator: Orchestrator) -> Tags:
        definitions, moved, unknown = orchestrator.definitions, [], []
        for one in definitions.running(target.name, parker.query).containers:
            image = Reference.parse(one.image)
            if image.digest is not None or not one.digests:
                continue
            tag = image.tag or "latest"
            digest = one.digests[0] if len(one.digests) == 1 else None
            tags = definitions.tags_of(image.repository, digest) if digest else None
            if tags is None:
                unknown.append(one.image)
            elif tag not in tags:
                moved.append(f"tag {tag} of {image.repository} is not {digest} any more")
        return Tags(moved, unknown)

    try:
        return parker.fleet.ask(target.environment, ask)
    except Refusal as error:  # the registry has lost it
        return Tags(moved=[error.message])
    except DashborionError as error:
        return Tags(unknown=[error.message])
