"""The kubelet's log endpoint, which the API server asks when someone wants a pod's log.

Every container that has ever started has ten lines, `line N of POD/CONTAINER`, a second apart (as
the API's `sinceTime` has no fractions), the last when it started: line 4 is 6 s older than
`startedAt`. One that restarted has three more of its previous run. A test adds lines of its own,
and may break the streams of those who follow.
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

from .container_exec import exec_in_container

Key = tuple[str, str, str]  # namespace, pod, container
Status = dict[str, Any]

_LINES = 10
_PREVIOUS_LINES = 3


@dataclass(frozen=True)
class _Line:
    at: datetime
    text: str

    def written(self, *, timestamps: bool) -> bytes:
        # The kubelet writes nanoseconds.
        stamp = f"{self.at:%Y-%m-%dT%H:%M:%S}.{self.at.microsecond:06}000Z " if timestamps else ""
        return f"{stamp}{self.text}\n".encode()


class _NoLogError(Exception):
    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class ContainerLogs:
    """What all containers of this cluster have said; safe to share between threads."""

    def __init__(self, status_of: Callable[[str, str], Status | None]) -> None:
        self._status_of = status_of  # a pod's status, if it has one
        self._added: defaultdict[Key, list[_Line]] = defaultdict(list)
        self._changed = threading.Condition()
        self._breaks = 0
        self.is_closed = False

    def append(self, key: Key, text: str, at: datetime | None = None) -> None:
        with self._changed:
            self._added[key].append(_Line(at or datetime.now(UTC), text))
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
            for key in [key for key in self._added if key[:2] == (namespace, pod)]:
                del self._added[key]
            self._changed.notify_all()

    def read(self, key: Key, *, previous: bool) -> list[_Line]:
        """The whole log, or `_NoLogError` in the kubelet's own words."""
        with self._changed:
            return self._lines(key, previous=previous)

    def _lines(self, key: Key, *, previous: bool) -> list[_Line]:
        namespace, pod, container = key
        status = self._status_of(namespace, pod)
        if status is None:
            raise _NoLogError(HTTPStatus.NOT_FOUND, f'pod "{pod}" not found')
        found = [
            each
            for part in ("initContainerStatuses", "containerStatuses")
            for each in status.get(part, ())
            if each["name"] == container
        ]
        if not found:
            message = f'container "{container}" in pod "{pod}" is not available'
            raise _NoLogError(HTTPStatus.BAD_REQUEST, message)
        ran = _run_of(found[0], previous=previous, pod=pod)
        started = datetime.fromisoformat(ran["startedAt"])
        count, note = (_PREVIOUS_LINES, " before its restart") if previous else (_LINES, "")
        own = [
            _Line(
                started - timedelta(seconds=count - number),
                f"line {number} of {pod}/{container}{note}",
            )
            for number in range(1, count + 1)
        ]
        return own if previous else own + self._added[key]

    def follow(self, key: Key, seen: int, give_up: Callable[[], bool]) -> Iterator[list[_Line]]:
        """Lines after the first `seen`, as they come, while the container runs.

        Raises ConnectionAbortedError when a test breaks the streams.
        """
        with self._changed:
            breaks = self._breaks
        while True:
            with self._changed:
                try:
                    lines = self._lines(key, previous=False)
                except _NoLogError:
                    return
                if len(lines) <= seen:
                    if self.is_closed or not self._is_running(key) or give_up():
                        return
                    if self._breaks > breaks:
                        raise ConnectionAbortedError
                    self._changed.wait(0.5)
                    continue
            yield lines[seen:]
            seen = len(lines)

    def _is_running(self, key: Key) -> bool:
        status = self._status_of(*key[:2]) or {}
        return any(
            each["name"] == key[2] and "running" in each["state"]
            for part in ("initContainerStatuses", "containerStatuses")
            for each in status.get(part, ())
        )


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
            case ["exec", _, pod, container]:
                exec_in_container(self, pod, container)
            case _:
                self._send_text(HTTPStatus.NOT_FOUND, "404 page not found")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Says nothing: stderr belongs to the tests."""

    def _answer(self, key: Key, options: dict[str, str]) -> None:
        lines = self.logs.read(key, previous=options.get("previous") == "true")
        timestamps = options.get("timestamps") == "true"
        text = b"".join(each.written(timestamps=timestamps) for each in _chosen(lines, options))
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self._send_chunk(text[: int(options.get("limitBytes", len(text)))])
        if options.get("follow") == "true":
            for more in self.logs.follow(key, len(lines), self._reader_has_left):
                self._send_chunk(b"".join(each.written(timestamps=timestamps) for each in more))
        self.wfile.write(b"0\r\n\r\n")

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


def _chosen(lines: list[_Line], options: dict[str, str]) -> list[_Line]:
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
    """Serves `logs` over HTTPS on a free port of 127.0.0.1."""

    def __init__(self, logs: ContainerLogs, *, certificate_file: Path, key_file: Path) -> None:
        handler = type("Handler", (_Handler,), {"logs": logs})
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
