"""Which container of a definition an image is meant for; the same for every orchestrator. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dashborion.errors import NotFound, UsageError
from dashborion.orchestrators.protocol import Images


def placed(
    images: Images, containers: Sequence[str], *, others: Sequence[str] = (), owner: str
) -> dict[str, str]:
    """Images by container. Only ``containers`` are meant by an image without a name.

    Raises:
        UsageError: no container was named and there are several, or one was named twice.
        NotFound: no container of that name.
    """
    found: dict[str, str] = {}
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
        if container in found:
            raise UsageError(f"two images for container '{container}'")
        found[container] = image
    return found


def told(images: Mapping[str, str]) -> str:
    """The image, or ``name=image, …`` where several change."""
    if len(images) == 1:
        return next(iter(images.values()))
    return ", ".join(f"{name}={image}" for name, image in images.items())
