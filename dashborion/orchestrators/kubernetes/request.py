"""One request to a Kubernetes API, as data."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from msgspec import Struct, field

JSON = "application/json"


class Request(Struct, frozen=True):
    """What is sent, to which server, as which user and through which proxy.

    ``is_change`` is False for whatever may be sent again without harm. ``params`` become
    the query, those without a value are left out. As text, the method, path and server:
    never the query, a header or the body, which may hold secrets.
    """

    host: str
    method: str
    path: str
    user: str | None = None
    proxy: str | None = None
    params: Mapping[str, str | None] = field(default_factory=dict)
    accept: str = JSON
    encoding: str = "gzip"
    body: bytes | None = None
    content_type: str = JSON
    is_change: bool = False

    @property
    def url(self) -> str:
        query = urlencode({key: value for key, value in self.params.items() if value})
        return f"{self.host}{self.path}{'?' if query else ''}{query}"

    def __str__(self) -> str:
        return f"{self.method} {self.path} at {self.host}"
