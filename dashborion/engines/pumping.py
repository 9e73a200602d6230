"""Bytes between a local connection and an instance's port, and how many connections there are."""

from __future__ import annotations

import os
import select
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from dashborion.orchestrators.forwarding import Remote

PING_SECONDS = 30.0  # of silence; load balancers drop connections that stay silent for longer
MOST_WAITING = 1 << 18  # bytes in one direction; above that, no more are read
MOST_REPEATED = 1 << 16  # bytes that are kept until there is an answer
MOST_CONNECTIONS = 64  # that may send at one time, and as many that only read on
_CHUNK = 1 << 16


@dataclass
class Pump:
    """One local connection; ``on_end`` is called when it has sent all that it will send.

    An instance's port cannot be told that, so it is read on until the instance ends.
    """

    local: socket.socket
    on_end: Callable[[Remote], object]
    _sent: bytearray = field(default_factory=bytearray)
    _is_answered: bool = False
    _is_over: bool = False  # nothing more comes from the local side
    _to_local: bytearray = field(default_factory=bytearray)

    def __post_init__(self) -> None:
        self.local.setblocking(False)
        self.local.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def can_repeat(self) -> bool:
        """Whether another instance can be given all that this one was."""
        return not self._is_answered and len(self._sent) <= MOST_REPEATED

    def run(self, remote: Remote) -> None:
        """Run until the instance ends the connection, or the client is gone.

        Raises:
            NothingListens: there was no connection, and nothing has been delivered.
            Unreachable: it broke.
        """
        if self._sent:
            remote.send(bytes(self._sent))
        if self._is_over:
            self.on_end(remote)
        spoke = time.monotonic()
        is_open = True
        while is_open or self._to_local:
            takes_more = is_open and len(self._to_local) < MOST_WAITING
            gives_more = is_open and not self._is_over and remote.unsent < MOST_WAITING
            readable = _moved(
                ((remote, takes_more), (self.local, gives_more)),
                ((remote, is_open and remote.unsent > 0), (self.local, bool(self._to_local))),
                0.0 if takes_more and remote.has_arrived else PING_SECONDS,
            )
            if self.local in readable and not self._read_local(remote):
                return
            if takes_more and (remote in readable or remote.has_arrived):
                is_open = self._read(remote)
            if self._to_local and not self._write_local():
                return
            if is_open and time.monotonic() - spoke > PING_SECONDS:
                remote.ping()
            if is_open and remote.unsent:
                remote.flush()
                spoke = time.monotonic()

    def _read_local(self, remote: Remote) -> bool:
        """Whether the client is still there."""
        try:
            data = self.local.recv(_CHUNK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        if data:
            if self.can_repeat:
                self._sent += data
            remote.send(data)
        else:
            self._is_over = True
            self.on_end(remote)
        return True

    def _read(self, remote: Remote) -> bool:
        """Whether there may be more."""
        while len(self._to_local) < MOST_WAITING:
            data = remote.receive()
            if not data:
                return data is not None
            self._is_answered = True
            self._sent.clear()
            self._to_local += data
        return True

    def _write_local(self) -> bool:
        """Whether the client is still there."""
        try:
            del self._to_local[: self.local.send(self._to_local)]
        except BlockingIOError:
            return True
        except OSError:
            return False
        return True

    def abort(self) -> None:
        """Close so that the client sees a broken connection, not the end of an answer."""
        with suppress(OSError):
            self.local.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.local.close()


_Wanted = Iterable[tuple[Remote | socket.socket, bool]]


def _moved(reads: _Wanted, writes: _Wanted, seconds: float) -> list[Remote | socket.socket]:
    """Wait until something that is wanted can be done; what can be read."""
    reading = [one for one, is_wanted in reads if is_wanted]
    writing = [one for one, is_wanted in writes if is_wanted]
    return select.select(reading, writing, [], seconds)[0]


class Slots:
    """Who may send; and who has ended that and reads on: of those, the oldest is ended for another.

    A client that is gone looks like one that has sent all, and its instance may keep the
    connection for hours.
    """

    def __init__(self) -> None:
        self._free = threading.Semaphore(MOST_CONNECTIONS)
        self._reading_on: deque[Remote] = deque()
        self._lock = threading.Lock()

    def take(self, seconds: float) -> Slot | None:
        """One, if one is free within some seconds."""
        return Slot(self) if self._free.acquire(timeout=seconds) else None

    def read_on(self, remote: Remote) -> None:
        with self._lock:
            self._reading_on.append(remote)
            if len(self._reading_on) > MOST_CONNECTIONS:
                _end(self._reading_on.popleft())

    def free(self) -> None:
        self._free.release()

    def close(self, remote: Remote) -> None:
        with self._lock:
            if remote in self._reading_on:
                self._reading_on.remove(remote)
            remote.close()


@dataclass
class Slot:
    """The right of one connection to send."""

    slots: Slots
    _is_held: bool = True

    def read_on(self, remote: Remote) -> None:
        """It has sent all that it will send."""
        self.give_back()
        self.slots.read_on(remote)

    def give_back(self) -> None:
        if self._is_held:
            self._is_held = False
            self.slots.free()

    @contextmanager
    def closing(self, remote: Remote) -> Iterator[None]:
        try:
            yield
        finally:
            self.slots.close(remote)


def _end(remote: Remote) -> None:
    """End a connection that another thread waits for: that one reads its end, and closes it."""
    with suppress(OSError), socket.socket(fileno=os.dup(remote.fileno())) as twin:
        twin.shutdown(socket.SHUT_RDWR)
