"""Connections to ports of tasks, through one session of Systems Manager for each port of a task.

AWS' plugin listens on this machine and carries all connections over its session; ours go to it.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from dashborion.errors import (
    BadAnswer,
    DashborionError,
    Forbidden,
    NotFound,
    Unreachable,
    UsageError,
)
from dashborion.models.instance import Instance
from dashborion.models.query import Found, Name, Query
from dashborion.orchestrators.aws.errors import Refused, bare
from dashborion.orchestrators.ecs import exec as commands
from dashborion.orchestrators.ecs import native_wire, plugin, wire
from dashborion.orchestrators.ecs.client import Client
from dashborion.orchestrators.forwarding import NothingListens

DOCUMENT = "AWS-StartPortForwardingSession"
LOOK_SECONDS = 5.0  # DescribeTasks is limited to some calls a second for the whole account
LOCAL_SECONDS = 5.0
_CHUNK = 1 << 16
_OF_UDP = "UDP cannot be forwarded: Systems Manager carries TCP alone"


@dataclass
class Forward:
    """As ``forwarding.Forward``."""

    client: Client
    _sessions: dict[tuple[str, int], plugin.Session] = field(default_factory=dict)
    _starting: threading.Lock = field(default_factory=threading.Lock)
    _seen: dict[str, float] = field(default_factory=dict)  # when a task was last ready

    def require(self, namespace: str) -> None:  # noqa: ARG002 - no right is of a namespace
        """The plugin; AWS says which rights are missing when they are needed."""
        plugin.require()

    def behind(self, service: Name, query: Query) -> Query:
        """A service is a workload here."""
        return Query(namespace=query.namespace, workload=service, raw=True)

    def is_ready(self, instance: Found[Instance]) -> bool:
        item, task = instance.item, commands.task_of(instance)
        if not item.ready or item.reason == "Terminating":
            return False
        commands.require_on(task, item)
        return bool(_connected(task))

    def is_still_ready(self, instance: Found[Instance]) -> bool:
        id_ = instance.item.id
        if any(one.has_ended for (task, _), one in self._sessions.items() if task == id_):
            return False
        if time.monotonic() < self._seen.get(id_, 0) + LOOK_SECONDS:
            return True
        found = self.client.tasks_by_id([id_])
        task = found[0].item if found else None
        is_ready = task is not None and (
            (task.last_status, task.desired_status) == ("RUNNING", "RUNNING")
            and task.health_status != "UNHEALTHY"
        )
        if is_ready:
            self._seen[id_] = time.monotonic()
        return is_ready

    def port(self, instance: Found[Instance], word: str, service: Name | None) -> int:  # noqa: ARG002
        """A number is the container's own; a name is one of a port mapping (Service Connect)."""
        mapped = [one for container in self._defined(instance) for one in container.port_mappings]
        meant = [one for one in mapped if word in (one.name, str(one.container_port))]
        tcp = [one.container_port for one in meant if one.protocol != "udp"]
        if meant and not tcp:
            raise UsageError(f"port {word} is of UDP: {_OF_UDP}")
        if word.isdecimal():
            return int(word)
        if not tcp or tcp[0] is None:
            known = [one.name for one in mapped if one.name]
            raise NotFound("port", word, where=instance.item.name, known=known)
        return tcp[0]

    def _defined(self, instance: Found[Instance]) -> Sequence[native_wire.ContainerDetail]:
        """The containers of its definition; none and a warning where that may not be read."""
        arn = str((instance.raw or {}).get("taskDefinitionArn"))
        definition = self.client.aws.optional(partial(self.client.definition, arn))
        return definition.container_definitions if definition else ()

    def connect(self, instance: Found[Instance], port: int) -> Connection:
        session = self._session(instance, port)
        try:
            local = socket.create_connection(("127.0.0.1", session.port), LOCAL_SECONDS)
        except OSError as error:
            raise NothingListens(
                f"the session to port {port} of {instance.item.name} has ended{session.said}"
            ) from error
        return Connection(local, f"port {port} of {instance.item.name}")

    def prepare(self, instance: Found[Instance], port: int) -> None:
        """Start the session."""
        self._session(instance, port)

    def _session(self, instance: Found[Instance], port: int) -> plugin.Session:
        """The session of a task's port, started if there is none.

        Raises:
            NothingListens: it has ended: the task may have gone; the next call starts another.
        """
        key = (instance.item.id, port)
        with self._starting:
            session = self._sessions.get(key)
            if session is not None and session.has_ended:
                self._sessions.pop(key).close()
                raise NothingListens(
                    f"the session to port {port} of {instance.item.name} has ended{session.said}"
                )
            if session is None:
                session = self._sessions[key] = self._started(instance, port)
            return session

    def _started(self, instance: Found[Instance], port: int) -> plugin.Session:
        """A session whose plugin listens.

        Raises:
            Forbidden: ``ssm:StartSession`` is not allowed.
            Refused: the task cannot be reached; with what it needs.
            Unreachable: the plugin does not listen; with what it said.
        """
        aws, environ = self.client.aws, dict(self.client.aws.runtime.environ)
        takes_variable = plugin.takes_variable(
            environ, lambda said: aws.runtime.warn(DashborionError(said))
        )
        task = commands.task_of(instance)
        mapping = {
            container.name for container in self._defined(instance)
            if any(one.container_port == port for one in container.port_mappings)
        }  # fmt: skip
        names = sorted(_connected(task), key=lambda name: name not in mapping)
        if not names:
            raise NothingListens(f"{instance.item.name}: its {commands.AGENT} does not run")
        local = plugin.free_port()
        asked: dict[str, Any] = {
            "Target": plugin.target(self.client.cluster, instance, names[0]),
            "DocumentName": DOCUMENT,
            "Parameters": {"portNumber": [str(port)], "localPortNumber": [str(local)]},
        }
        try:
            answer = aws.write("ssm", "start_session", **asked)
        except Forbidden as error:
            error.hint = f"the policy needs ssm:StartSession on the task and on document {DOCUMENT}"
            raise
        except Refused as error:
            is_lost = error.reason == "TargetNotConnected"
            error.hint = commands.REQUIREMENTS if is_lost else error.hint
            raise
        session = {key: answer.get(key) for key in ("SessionId", "TokenValue", "StreamUrl")}
        if not all(session.values()):
            raise BadAnswer("ssm:StartSession: an answer without a session")
        endpoint = bare(aws.reader("ssm").meta.endpoint_url)
        words = plugin.arguments(
            aws, session, asked, endpoint, environ, takes_variable=takes_variable
        )
        return plugin.Session.started(words, environ, local)

    def close(self) -> None:
        """End the sessions; none is started any more."""
        with self._starting:
            for session in self._sessions.values():
                session.close()
            self._sessions.clear()


