"""The kubelet's endpoints, of which the API server asks for a pod's log when someone wants it.

Every container that has ever started has ten lines, `line N of POD/CONTAINER`, a second apart (as
the API's `sinceTime` has no fractions), the last when it started: line 4 is 6 s older than
`startedAt`. One that restarted has three more of its previous run. A test adds lines of its own,
breaks the connections of those who read (in the middle of a line, if it likes), begins a new file
as a rotation does, and restarts containers: a run that a test began has no lines but the test's.
"""

import select
import ssl
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.support.container_exec import exec_in_container

Key = tuple[str, str, str]  # namespace, pod, container
Status = dict[str, Any]

_LINES = 10
_PREVIOUS_LINES = 3


@dataclass(frozen=True)
class _Line:
    at: datetime
    text: bytes

    def written(self, *, timestamps: bool) -> bytes:
        # The kubelet writes nanoseconds.
        stamp = f"{self.at:%Y-%m-%dT%H:%M:%S}.{self.at.microsecond:06}000Z " if timestamps else ""
        return stamp.encode() + self.text


@dataclass
class _Run:
    """One run of a container; a restart begins another."""

    lines: list[_Line]
    is_over: bool = False


class _NoLogError(Exception):
    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class ContainerLogs:
    """What all containers of this cluster have said; safe to share between threads."""

    def __init__(self, status_of: Callable[[str, str], Status | None]) -> None:
        self._status_of = status_of  # a pod's status, if it has one
        self._runs: dict[tuple[Key, str], _Run] = {}  # by the container's id
        self._early: defaultdict[Key, list[_Line]] = defaultdict(list)  # before it was started
        self._changed = threading.Condition()
        self._breaks = 0
        self.is_closed = False
        # Logs that are not kept: written, with timestamps, whenever someone reads them.
        self.made: dict[Key, Callable[[], Iterator[bytes]]] = {}
        # Told of what is about to be sent to whoever reads a log: after how many bytes the
        # connection breaks, if it does.
        self.cut: Callable[[Key, bytes], int | None] = lambda _key, _data: None

    def append(
        self, key: Key, text: str | bytes, at: datetime | None = None, *, newline: bool = True
    ) -> None:
        said = text.encode() if isinstance(text, str) else text
        line = _Line(at or datetime.now(UTC), said + (b"\n" if newline else b""))
        with self._changed:
            try:
                self._run(key, previous=False).lines.append(line)
            except _NoLogError:
                self._early[key].append(line)
            self._changed.notify_all()

    def rotate(self, key: Key) -> None:
        """What was written so far lies in a file that nobody reads any more."""
        with self._changed:
            run = self._run(key, previous=False)
            self._runs[key, self._id(key)] = _Run([])
            run.is_over = True
            self._changed.notify_all()

    def restarted(self, key: Key, ended: str) -> None:
        """Called when a container's status has a new run in the place of `ended`."""
        with self._changed:
            self._runs[key, self._id(key)] = _Run([])
            if (key, ended) in self._runs:
                self._runs[key, ended].is_over = True
            self._changed.notify_all()

    def break_streams(self) -> None:
        """Ends every followed stream in the middle, as a lost connection does."""
        with self._changed:
            self._breaks += 1
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self.is_closed = True
            self._changed.notify_all()

    def forget(self, namespace: str, pod: str) -> None:
        """Ends the streams of a pod that is gone; one of the same name starts afresh."""
        with self._changed:
            for found in [one for one in self._runs if one[0][:2] == (namespace, pod)]:
                self._runs.pop(found).is_over = True
            self._changed.notify_all()

    def read(self, key: Key, *, previous: bool) -> tuple[_Run, list[_Line]]:
        """The run and its whole log now, or `_NoLogError` in the kubelet's own words."""
        with self._changed:
            run = self._run(key, previous=previous)
            return run, list(run.lines)

    def _run(self, key: Key, *, previous: bool) -> _Run:
        _, pod, container = key
        ran = _run_of(self._status(key), previous=previous, pod=pod)
        id_ = ran.get("containerID") or self._id(key)
        if (key, id_) not in self._runs:
            started = datetime.fromisoformat(ran["startedAt"])
            own = _first_words(started, f"{pod}/{container}", previous=previous)
            self._runs[key, id_] = _Run([*own, *self._early.pop(key, [])])
        return self._runs[key, id_]

    def _id(self, key: Key) -> str:
        return str(self._status(key).get("containerID", ""))

    def _status(self, key: Key) -> Status:
        namespace, pod, container = key
        status = self._status_of(namespace, pod)
        if status is None:
            raise _NoLogError(HTTPStatus.NOT_FOUND, f'pod "{pod}" not found')
        for part in ("initContainerStatuses", "containerStatuses"):
            for each in status.get(part, ()):
                if each["name"] == container:
                    found: Status = each
                    return found
        message = f'container "{container}" in pod "{pod}" is not available'
        raise _NoLogError(HTTPStatus.BAD_REQUEST, message)

    def follow(
        self, key: Key, run: _Run, seen: int, give_up: Callable[[], bool]
    ) -> Iterator[list[_Line]]:
        """Lines after the first `seen`, as they come, while the container runs.

        Raises ConnectionAbortedError when a test breaks the streams.
        """
        with self._changed:
            breaks = self._breaks
        while True:
            with self._changed:
                more = run.lines[seen:]
                if not more:
                    if self.is_closed or run.is_over or not self._is_running(key) or give_up():
                        return
                    if self._breaks > breaks:
                        raise ConnectionAbortedError
                    self._changed.wait(0.5)
                    continue
            yield more
            seen += len(more)

    def _is_running(self, key: Key) -> bool:
        try:
            return "running" in self._status(key)["state"]
        except _NoLogError:
            return False


