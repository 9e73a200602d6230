"""AWS' program for sessions of Systems Manager, which connects this machine with a task."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from dashborion.concurrency import start
from dashborion.errors import DashborionError, Refusal, Unreachable, short
from dashborion.models.query import Found
from dashborion.orchestrators import processes
from dashborion.orchestrators.aws.client import AwsClient
from dashborion.signals import done_in_the_end

NAME = "session-manager-plugin"
# As the AWS CLI (awscli/customizations/sessionmanager.py): a newer plugin takes the name of this
# variable in the place of the session, whose token every user can read among the arguments.
SESSION_VARIABLE = "AWS_SSM_START_SESSION_RESPONSE"
LAST_WITHOUT_VARIABLE = (1, 2, 497, 0)
VERSION_SECONDS = 5.0
OPENED = "opened for session"  # "Port 8080 opened for sessionId …": what the plugin says
START_SECONDS = 20.0  # from the plugin's start until it listens
_END_SECONDS = 1.0  # between a signal and SIGKILL
_INSTALL = (
    "install it: https://docs.aws.amazon.com/systems-manager/latest/userguide/"
    "session-manager-working-with-install-plugin.html"
)


def require() -> None:
    """Raise Refusal unless it is installed."""
    if shutil.which(NAME) is None:
        message = f"`{NAME}` is not on the PATH: it connects this machine with the container"
        raise Refusal(message, hint=_INSTALL)


def takes_variable(environ: Mapping[str, str], note: Callable[[str], None]) -> bool:
    """Whether it takes the session in a variable; what that means if not is noted."""
    if version(environ) > LAST_WITHOUT_VARIABLE:
        return True
    note(f"this {NAME} is not newer than 1.2.497: while it runs, other users of this "
         "machine can read the session's token among its arguments")  # fmt: skip
    return False


def version(environ: Mapping[str, str]) -> tuple[int, ...]:
    """What the plugin says that it is; empty if that is no version."""
    try:
        said = processes.run(
            [NAME, "--version"], environ, VERSION_SECONDS, interactive=False, show_stderr=False
        ).output.decode()
        return tuple(map(int, said.strip().split(".")))
    except (OSError, ValueError, TimeoutError, processes.TooLarge):
        return ()


def target(cluster: str, instance: Found[Any], container: str) -> str:
    """A container of a task, as Systems Manager names it."""
    containers = (instance.raw or {}).get("containers") or ()
    runtime_ids = {item.get("name"): item.get("runtimeId") for item in containers}
    return f"ecs:{cluster}_{instance.item.id}_{runtime_ids.get(container)}"


def arguments(
    aws: AwsClient,
    session: Mapping[str, Any],
    asked: Mapping[str, Any],
    endpoint: str,
    environ: dict[str, str],
    *,
    takes_variable: bool,
) -> list[str]:
    """What it is started with: session, region, operation, profile, what was asked for, endpoint.

    The session goes into ``environ`` if it takes that.
    """
    given = json.dumps(dict(session))
    if takes_variable:
        environ[SESSION_VARIABLE], given = given, SESSION_VARIABLE
    profile = "" if aws.profile in (None, "default") else aws.profile
    return [NAME, given, aws.region, "StartSession", profile, json.dumps(dict(asked)), endpoint]


# --- A session that forwards a port ---------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class Session:
    """The plugin that listens at a local port, and the last lines that it said."""

    process: subprocess.Popen[bytes]
    port: int
    _stack: ExitStack
    _lines: deque[str] = field(default_factory=lambda: deque(maxlen=5))
    _has_answered: threading.Event = field(default_factory=threading.Event)
    _listens: bool = False

    @classmethod
    def started(cls, arguments: list[str], environ: Mapping[str, str], port: int) -> Session:
        with ExitStack() as stack:
            try:
                process = stack.enter_context(ended(_start(arguments, environ), signal.SIGINT))
            except OSError as error:
                reason = error.strerror or error
                raise DashborionError(f"cannot run {NAME}: {reason}") from error
            session = cls(process, port, stack)
            start(session._read)
            session._has_answered.wait(START_SECONDS)
            # Its output may have ended before it has: `has_ended` alone would not tell.
            if session.has_ended or not session._listens:
                raise Unreachable(f"{NAME} does not listen{session.said}")
            session._stack = stack.pop_all()
            return session

    def _read(self) -> None:
        assert self.process.stdout is not None  # noqa: S101 - it is a pipe
        with self.process.stdout as lines:
            for line in lines:
                self._lines.append(line.decode(errors="replace").strip())
                if OPENED in self._lines[-1]:
                    self._listens = True
                    self._has_answered.set()
        self._has_answered.set()  # it has ended: nobody needs to wait any more

    @property
    def has_ended(self) -> bool:
        return self.process.poll() is not None

    @property
    def said(self) -> str:
        lines = " ".join(filter(None, self._lines))
        return f": {short(lines, most=300)}" if lines else ""

    def close(self) -> None:
        self._stack.close()


def _start(arguments: list[str], environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        arguments,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


@contextmanager
def ended(
    process: subprocess.Popen[bytes], first: signal.Signals
) -> Iterator[subprocess.Popen[bytes]]:
    """End the plugin with the context: by a ``first`` signal, then SIGKILL.

    On SIGINT it ends its session at AWS, too.
    """
    with done_in_the_end(process.kill):
        try:
            yield process
        finally:
            process.send_signal(first)  # nothing happens if it has ended
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
