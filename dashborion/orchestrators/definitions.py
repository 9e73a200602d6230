"""What both adapters' definitions have in common. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from dashborion.models.definition import ImageReference
from dashborion.models.workload import Endpoint
from dashborion.orchestrators.images import Reference

Digests = Mapping[str, Sequence[str | None]]
"""What the containers of instances run, by container; None for one whose image is not certain."""


def image_reference(text: str, container: str, digests: Digests | None) -> ImageReference:
    """A container's image, and what runs as far as that is certain; None was not asked for."""
    image = Reference.parse(text)
    told = [] if digests is None else digests.get(container, ())
    known = sorted(one for one in told if one)
    return ImageReference(
        repository=image.repository,
        tag=image.tag,
        digest=image.digest,
        running=None if digests is None else known if len(known) == len(told) else [],
    )


def endpoint_texts(endpoints: Iterable[Endpoint]) -> list[str]:
    """URLs, and of endpoints without one the port, in words that two environments have in common.

    Names and addresses are another environment's own.
    """
    return sorted({one.url or _without_url(one) for one in endpoints})


def _without_url(endpoint: Endpoint) -> str:
    port = f" {endpoint.port}" if endpoint.port else ""
    protocol = f"/{endpoint.protocol.lower()}" if endpoint.protocol and port else ""
    return f"{endpoint.type}{port}{protocol}"
