"""Connections to ports of pods, a websocket for each.

The older, plain protocol of the websocket is spoken: it works with every server, and carries one
connection, whose sending side cannot be closed alone. A channel has the data, a second one why
there is no connection, and each begins with the number of the port.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import websocket
from websocket import ABNF

from dashborion.errors import (
    AccessError,
    DashborionError,
    NotFound,
    Refusal,
    Unreachable,
    UsageError,
    short,
)
from dashborion.models.instance import Instance, InstanceStatus
from dashborion.models.query import Found, Name, Query
from dashborion.orchestrators.forwarding import NothingListens
from dashborion.orchestrators.kubernetes import find, network_wire, wire
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.check import require_stream
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.errors import KubeletSilent
from dashborion.orchestrators.kubernetes.request import Request, convert
from dashborion.orchestrators.kubernetes.rollout import condition
from dashborion.orchestrators.kubernetes.websockets import CONNECTION_ERRORS, WOULD_BLOCK, connect

DATA, ERROR = 0, 1
PROTOCOL = "v4.channel.k8s.io"
# What containerd and CRI-O say, each in a longer sentence, when nothing was delivered.
_REFUSED = ("connection refused", "is closed", "is not running", "not found", "failed to find")
_OF_UDP = "UDP cannot be forwarded: the API carries TCP alone"


@dataclass(frozen=True)
class Forward:
    """As ``forwarding.Forward``."""

    client: Client

    def require(self, namespace: str) -> None:
        """Both rights."""
        require_stream(self.client, "portforward", namespace)

    def behind(self, service: Name, query: Query) -> Query:
        """The pods that a Service selects."""
        found = self._service(service, find.namespace_of(self.client, query, service))
        if not found.spec.selector:
            raise Refusal(f"service/{service.name} has no selector, and so no pods of its own")
        selector = ",".join(f"{key}={value}" for key, value in found.spec.selector.items())
        return Query(namespace=found.metadata.namespace, selector=selector, raw=True)

    def is_ready(self, instance: Found[Instance]) -> bool:
        item = instance.item
        is_running = item.status is InstanceStatus.RUNNING
        return item.ready and is_running and item.reason != "Terminating"

    def is_still_ready(self, instance: Found[Instance]) -> bool:
        found = self.client.get(api.PODS, instance.item.namespace, instance.item.name)
        if found is None or found.item.metadata.uid != _pod(instance).metadata.uid:
            return False
        ready = condition(found.item.status.conditions, "Ready")
        is_going = found.item.metadata.deletion_timestamp is not None
        return ready is not None and ready.status == "True" and not is_going

    def port(self, instance: Found[Instance], word: str, service: Name | None) -> int:
        """A number is the pod's own; a name is its containers', else a Service's before it."""
        pod = _pod(instance)
        own = [port for one in pod.spec.containers or () for port in one.ports or ()]
        if service is not None:
            return self._behind(self._service(service, pod.metadata.namespace), word, own)
        if word.isdecimal():
            number = int(word)
            declared = [one.protocol for one in own if one.container_port == number]
            return _tcp(word, [(protocol, number) for protocol in declared or [None]])
        if named := [(one.protocol, one.container_port) for one in own if one.name == word]:
            return _tcp(word, named)
        labels = pod.metadata.labels or {}
        listed = self.client.optional(
            self.client.collect(api.SERVICES, pod.metadata.namespace, decoration=True)
        )
        known = [one.name for one in own if one.name]
        for found in listed:
            if found.spec.selector and found.spec.selector.items() <= labels.items():
                names = [port.name for port in found.spec.ports or () if port.name]
                if word in names:
                    return self._behind(found, word, own)
                known += names
        raise NotFound("port", word, where=pod.metadata.name, known=known)

    def _service(self, name: Name, namespace: str | None) -> network_wire.Service:
        return find.by_name(self.client, api.SERVICES, name.name, namespace, word="Service").item

    @staticmethod
    def _behind(service: network_wire.Service, word: str, own: Iterable[wire.ContainerPort]) -> int:
        """Where a Service's port, by number or name, leads to in a pod."""
        ports = service.spec.ports or []
        name = service.metadata.name
        meant = [port for port in ports if word in (port.name, str(port.port))]
        if not meant:
            known = [port.name or str(port.port) for port in ports]
            raise NotFound("port", word, where=f"service/{name}", known=known)
        port = next((one for one in meant if one.protocol in (None, "TCP")), meant[0])
        target = port.target_port or port.port
        if isinstance(target, int):
            return _tcp(word, [(port.protocol, target)])
        named = [(one.protocol, one.container_port) for one in own if one.name == target]
        if not named:
            raise NotFound("port", target, where=f"the pod behind service/{name}",
                           known=[one.name for one in own if one.name])  # fmt: skip
        return _tcp(word, named)

    def prepare(self, instance: Found[Instance], port: int) -> None:
        """Nothing: each connection has its own websocket."""

    def connect(self, instance: Found[Instance], port: int) -> Connection:
        item = instance.item
        path = f"{api.PODS.path(item.namespace, item.name)}/portforward"
        try:
            socket = connect(self.client, path, f"ports={port}", [PROTOCOL])
        except AccessError:
            raise
        except DashborionError as error:  # such as a pod that has just gone
            told = error.of(item.node) if isinstance(error, KubeletSilent) else error
            raise NothingListens(f"port {port} of {item.name}: {told.message}") from error
        return Connection(socket, f"port {port} of {item.name}")

    def close(self) -> None:
        """As ``prepare``."""