def _first_words(started: datetime, name: str, *, previous: bool) -> list[_Line]:
    count, note = (_PREVIOUS_LINES, " before its restart") if previous else (_LINES, "")
    return [
        _Line(
            started - timedelta(seconds=count - number),
            f"line {number} of {name}{note}\n".encode(),
        )
        for number in range(1, count + 1)
    ]


def _run_of(status: Status, *, previous: bool, pod: str) -> dict[str, str]:
    """Which run of the container has the log; as `validateContainerLogStatus` of the kubelet."""
    name, state = status["name"], status["state"]
    last: dict[str, str] | None = status["lastState"].get("terminated")
    if previous:
        if last is None:
            message = f'previous terminated container "{name}" in pod "{pod}" not found'
            raise _NoLogError(HTTPStatus.BAD_REQUEST, message)
        return last
    run: dict[str, str] | None = state.get("running") or state.get("terminated") or last
    if run is not None:
        return run
    reason = state["waiting"]["reason"]
    why = {"ImagePullBackOff": "trying and failing to pull image"}.get(reason, reason)
    message = f'container "{name}" in pod "{pod}" is waiting to start: {why}'
    raise _NoLogError(HTTPStatus.BAD_REQUEST, message)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    logs: ClassVar[ContainerLogs]
    usage: ClassVar[Callable[[], str]]

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        match [unquote(part) for part in url.path.strip("/").split("/")]:
            case ["containerLogs", namespace, pod, container]:
                options = dict(parse_qsl(url.query))
                try:
                    self._answer((namespace, pod, container), options)
                except _NoLogError as error:
                    self._send_text(error.status, str(error))
                except OSError:
                    self.close_connection = True  # the reader has left, or a test breaks the stream
            case ["metrics", "resource"]:
                self._send_text(HTTPStatus.OK, type(self).usage())
            case ["exec", _, pod, container]:
                exec_in_container(self, pod, container)
            case _:
                self._send_text(HTTPStatus.NOT_FOUND, "404 page not found")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Says nothing: stderr belongs to the tests."""

    def _answer(self, key: Key, options: dict[str, str]) -> None:
        run, lines = self.logs.read(key, previous=options.get("previous") == "true")
        timestamps = options.get("timestamps") == "true"
        text = b"".join(each.written(timestamps=timestamps) for each in _selected(lines, options))
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if key in self.logs.made:
            for chunk in self.logs.made[key]():
                self._send_chunk(chunk)
        self._send_log(key, text[: int(options.get("limitBytes", len(text)))])
        if options.get("follow") == "true":
            for more in self.logs.follow(key, run, len(lines), self._reader_has_left):
                self._send_log(key, b"".join(each.written(timestamps=timestamps) for each in more))
        self.wfile.write(b"0\r\n\r\n")

    def _send_log(self, key: Key, data: bytes) -> None:
        cut = self.logs.cut(key, data) if data else None
        self._send_chunk(data[:cut])
        if cut is not None:
            raise ConnectionAbortedError

    def _send_chunk(self, data: bytes) -> None:
        if data:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))

    def _send_text(self, status: HTTPStatus, text: str) -> None:
        body = f"{text}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _reader_has_left(self) -> bool:
        readable, _, _ = select.select([self.connection], [], [], 0)
        return bool(readable)


def _selected(lines: list[_Line], options: dict[str, str]) -> list[_Line]:
    """The kubelet first seeks the tail, then drops what is too old."""
    if "tailLines" in options:
        count = int(options["tailLines"])
        lines = lines[-count:] if count else []
    if "sinceTime" in options:
        since = datetime.fromisoformat(options["sinceTime"])
    elif "sinceSeconds" in options:
        since = datetime.now(UTC) - timedelta(seconds=int(options["sinceSeconds"]))
    else:
        return lines
    return [line for line in lines if line.at >= since]


class LogServer:
    """Serves `logs`, and `usage` for metrics-server, over HTTPS on a free port of 127.0.0.1."""

    def __init__(
        self,
        logs: ContainerLogs,
        usage: Callable[[], str],
        *,
        certificate_file: Path,
        key_file: Path,
    ) -> None:
        handler = type("Handler", (_Handler,), {"logs": logs, "usage": staticmethod(usage)})
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate_file, key_file)
        self._logs = logs
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        # Handshakes happen on first use, in the thread of each connection.
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="kubelet logs", daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._logs.close()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