def _connected(task: wire.ExecTask) -> list[str]:
    """The containers whose agent runs."""
    return [
        container.name
        for container in task.containers
        if any(
            (agent.name, agent.last_status) == (commands.AGENT, "RUNNING")
            for agent in container.managed_agents
        )
    ]


@dataclass(eq=False)
class Connection:
    """As ``forwarding.Remote``; the plugin keeps its session alive, and ends what is not wanted."""

    socket: socket.socket
    name: str
    _unsent: bytearray = field(default_factory=bytearray)
    has_arrived: bool = False

    def __post_init__(self) -> None:
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def unsent(self) -> int:
        return len(self._unsent)

    def fileno(self) -> int:
        return self.socket.fileno()

    def send(self, data: bytes) -> None:
        self._unsent += data

    def ping(self) -> None:
        """Nothing: the session has its own."""

    def flush(self) -> None:
        try:
            while self._unsent:
                del self._unsent[: self.socket.send(self._unsent)]
        except BlockingIOError:
            return
        except OSError as error:
            raise self._lost() from error

    def receive(self) -> bytes | None:
        try:
            return self.socket.recv(_CHUNK) or None
        except BlockingIOError:
            return b""
        except OSError as error:
            raise self._lost() from error

    def _lost(self) -> Unreachable:
        return Unreachable(f"{self.name}: the connection broke")

    def close(self) -> None:
        self.socket.close()
