"""Bytes between a client and an instance's port: ends, repeats, pings, and how many at once."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from dashborion.engines import pumping
from dashborion.engines.pumping import MOST_CONNECTIONS, Pump, Slots
from dashborion.errors import Unreachable
from dashborion.orchestrators.forwarding import NothingListens
from tests.support.waiting import wait_for


@dataclass(eq=False)
class Far:
    """A connection to an instance: the other end of ``far`` is the instance's."""

    near: socket.socket
    far: socket.socket
    error: Exception | None = None
    unsent: int = 0
    has_arrived: bool = False
    pings: int = 0
    kept: bytearray = field(default_factory=bytearray)

    @classmethod
    def make(cls, error: Exception | None = None) -> Far:
        near, far = socket.socketpair()
        near.setblocking(False)
        return cls(near, far, error)

    def fileno(self) -> int:
        return self.near.fileno()

    def send(self, data: bytes) -> None:
        self.kept += data
        self.unsent = len(self.kept)

    def flush(self) -> None:
        del self.kept[: self.near.send(self.kept)]
        self.unsent = len(self.kept)

    def receive(self) -> bytes | None:
        if self.error is not None:
            raise self.error
        try:
            return self.near.recv(1 << 16) or None
        except BlockingIOError:
            return b""

    def ping(self) -> None:
        self.pings += 1

    def close(self) -> None:
        self.near.close()
        self.far.close()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A client and the connection that was accepted from it, over TCP."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        accepted, _ = listener.accept()
    with client, accepted:
        client.settimeout(60)
        yield client, accepted


def pumped(pump: Pump, far: Far) -> threading.Thread:
    thread = threading.Thread(target=pump.run, args=[far], daemon=True)
    thread.start()
    return thread


def suppressed(pump: Pump, far: Far) -> None:
    with suppress(NothingListens):
        pump.run(far)


Pair = tuple[socket.socket, socket.socket]


def test_an_answer_comes_after_the_client_has_sent_all(pair: Pair) -> None:
    client, accepted = pair
    ended: list[object] = []
    far = Far.make()
    thread = pumped(Pump(accepted, ended.append), far)
    client.sendall(b"question")
    client.shutdown(socket.SHUT_WR)
    wait_for("the end of what is sent", lambda: ended)
    assert far.far.recv(100) == b"question"
    far.far.sendall(b"answer")
    far.far.close()
    thread.join(60)
    accepted.close()
    assert client.recv(100) == b"answer"
    assert client.recv(100) == b""
    far.close()


def test_what_was_never_delivered_is_given_to_another_instance(pair: Pair) -> None:
    client, accepted = pair
    pump = Pump(accepted, lambda _: None)
    client.sendall(b"question")
    refusing = Far.make()
    thread = threading.Thread(target=suppressed, args=[pump, refusing])
    thread.start()
    assert refusing.far.recv(100) == b"question"
    refusing.error = NothingListens("nobody")
    refusing.far.sendall(b".")
    thread.join(60)
    assert pump.can_repeat
    other = Far.make()
    thread = pumped(pump, other)
    assert other.far.recv(100) == b"question"
    other.far.close()
    thread.join(60)
    refusing.close()
    other.close()


def test_what_was_answered_is_never_repeated(pair: Pair) -> None:
    client, accepted = pair
    pump, far = Pump(accepted, lambda _: None), Far.make()
    thread = pumped(pump, far)
    client.sendall(b"question")
    assert far.far.recv(100) == b"question"
    far.far.sendall(b"half of an ans")
    assert client.recv(100) == b"half of an ans"
    far.far.close()
    thread.join(60)
    assert not pump.can_repeat
    far.close()


def test_a_broken_connection_is_not_an_end_to_the_client(pair: Pair) -> None:
    client, accepted = pair
    pump, far = Pump(accepted, lambda _: None), Far.make(Unreachable("it broke"))
    far.far.sendall(b".")
    with pytest.raises(Unreachable):
        pump.run(far)
    pump.abort()
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    far.close()


def test_a_silent_connection_is_pinged(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    assert pumping.PING_SECONDS == 30
    monkeypatch.setattr(pumping, "PING_SECONDS", 0.01)
    far = Far.make()
    thread = pumped(Pump(pair[1], lambda _: None), far)
    wait_for("two pings", lambda: far.pings > 1)
    far.far.close()
    thread.join(60)
    far.close()


def test_no_more_than_64_send_and_others_wait() -> None:
    slots = Slots()
    taken = [slots.take(0) for _ in range(MOST_CONNECTIONS)]
    assert MOST_CONNECTIONS == 64
    assert all(taken)
    assert slots.take(0) is None
    assert taken[0] is not None
    taken[0].give_back()
    taken[0].give_back()
    assert slots.take(0) is not None
    assert slots.take(0) is None


def test_of_those_that_only_read_on_the_oldest_ends_for_another() -> None:
    slots, remotes = Slots(), [Far.make() for _ in range(MOST_CONNECTIONS + 1)]
    for remote in remotes:
        slot = slots.take(0)
        assert slot is not None, "one that reads on takes no place from those that send"
        slot.read_on(remote)
    assert remotes[0].receive() is None
    assert remotes[1].receive() == b""
    for remote in remotes:
        slots.close(remote)
        remote.far.close()
