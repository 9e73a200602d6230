"""A request to the Kubernetes API, taken apart."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from dashborion.demo.kubernetes.errors import bad_request
from dashborion.demo.kubernetes.resources import BY_PATH, Resource

_TRUE = ("1", "t", "T", "true", "True", "TRUE", "")


@dataclass(frozen=True)
class Request:
    """``resource`` is None where the path is no resource's."""

    method: str
    path: str
    pairs: tuple[tuple[str, str], ...]  # of the query
    headers: Mapping[str, str]
    body: bytes
    group_version: str = ""
    plural: str = ""
    resource: Resource | None = None
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @cached_property
    def query(self) -> Mapping[str, str]:
        return dict(self.pairs)

    def values(self, name: str) -> list[str]:
        """All values of a repeated query parameter."""
        return [value for key, value in self.pairs if key == name]

    def flag(self, name: str) -> bool:
        return self.query.get(name, "false") in _TRUE

    def number(self, name: str) -> int | None:
        given = self.query.get(name)
        if not given:
            return None
        try:
            return int(given)
        except ValueError as error:
            message = f'strconv.ParseInt: parsing "{given}": invalid syntax'
            raise bad_request(f"unable to convert query parameter {name}: {message}") from error

    @property
    def is_dry_run(self) -> bool:
        return self.query.get("dryRun", "") == "All"

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "application/json").split(";")[0].strip()

    @property
    def json(self) -> Any:
        try:
            return json.loads(self.body or b"{}")
        except ValueError as error:
            raise bad_request(f"error decoding the request's body: {error}") from error

    def accepts(self, kind: str) -> bool:
        """Whether the client accepts ``Table``, ``PartialObjectMetadataList`` and the like."""
        offers = self.headers.get("accept", "").split(",")
        return any(f"as={kind}" in map(str.strip, offer.split(";")) for offer in offers)


def parse_request(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Request:
    parts = urlsplit(url)
    pairs = tuple(parse_qsl(parts.query, keep_blank_values=True))
    lower = {name.lower(): value for name, value in headers.items()}
    path = parts.path.rstrip("/") or "/"
    steps = [unquote(step) for step in path.strip("/").split("/")]
    group_version, rest = "", steps
    if steps[:2] == ["api", "v1"]:
        group_version, rest = "v1", steps[2:]
    elif steps[0] == "apis" and len(steps) > 3:
        group_version, rest = "/".join(steps[1:3]), steps[3:]
    request = Request(method, path, pairs, lower, body)
    if not group_version or not rest:
        return request
    namespace = ""
    is_namespace = rest[0] == "namespaces" and (len(rest) < 3 or rest[2] in ("status", "finalize"))
    if rest[0] == "namespaces" and not is_namespace:
        namespace, rest = rest[1], rest[2:]
    plural, name, subresource, *more = [*rest, "", "", ""]
    return replace(
        request,
        group_version=group_version,
        plural=plural,
        resource=None if any(more) else BY_PATH.get((group_version, plural)),
        namespace=namespace,
        name=name,
        subresource=subresource,
    )
