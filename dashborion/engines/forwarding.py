"""Forwards local ports: listens once, and finds a ready instance for each new connection."""

from __future__ import annotations

import errno
import select
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from ipaddress import ip_address

from msgspec import Struct
from msgspec.structs import replace

from dashborion.concurrency import SLICE_SECONDS, outcome, start
from dashborion.config.places import Place
from dashborion.engines.fleet import Fleet
from dashborion.engines.port_words import Ports
from dashborion.engines.pumping import MOST_CONNECTIONS, Pump, Slot, Slots
from dashborion.errors import (
    AccessError,
    DashborionError,
    NotFound,
    Refusal,
    Unavailable,
    UsageError,
    foreseen,
    short,
)
from dashborion.models.instance import Instance
from dashborion.models.kinds import KIND_OF, WorkloadType
from dashborion.models.query import Found, Name, Query
from dashborion.orchestrators.forwarding import Forward, NothingListens, Remote
from dashborion.orchestrators.protocol import Orchestrator

ATTEMPTS = 4  # to reach a port where nothing listens: its instance may be on its way out
PAUSE_SECONDS = 0.5
POLL_SECONDS = 1.0
_MOST_QUEUED = 256  # connections that wait for one of those to end
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class NoneReady(Unavailable):
    """No instance took connections for as long as was waited for one."""


# --- What is found by it ------------------------------------------------------------------------


class Target(Struct, frozen=True):
    """What connections go to: the instances of a query, ``first`` before the others."""

    orchestrator: Orchestrator
    label: str
    namespace: str
    place: Place
    query: Query
    service: Name | None = None
    first: Found[Instance] | None = None

    @property
    def has_others(self) -> bool:
        """Whether another instance may take the place of the first: not that of a bare pod."""
        return self.first is None or self.query.workload is not None


def find(fleet: Fleet, typed: str, query: Query) -> Target:
    """The workload, Service or instance of that name, in this order.

    Raises:
        PartialFailure: an environment could not be searched: there may be another.
    """
    workload, instance = (_as(fleet, parse, typed) for parse in (Name.parse, Name.parse_instance))
    name = workload or instance
    if name is None:
        raise UsageError(f"'{short(typed)}' is neither a workload nor an instance")

    def ask(orchestrator: Orchestrator) -> Target:
        missing: list[NotFound] = []
        for look, one in ((_workload, workload), (_instance, instance)):
            try:
                if one is not None:
                    return look(orchestrator, one, query)
            except NotFound as error:
                missing.append(error)
        known = {name for error in missing for name in error.known}
        noun = " or ".join(error.noun for error in missing)
        raise NotFound(noun, missing[0].name, where=missing[0].where, known=known)

    return fleet.only(name, ask)


def _as(fleet: Fleet, parse: Callable[[str], Name], typed: str) -> Name | None:
    try:
        return fleet.parsed(typed, parse)
    except UsageError:
        return None


def _workload(orchestrator: Orchestrator, name: Name, query: Query) -> Target:
    is_ecs = orchestrator.environment.orchestrator == "ecs"
    if name.type is WorkloadType.ECS_SERVICE and not is_ecs:
        behind = orchestrator.forward.behind(name, query)
        place = orchestrator.changes.place(Found(None))
        label = f"service/{name.name}"
        return Target(orchestrator, label, str(behind.namespace), place, behind, service=name)
    found = orchestrator.changes.workload(name, replace(query, parts=frozenset()))
    asked = Query(namespace=found.workload.namespace, workload=found.name, raw=True)
    label = f"{KIND_OF[found.workload.type]}/{found.name.name}"
    return Target(orchestrator, label, found.workload.namespace, found.place, asked)


def _instance(orchestrator: Orchestrator, name: Name, query: Query) -> Target:
    found = orchestrator.inventory.instance(name, query)
    item = found.item
    owner = Name(item.workload, None, item.namespace) if item.workload else None
    asked = Query(namespace=item.namespace, workload=owner, raw=True)
    place = orchestrator.changes.place(found)
    first: Found[Instance] = Found(item, found.raw)
    return Target(orchestrator, item.name, item.namespace, place, asked, first=first)


# --- Where connections go -----------------------------------------------------------------------


