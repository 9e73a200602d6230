"""New images for the containers of a definition, for every orchestrator. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dashborion.errors import NotFound, UsageError
from dashborion.orchestrators.protocol import Images


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
