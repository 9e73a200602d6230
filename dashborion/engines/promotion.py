"""What runs in one environment, as images for another: chosen, or refused. Pure.

A promotion takes what *runs*: a tag may have moved since it was resolved, so the digest is what is
deployed unless the tag is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum

from msgspec import Struct

from dashborion.engines.pairing import matched, words_of
from dashborion.errors import NotFound, Refusal, UsageError
from dashborion.models.rollout import RolloutState
from dashborion.models.workload import WorkloadStatus
from dashborion.orchestrators.images import Reference
from dashborion.orchestrators.protocol import Running, RunningContainer

_PULLS = {
    "ecs": "ECS pulls with the task's execution role or repositoryCredentials",
    "kubernetes": "Kubernetes pulls with imagePullSecrets or with what its nodes may",
}


class Repository(StrEnum):
    """Whose repository is deployed from where the two have different ones."""

    KEEP = "keep"
    TARGET = "target"


class Wanted(Struct, frozen=True):
    """How images are taken: ``by_tag`` instead of by digest, from whose repository."""

    by_tag: bool = False
    repository: Repository | None = None
    force: bool = False


class Promoted(Struct, frozen=True):
    """The image that a container of the target gets, as it is named by the source.

    ``digest`` is what runs, if that is known; ``tag`` what the source's definition calls it.
    """

    container: str
    image: str
    repository: str
    digest: str | None
    tag: str | None


class Promotion(Struct, frozen=True):
    """What is deployed, and what is worth knowing of it."""

    promoted: Sequence[Promoted]
    notes: Sequence[str]


def promotion(source: Running, target: Running, wanted: Wanted) -> Promotion:
    """The images of the source's containers for those of the target that they belong to.

    Raises:
        UsageError: nothing runs there, or the repositories differ and nobody said what to do.
        Refusal: what runs is not one certain image, or a rollout is under way.
        NotFound: no container belongs to another.
    """
    _require_settled(source, force=wanted.force)
    pairs, untouched = _pairs(source, target)
    promoted = [_promoted(source, target, *pair, wanted) for pair in pairs]
    return Promotion(promoted, [*_notes(source, target, promoted, wanted), *untouched])


def _require_settled(source: Running, *, force: bool) -> None:
    workload, where = source.workload, source.environment.label
    runs_any = any(one.digests for one in source.containers)
    if workload.status is WorkloadStatus.STOPPED or not runs_any:
        raise UsageError(f"nothing runs of {workload.name} in {where}: there is nothing to take")
    rollout = workload.rollout
    if rollout.state is not RolloutState.COMPLETE and not force:
        why = f": {rollout.message}" if rollout.message else ""
        raise Refusal(
            f"the rollout of {workload.name} in {where} is {rollout.state}{why}",
            hint="wait for it with `workloads status --wait`, or take what runs with --force",
        )


Pairs = Sequence[tuple[RunningContainer, RunningContainer]]


def _pairs(source: Running, target: Running) -> tuple[Pairs, list[str]]:
    """The containers of the main one's repository that belong together; the others are sidecars."""
    words = (words_of(source.environment), words_of(target.environment))
    found, *_ = matched(
        source.containers, target.containers, words, [lambda one, _: (one.name, one.init)]
    )
    main = _main(source)
    repository = Reference.parse(main.image).repository
    pairs = [
        (one, other) for one, other in found
        if one is main or Reference.parse(one.image).repository == repository
    ]  # fmt: skip
    if all(one is not main for one, _ in pairs):
        rest = [one for one in target.containers if not one.init]
        if len(rest) != 1:
            known = [one.name for one in target.containers]
            raise NotFound("container", main.name, where=target.workload.name, known=known)
        taken = {other.name for _, other in pairs}
        pairs = [(main, rest[0]), *(p for p in pairs if rest[0].name not in taken)]
    touched = {(other.name, other.init) for _, other in pairs}
    left = [one for one in target.containers if (one.name, one.init) not in touched]
    names = ", ".join(one.name for one in left)
    return pairs, [f"these containers are left as they are: {names}"] if left else []


def _main(source: Running) -> RunningContainer:
    """The container called like the workload, or else the first."""
    regular = [one for one in source.containers if not one.init]
    if not regular:
        raise Refusal(f"{source.workload.name}: the API tells of no container")
    return next((one for one in regular if one.name == source.workload.name), regular[0])


def _promoted(
    source: Running,
    target: Running,
    one: RunningContainer,
    other: RunningContainer,
    wanted: Wanted,
) -> Promoted:
    name, where = f"{source.workload.name}/{one.name}", source.environment.label
    image, present = Reference.parse(one.image), Reference.parse(other.image)
    digests = list(one.digests)
    if len(digests) > 1:
        told = ", ".join(digest or "an unknown one" for digest in digests)
        raise Refusal(
            f"the instances of {name} in {where} run different images: {told}",
            hint="wait for its rollout; where a tag has moved, `workloads restart` brings them "
            "together",
        )
    digest = (digests[0] if digests else None) or image.digest
    repository = image.repository
    if repository != present.repository:
        if wanted.repository is None:
            raise UsageError(
                f"{name} is from {repository} in {where}, "
                f"and from {present.repository} in {target.environment.label}",
                hint="--repository keep deploys from the first, --repository target from the other",
            )
        if wanted.repository is Repository.TARGET:
            repository = present.repository
    if not wanted.by_tag and digest is None:
        raise Refusal(
            f"nobody tells which image of {repository} {name} runs in {where}",
            hint="--by-tag deploys the tag, whatever it means by now",
        )
    if wanted.by_tag and image.tag is None:
        raise UsageError(f"{name} in {where} has no tag: {one.image}", hint="omit --by-tag")
    # Never both: registries that do not know the tag any more would refuse the digest, too.
    named = f":{image.tag}" if wanted.by_tag else f"@{digest}"
    return Promoted(other.name, repository + named, repository, digest, image.tag)


def _notes(
    source: Running, target: Running, promoted: Sequence[Promoted], wanted: Wanted
) -> Iterator[str]:
    workload, where = source.workload, source.environment.label
    if workload.status is WorkloadStatus.DEGRADED:
        yield f"{workload.name} is degraded in {where}"
    for one in promoted:
        if wanted.by_tag:
            runs = f": {one.digest} runs in {where}" if one.digest else ""
            yield f"tag {one.tag} of {one.repository} may mean another image by now{runs}"
        elif one.tag:
            rule = "a lifecycle rule may delete what has no tag"
            yield f"keep tag {one.tag} in {one.repository}: {rule}"
    kinds = [each.workload.orchestrator for each in (source, target)]
    present = {Reference.parse(one.image).registry for one in target.containers}
    for registry in sorted({one.repository.partition("/")[0] for one in promoted}):
        if kinds[0] != kinds[1] or registry not in present:
            yield f"{_PULLS[kinds[1]]}: nobody checked that it may pull from {registry}"
    if not wanted.by_tag:
        yield from _platforms(source, target)


def _platforms(source: Running, target: Running) -> Iterator[str]:
    """A digest may be that of one platform's manifest, which does not start on another."""
    here, there = source.architectures, target.architectures
    if here and there and not (here == there and len(there) == 1):
        yield (
            f"it runs on {', '.join(sorted(here))} there, and here on {', '.join(sorted(there))}: "
            "a digest may be of one platform only"
        )
