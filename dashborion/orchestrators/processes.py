"""Programs that give credentials: run with a deadline, and ended with their children."""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from functools import partial
from typing import IO

from msgspec import Struct

from dashborion import signals
from dashborion.concurrency import Deadline, start
from dashborion.terminal import unchanged

END_SECONDS = 0.25  # between SIGTERM and SIGKILL
LINGER_SECONDS = 2.0  # that we read on after a program's end: a child may hold its pipes for hours
MOST_BYTES = 1 << 20  # of stdout
KEPT_BYTES = 4096  # of stderr
_CHUNK = 1 << 16

_KILL = getattr(signal, "SIGKILL", signal.SIGTERM)
_running: set[subprocess.Popen[bytes]] = set()
_lock = threading.Lock()
_ended = False


class TooLarge(Exception):
    """A program printed more than ``MOST_BYTES``."""


class Finished(Struct, frozen=True):
    """A program's exit code (negative: the signal that ended it), stdout, and end of stderr."""

    code: int
    output: bytes
    stderr: bytes


def run(
    arguments: Sequence[str],
    environ: Mapping[str, str],
    seconds: float,
    *,
    interactive: bool,
    show_stderr: bool,
) -> Finished:
    """Run a program to its end; it gets our stdin only when ``interactive``.

    It runs in a session of its own. If it is not done after these seconds, or
    when we end first, it is ended with the children that are still in there.

    Raises:
        OSError: it cannot be started.
        ValueError: an argument or variable that no program can get.
        TimeoutError: it was not done in time.
        TooLarge: it printed too much.
    """
    # Before it is started: it may change the terminal's modes at once.
    with unchanged(0) if interactive else nullcontext():
        process = _start(
            arguments,
            environ,
            stdin=None if interactive else subprocess.DEVNULL,
            stderr=None if show_stderr else subprocess.PIPE,
        )
        try:
            with signals.done_in_the_end(partial(_signal, process, _KILL)):
                return _finished(process, Deadline(seconds))
        except subprocess.TimeoutExpired as error:
            _end(process)
            raise TimeoutError from error
        except BaseException:
            _end(process)
            raise
        finally:
            _running.discard(process)


def _finished(process: subprocess.Popen[bytes], deadline: Deadline) -> Finished:
    """What a program has printed, and its exit code; raises as ``run`` and ``process.wait``."""
    output, stderr = bytearray(), bytearray()
    readers = [
        start(partial(_read_first, process.stdout, output)),
        start(partial(_read_last, process.stderr, stderr)),
    ]
    code = process.wait(deadline.remaining())
    for reader in readers:
        try:
            reader.result(min(LINGER_SECONDS, deadline.remaining()))
        except TimeoutError:
            if not (code or output):  # what it has to say is said by a child
                reader.result(deadline.remaining())
    return Finished(code, bytes(output), bytes(stderr))


def _start(
    arguments: Sequence[str], environ: Mapping[str, str], *, stdin: int | None, stderr: int | None
) -> subprocess.Popen[bytes]:
    with _lock:
        if _ended:
            raise OSError("the command has ended")
        process = subprocess.Popen(
            arguments,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=environ,
            start_new_session=True,
        )
        _running.add(process)
        return process


@atexit.register
def _end_all() -> None:
    """End what runs on other threads, such as after Ctrl-C, and start nothing more."""
    global _ended  # noqa: PLW0603 - the process ends
    signals.ignore()  # a second Ctrl-C shall not stop this
    with _lock:
        _ended = True
        running = list(_running)
    for process in running:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program and its children: SIGTERM, then SIGKILL."""
    _signal(process, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(END_SECONDS)
    _signal(process, _KILL)
    with suppress(subprocess.TimeoutExpired):
        process.wait(END_SECONDS)


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # macOS: EPERM for what is not yet reaped
        if hasattr(os, "killpg"):
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)


def _chunks(pipe: IO[bytes] | None) -> Iterator[bytes]:
    if pipe is not None:
        with pipe:
            yield from iter(partial(pipe.read1, _CHUNK), b"")  # type: ignore[attr-defined]


def _read_first(pipe: IO[bytes] | None, output: bytearray) -> None:
    for chunk in _chunks(pipe):
        output += chunk
        if len(output) > MOST_BYTES:
            raise TooLarge


def _read_last(pipe: IO[bytes] | None, kept: bytearray) -> None:
    """Keep the end; all of it is read, so that the program never waits for us."""
    for chunk in _chunks(pipe):
        kept += chunk
        del kept[:-KEPT_BYTES]