def _pod(instance: Found[Instance]) -> wire.Pod:
    return convert(wire.Pod, instance.raw or {}, Request("the API", "GET", "/pods"))


def _tcp(word: str, ports: list[tuple[str | None, int]]) -> int:
    """The first of some ports that is not of another protocol."""
    for protocol, number in ports:
        if protocol in (None, "TCP"):
            return number
    raise UsageError(f"port {word} is of {ports[0][0]}: {_OF_UDP}")


@dataclass(eq=False)
class Connection:
    """As ``forwarding.Remote``."""

    socket: websocket.WebSocket
    name: str
    _unsent: bytearray = field(default_factory=bytearray)
    _begun: set[int] = field(default_factory=set)  # channels that have said their port
    _said: bytearray = field(default_factory=bytearray)  # on the channel of errors
    _channel: int = DATA
    _is_answered: bool = False

    def __post_init__(self) -> None:
        self.socket.settimeout(0)

    @property
    def unsent(self) -> int:
        return len(self._unsent)

    @property
    def has_arrived(self) -> bool:
        connection = self.socket.sock
        return bool(connection.pending()) if hasattr(connection, "pending") else False

    def fileno(self) -> int:
        return int(self.socket.fileno())

    def send(self, data: bytes) -> None:
        self._frame(bytes([DATA]) + data, ABNF.OPCODE_BINARY)

    def ping(self) -> None:
        self._frame(b"", ABNF.OPCODE_PING)

    def _frame(self, data: bytes, opcode: int) -> None:
        self._unsent += ABNF.create_frame(data, opcode).format()

    def flush(self) -> None:
        try:
            while self._unsent:
                del self._unsent[: self.socket.sock.send(self._unsent)]
        except WOULD_BLOCK:
            return
        except OSError as error:
            raise self._lost("it broke") from error

    def receive(self) -> bytes | None:
        try:
            frame = self.socket.recv_frame()
        except WOULD_BLOCK:
            return b""
        except CONNECTION_ERRORS as error:
            raise self._lost("it broke") from error
        if frame.opcode == ABNF.OPCODE_CLOSE:
            if self._said:
                raise self._lost(self._said.decode(errors="replace"))
            return None
        if frame.opcode == ABNF.OPCODE_PING:
            self._frame(frame.data, ABNF.OPCODE_PONG)
        if frame.opcode not in (ABNF.OPCODE_BINARY, ABNF.OPCODE_TEXT, ABNF.OPCODE_CONT):
            return b""
        data = bytes(frame.data)
        if frame.opcode != ABNF.OPCODE_CONT and data:
            self._channel, data = data[0], data[1:]
            if self._channel not in self._begun:  # two bytes: the number of the port
                self._begun.add(self._channel)
                data = data[2:]
        if self._channel != DATA:
            self._said += data[:4096]
            return b""
        self._is_answered = self._is_answered or bool(data)
        return data

    def _lost(self, why: str) -> Exception:
        said = self._said.decode(errors="replace") or why
        if not self._is_answered and any(sign in said for sign in _REFUSED):
            return NothingListens(f"{self.name}: nothing listens there")
        return Unreachable(f"{self.name}: the connection broke: {short(said, most=300)}")

    def close(self) -> None:
        self.socket.shutdown()
