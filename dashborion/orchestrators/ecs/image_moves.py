"""What a restart would do to images: ECS resolves their tags again, and a tag may have moved."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from dashborion.orchestrators.aws.parts import LOST
from dashborion.orchestrators.changing import ImageMove
from dashborion.orchestrators.ecs import definition, normalise, wire
from dashborion.orchestrators.ecs.client import Client
from dashborion.orchestrators.ecs.definitions import ECR
from dashborion.orchestrators.images import Reference

_INDEXES = ("application/vnd.docker.distribution.manifest.list", "application/vnd.oci.image.index")


def image_moves(client: Client, service: wire.Service) -> Iterator[ImageMove]:
    """For each tag of a service's task definition, as ``WorkloadToChange.image_moves``."""
    current = normalise.definition_of(service)
    known = client.aws.optional(partial(client.task_definitions, [current])) or {}
    digests = None
    for container in known[current].container_definitions if current in known else ():
        image = Reference.parse(container.image)
        if image.digest is not None or image.tag is None:
            continue
        now, is_index = _digest_of(client, image.repository, image.tag)
        if now is not None and digests is None:  # only then are the tasks worth asking for
            listing = partial(client.tasks, service=service.service_name)
            digests = definition.digests_of(one.item for one in client.aws.optional(listing) or ())
        before = (digests or {}).get(container.name, [])
        if now in before:
            yield ImageMove(container.image, now, now)
        elif now is None or is_index or len(before) != 1:  # a task may tell one platform's digest
            yield ImageMove(container.image, None, None)
        else:
            yield ImageMove(container.image, before[0], now)


def _digest_of(client: Client, repository: str, tag: str) -> tuple[str | None, bool]:
    """What a tag means in ECR by now, and whether that has an image for each platform."""
    place = ECR.fullmatch(repository)
    if place is None:
        return None, False
    try:
        answer = client.aws.in_region(place["region"]).call(
            "ecr", "describe_images", registryId=place["account"],
            repositoryName=place["name"], imageIds=[{"imageTag": tag}],
        )  # fmt: skip
    except LOST:  # decoration: nobody has to be able to read the registry
        return None, False
    found = (answer.get("imageDetails") or [{}])[0]
    return found.get("imageDigest"), str(found.get("imageManifestMediaType")).startswith(_INDEXES)