@dataclass
class Whereabouts:
    """The instance that takes connections, looked for again when it does not any more.

    ``retry`` are the seconds without a ready instance after which there is none. When it
    ``stays``, no other instance than the first will do.
    """

    target: Target
    retry: float
    note: Callable[[str], None]
    restart_deadline: Callable[[], None]
    sleep: Callable[[float], None]
    clock: Callable[[], float]
    stays: bool = False
    _first: Found[Instance] | None = None
    _current: Found[Instance] | None = None
    _left: str | None = None  # the id of the one where nothing listens
    _ports: dict[tuple[str, str], int] = field(default_factory=dict)
    _searching: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._first = self.target.first
        self.stays = self.stays or not self.target.has_others

    def connect(self, word: str) -> Remote:
        """A connection to that port of a ready instance, the same one as long as it is ready.

        Raises:
            NoneReady: there was none for too long.
            AccessError, Refusal: there will not be one.
            NothingListens: nobody takes the connection now.
        """
        known = self._current
        if known is None:
            return self._connected(self.current(), word)
        self.restart_deadline()
        asked = start(partial(self._is_still_ready, known))  # side by side: each is a round trip
        try:
            remote = self._connected(known, word)
        except NothingListens:
            if outcome(asked):
                raise
        else:
            if outcome(asked):
                return remote
            remote.close()
        return self._connected(self._replaced(known), word)

    def _connected(self, instance: Found[Instance], word: str) -> Remote:
        number = self.port(instance, word)
        return self.target.orchestrator.forward.connect(instance, number)

    def current(self) -> Found[Instance]:
        """A ready instance; raises as ``connect``."""
        self.restart_deadline()
        return self._current or self._replaced(None)

    def _replaced(self, known: Found[Instance] | None) -> Found[Instance]:
        """Another ready instance, or this one when it is ready again; raises as ``connect``."""
        with self._searching:  # one search for all connections that wait
            if self._current is not None and self._current is not known:
                return self._current
            self._current = None
            found = self._search()
            if known is not None and known.item.id != found.item.id:
                self.note(f"{known.item.name} takes no connections any more: now {found.item.name}")
            self._current, self._left = found, None
            self._first = self._first or found
            return found

    def leave(self) -> None:
        """Look for another instance, or for this one again if there is no other."""
        with self._searching:
            if self._current is not None:
                self._left = self._current.item.id

    def port(self, instance: Found[Instance], word: str) -> int:
        """The number of its port; raises as ``forwarding.Forward``."""
        key = (instance.item.id, word)
        if key not in self._ports:
            forward, service = self.target.orchestrator.forward, self.target.service
            self._ports[key] = forward.port(instance, word, service)
        return self._ports[key]

    def _is_still_ready(self, instance: Found[Instance]) -> bool:
        if self._left == instance.item.id:
            return False
        try:
            return self.target.orchestrator.forward.is_still_ready(instance)
        except Unavailable:
            return True  # the connection will tell

    def _search(self) -> Found[Instance]:
        end, is_told = self.clock() + self.retry, False
        while True:
            problem = f"no instance of {self.target.label} is ready"
            try:
                if (found := self._ready()) is not None:
                    return found
            except (NotFound, Unavailable) as error:  # it may come back
                problem = error.message
            left = end - self.clock()
            if left <= 0:
                raise NoneReady(f"{problem} after {self.retry:g} seconds")
            if not is_told:
                self.note(f"{problem}: waiting up to {self.retry:g} seconds")
                is_told = True
            self.sleep(min(POLL_SECONDS, left))
            self.restart_deadline()

    def _ready(self) -> Found[Instance] | None:
        """The one that was asked for, or else the newest: the next rollout ends it last."""
        refusal: Refusal | None = None
        ready = []
        for one in self._candidates():
            try:
                if self.target.orchestrator.forward.is_ready(one):
                    ready.append(one)
            except Refusal as error:
                refusal = error
        if not ready and refusal is not None:
            raise refusal
        first = self._first.item.id if self._first else None
        return max(ready, key=partial(_preference, first, self._left), default=None)

    def _candidates(self) -> list[Found[Instance]]:
        inventory, first = self.target.orchestrator.inventory, self._first
        if first is not None and self.stays:
            name = Name(first.item.id, None, first.item.namespace)
            found = inventory.instance(name, Query(namespace=first.item.namespace))
            return [Found(found.item, found.raw)]
        return inventory.instances(self.target.query)


