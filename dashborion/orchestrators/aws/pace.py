"""How often what is followed is looked up again: AWS bounds an account's reads in a region.

Its limits are shared with deployments, other tools and other people.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

if TYPE_CHECKING:
    from dashborion.orchestrators.aws.client import AwsClient

READS_A_SECOND = 2


class Watchers(Struct):
    """Those in one command who look at one region of one account again and again."""

    _count: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """While one more of them watches."""
        self._add(1)
        try:
            yield
        finally:
            self._add(-1)

    def _add(self, count: int) -> None:
        with self._lock:
            self._count += count

    def seconds(self, calls: int) -> float:
        """How long to wait after a look of so many calls, as the others look as often."""
        return calls * self._count / READS_A_SECOND


class EcsCalls(Struct):
    """Counts the calls to ECS that a client has made."""

    made: int = 0

    def of(self, aws: AwsClient) -> AwsClient:
        """The same client, with its calls counted."""

        def reader(service: str) -> object:
            self.made += service == "ecs"
            return aws.reader(service)

        return replace(aws, reader=reader)
