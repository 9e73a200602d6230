"""Images of containers: their names in parts, and new ones, for every orchestrator. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

from dashborion.errors import NotFound, UsageError
from dashborion.orchestrators.changing import Images


def by_container(
    images: Images, containers: Sequence[str], *, others: Sequence[str] = (), owner: str
) -> dict[str, str]:
    """The new image of each container.

    An image without a container's name is for the only one of ``containers``; ``others``,
    such as init containers, have to be named.

    Raises:
        UsageError: no container was named and there are several, or one was named twice.
        NotFound: no container of that name.
    """
    chosen: dict[str, str] = {}
    known = [*containers, *others]
    for name, image in images:
        if name is None and len(containers) != 1:
            raise UsageError(
                f"{owner} has {len(containers)} containers: {', '.join(containers)}",
                hint=f"name one: --image {containers[0] if containers else 'NAME'}={image}",
            )
        container = containers[0] if name is None else name
        if container not in known:
            raise NotFound("container", container, where=owner, known=known)
        if container in chosen:
            raise UsageError(f"two images for container '{container}'")
        chosen[container] = image
    return chosen


def as_text(images: Mapping[str, str]) -> str:
    """The image, or ``name=image, …`` if there are several."""
    if len(images) == 1:
        return next(iter(images.values()))
    return ", ".join(f"{name}={image}" for name, image in images.items())


_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class Reference(Struct, frozen=True):
    """An image's name in its parts; without a tag and a digest the tag is ``latest``."""

    repository: str
    tag: str | None
    digest: str | None

    @classmethod
    def parse(cls, text: str) -> Reference:
        """``[REGISTRY/]NAME[:TAG][@DIGEST]``, the repository with Docker Hub's name written out."""
        name, _, digest = text.partition("@")
        before, colon, tag = name.rpartition(":")
        if not colon or "/" in tag:  # the colon of a registry's port
            before, tag = name, ""
        if not tag and not digest:
            tag = "latest"
        return cls(canonical(before), tag or None, digest or None)

    @property
    def registry(self) -> str:
        return self.repository.partition("/")[0]


def canonical(repository: str) -> str:
    """A repository with its registry, as container runtimes complete it."""
    first, slash, rest = repository.partition("/")
    if not slash:
        return f"docker.io/library/{repository}"
    if first in ("docker.io", "index.docker.io"):
        return f"docker.io/{rest if '/' in rest else f'library/{rest}'}"
    is_host = "." in first or ":" in first or first == "localhost"
    return repository if is_host else f"docker.io/{repository}"


def running_digest(image: str, told: str | None) -> str | None:
    """The digest of a running image, in what a runtime tells of it; None if that is not certain.

    ``told`` is such as ``docker-pullable://REPOSITORY@sha256:…``. A bare ``sha256:…`` is the id of
    the image's config, which cannot be pulled; one of another repository may not be in ours.
    """
    name, _, digest = (told or "").rpartition("://")[2].partition("@")
    if not _DIGEST.fullmatch(digest) or canonical(name) != Reference.parse(image).repository:
        return None
    return digest