def _preference(
    first: str | None, left: str | None, one: Found[Instance]
) -> tuple[bool, bool, datetime, str]:
    item = one.item
    return (item.id != left, item.id == first, item.created_at or _LONG_AGO, item.id)


# --- Listening ----------------------------------------------------------------------------------


@dataclass
class Forwarder:
    """The ports that are listened to, and their connections."""

    whereabouts: Whereabouts
    ports: Sequence[Ports]
    address: str
    note: Callable[[str], None]
    _slots: Slots = field(default_factory=Slots)
    _failure: DashborionError | None = None
    _is_full_told: bool = False

    def run(self) -> None:
        """Listen until a signal comes, or no connection can be served any more.

        Raises:
            DashborionError: why not.
        """
        self._forward.require(self.whereabouts.target.namespace)
        first = self.whereabouts.current()
        numbers = [self.whereabouts.port(first, ports.remote) for ports in self.ports]
        with ExitStack() as stack:
            stack.callback(self._forward.close)
            for number in numbers:
                self._forward.prepare(first, number)
            listeners: dict[socket.socket, Ports] = {}
            for ports, number in zip(self.ports, numbers, strict=True):
                local = number if ports.local is None else ports.local
                listeners[stack.enter_context(_listening(self.address, local))] = ports
            for listener, number in zip(listeners, numbers, strict=True):
                self.note(f"{_address(listener)} -> {first.item.name} port {number}")
            if not ip_address(next(iter(listeners)).getsockname()[0]).is_loopback:
                self.note("whoever can reach this machine can reach these ports")
            while True:
                slot = self._slot()
                connection, ports = self._accept(listeners)
                start(partial(self._serve, connection, ports, slot))

    @property
    def _forward(self) -> Forward:
        return self.whereabouts.target.orchestrator.forward

    def _slot(self) -> Slot:
        slot = self._slots.take(0)
        while slot is None:
            if not self._is_full_told:  # once: they come and go
                self.note(f"{MOST_CONNECTIONS} connections are open: others wait until one ends")
                self._is_full_told = True
            self._raise_failure()
            slot = self._slots.take(SLICE_SECONDS)
        return slot

    def _accept(self, listeners: Mapping[socket.socket, Ports]) -> tuple[socket.socket, Ports]:
        while True:
            self._raise_failure()
            for listener in select.select([*listeners], [], [], SLICE_SECONDS)[0]:
                with suppress(OSError):  # it has gone already
                    return listener.accept()[0], listeners[listener]

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _serve(self, connection: socket.socket, ports: Ports, slot: Slot) -> None:
        """Serve one connection; what goes wrong costs it alone, unless the next would be as bad."""
        pump = Pump(connection, slot.read_on)
        try:
            with foreseen():
                self._connect(pump, ports, slot)
            connection.close()
        except (AccessError, NoneReady) as error:
            self._failure = self._failure or error
            pump.abort()
        except DashborionError as error:
            self.note(error.message)
            pump.abort()
        finally:
            slot.give_back()

    def _connect(self, pump: Pump, ports: Ports, slot: Slot) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                remote = self.whereabouts.connect(ports.remote)
                with slot.closing(remote):
                    return pump.run(remote)
            except NothingListens:
                if attempt == ATTEMPTS or not pump.can_repeat:
                    raise
                self.whereabouts.leave()
                self.whereabouts.sleep(PAUSE_SECONDS)
        return None


@contextmanager
def _listening(address: str, port: int) -> Iterator[socket.socket]:
    """Listen at a local address.

    Raises:
        UsageError: it is none of this machine, or another program listens there.
    """
    try:
        family = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((address, port), family=family, backlog=_MOST_QUEUED)
    except OSError as error:
        reason = (error.strerror or "no such address").partition(" (while")[0].lower()
        raise UsageError(
            f"cannot listen on {short(address)}:{port}: {reason}",
            hint="with :REMOTE it is any port that is free"
            if error.errno in (errno.EADDRINUSE, errno.EACCES)
            else "--address takes an address of this machine",
        ) from error
    with listener:
        yield listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
