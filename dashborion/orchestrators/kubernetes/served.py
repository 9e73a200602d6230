"""Which of the APIs that not every server has this one serves: by its discovery, as kubectl asks.

The answer is kept on disk for a while, so that lists cost no more calls where nobody has
installed such an API; who installs it sees its objects some minutes later.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dashborion.concurrency import start
from dashborion.errors import AccessError, Unavailable
from dashborion.orchestrators.kubernetes import wire
from dashborion.storage.cache import FileCache

if TYPE_CHECKING:
    from dashborion.orchestrators.kubernetes.client import Client
    from dashborion.orchestrators.kubernetes.resources import Resource

_KEPT = timedelta(minutes=10)


class ApiResources(wire.Wire, frozen=True):
    """What a group's version serves."""

    resources: list[wire.Named] | None = None


class Known(Struct, frozen=True):
    """The resources that a group's version served at a time; none where it is not served."""

    plurals: list[str]
    at: datetime


class Served:
    """What one server serves. Safe to use from several threads."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._asked: dict[str, Future[list[str]]] = {}
        self._guard = threading.Lock()

    def has(self, resource: Resource[Any]) -> bool:
        """Whether the resource is served; it is not where discovery may not be asked."""
        version = resource.group_version
        with self._guard:
            if version not in self._asked:
                self._asked[version] = start(partial(self._look_up, version))
        return resource.plural in self._client.wait(self._asked[version])

    def plurals(self, version: str) -> list[str]:
        """What a group's version serves now; none if it is not served."""
        found = self._client.read(ApiResources, f"/apis/{version}")
        return [one.name for one in (found.resources if found else None) or ()]

    def _look_up(self, version: str) -> list[str]:
        client = self._client
        cache = FileCache("kubernetes-apis", (client.credentials.settings.host,), Known)
        now, kept = client.runtime.now(), cache.read().get(version)
        if kept is not None and timedelta() <= now - kept.at < _KEPT:
            return kept.plurals
        try:
            plurals = self.plurals(version)
        except AccessError as error:
            client.runtime.warn(error)
            return []
        except Unavailable:  # which the lists beside it say themselves
            return []
        start(partial(cache.add, {version: Known(plurals, now)}))  # nobody waits for that
        return plurals
