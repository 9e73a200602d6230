"""Connections to the ports of instances, as every orchestrator makes them."""

from __future__ import annotations

from typing import Protocol, TypeVar

from dashborion.errors import Refusal
from dashborion.models.instance import Instance
from dashborion.models.query import Found, Name, Query

T_co = TypeVar("T_co", covariant=True)


class Forward(Protocol):
    """Connections to the ports of instances."""

    def require(self, namespace: str) -> None:
        """Check what forwarding needs, before anything is listened to.

        Raises:
            Forbidden, Refusal: with what is missing, and how to get it.
        """
        ...

    def behind(self, service: Name, query: Query) -> Query:
        """What asks for the instances behind a Service; ``WrongOrchestrator`` where none are."""
        ...

    def is_ready(self, instance: Found[Instance]) -> bool:
        """Whether it takes connections, as it was found; ``Refusal`` if waiting will not help."""
        ...

    def is_still_ready(self, instance: Found[Instance]) -> bool:
        """Whether it is there and takes connections now."""
        ...

    def port(self, instance: Found[Instance], word: str, service: Name | None) -> int:
        """The number of an instance's port, from a number or a name there or in the ``service``.

        Raises:
            NotFound: with the names there are.
            UsageError: it is a port of UDP.
        """
        ...

    def prepare(self, instance: Found[Instance], port: int) -> None:
        """Start what all connections to an instance's port share; what fails is raised here."""
        ...

    def connect(self, instance: Found[Instance], port: int) -> Remote:
        """A connection to an instance's port; raises ``NothingListens``, for one."""
        ...

    def close(self) -> None:
        """End what serves connections."""
        ...


class NothingListens(Refusal):
    """There is no connection to an instance's port, so nothing of it has been delivered."""


class Remote(Protocol):
    """A connection to an instance's port. Nothing but ``close`` waits for the other side.

    Raises:
        NothingListens: there has never been a connection.
        Unreachable: it broke.
    """

    @property
    def unsent(self) -> int:
        """How many bytes wait for ``flush``."""
        ...

    @property
    def has_arrived(self) -> bool:
        """Whether there is something to ``receive`` that ``select`` cannot tell of."""
        ...

    def fileno(self) -> int: ...

    def send(self, data: bytes) -> None:
        """Take bytes, for ``flush`` to send."""
        ...

    def flush(self) -> None: ...

    def receive(self) -> bytes | None:
        """What has arrived, b"" for nothing yet, None at the end."""
        ...

    def ping(self) -> None:
        """Send something that nobody gets, so that the connection is not silent."""
        ...

    def close(self) -> None: ...
