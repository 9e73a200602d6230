"""The command line as the tests use it: ``dashborion("workloads list -o json")``.

A command runs in this process, through ``main``, with streams, a clock and a keyboard of the test's
own. Time passes only in sleeps, which are recorded and take no time. After every command its output
is held to the rules: JSON is as ``dashborion schema`` says, no secret is printed, a failure has an
error message and no data, and nobody sees a traceback. What needs a process is started with
``start``.
"""

from __future__ import annotations

import _thread
import io
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Self
from unittest.mock import patch

from dashborion.__main__ import main
from dashborion.completion import fetch_names, known_names
from dashborion.context import Context
from dashborion.errors import DashborionError
from dashborion.storage import completion_names
from dashborion.streams import Streams
from dashborion.terminal import Terminal
from tests.support import schemas
from tests.support.waiting import PATIENCE_SECONDS

PROGRAM = Path(sys.executable).with_name("dashborion")

# Every secret of the tests has the first word in it; the rest is what requests consist of.
_PRIVATE = re.compile(
    r"s3cr3t|Bearer |Basic |limit=|continue=|Selector=|AWS4-HMAC|X-Amz-|Signature=|Credential=",
    re.IGNORECASE,
)
# A line that a terminal erases again: erased, written, and erased by the next one.
_PROGRESS = re.compile(r"\r\x1b\[K([^\r\n\x1b]*(?=\r))?")
# Commands that may print something before they fail: a change that was made but is not done, the
# rows of the environments that answered, a difference.
_PRINT_AND_FAIL = {
    "scale", "restart", "stop", "deploy", "rollback", "status", "logs", "exec", "check", "diff",
    "-f", "--watch", "run", "start", "continue", "abort", "pause", "resume",
}  # fmt: skip

Step = Callable[[], object]


@dataclass(frozen=True)
class Result:
    """What a command did: its exit code and both streams, without what a terminal erases again."""

    exit_code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        """The last error object of ``-o json``; with ``-v``, calls may end after it."""
        errors = [line for line in self.err.splitlines() if line.startswith('{"error"')]
        return json.loads(errors[-1])["error"]

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


class Keyboard(io.StringIO):
    """What a person types; ``before`` is called when they are asked."""

    def __init__(self, text: str = "", *, tty: bool = True, before: Step | None = None) -> None:
        super().__init__(text)
        self._tty = tty
        self._before = before

    def isatty(self) -> bool:
        return self._tty

    def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override]
        if self._before is not None:
            self._before()
        return super().readline(-1 if size is None else size)


class Screen(io.StringIO):
    """Counts lines, and presses Ctrl-C when it has seen enough."""

    def __init__(self, enough: Callable[[Screen], bool]) -> None:
        super().__init__()
        self.lines = 0
        self._enough = enough

    def write(self, text: str) -> int:
        written = super().write(text)
        self.lines += text.count("\n")
        return written

    def flush(self) -> None:
        super().flush()
        if self._enough(self):
            raise KeyboardInterrupt


def lines(count: int) -> Callable[[Screen], bool]:
    """Enough when there are so many lines."""
    return lambda screen: screen.lines >= count


@dataclass
class Cli:
    """Types commands, and remembers what the last one did beside its result.

    Attributes:
        steps: what somebody else does meanwhile: one step in each sleep of the command.
        step_seconds: how long each sleep takes in truth, for controllers of a real cluster.
        ticking: whether the command's clock moves by itself, too.
        keyboard: the command's stdin.
        read_seconds: the deadline for all that a command reads.
        moment: the date and time of the command; the machine's if None.
        slept: the seconds of each sleep of the last command.
        raw_err: its stderr, with what a terminal erases.
        took: how many seconds it took in truth.
    """

    steps: list[Step] = field(default_factory=list)
    step_seconds: float = 0.0
    ticking: bool = False
    keyboard: Keyboard = field(default_factory=lambda: Keyboard(tty=False))
    read_seconds: float = PATIENCE_SECONDS
    moment: datetime | None = None
    slept: list[float] = field(default_factory=list)
    raw_err: str = ""
    took: float = 0.0
    _streams: Streams | None = None

    def __call__(
        self,
        command: str,
        *,
        tty: bool = False,
        width: int = 200,
        now: datetime | None = None,
        cwd: Path | None = None,
        seconds: float | None = None,
        enough: Callable[[Screen], bool] | None = None,
        meanwhile: Step | None = None,
        stdin: bytes | None = None,
        fails_with_rows: bool = False,
        unforeseen: bool = False,
    ) -> Result:
        """Type a command.

        Args:
            command: the words after ``dashborion``.
            tty: whether stdout and stderr are terminals, ``width`` columns wide.
            width: as above.
            now: as ``moment``, for this command.
            cwd: the folder that the command is typed in.
            seconds: as ``read_seconds``, for this command.
            enough: says of the screen when to press Ctrl-C.
            meanwhile: is called on a thread while the command runs, in real time.
            stdin: what ``instances exec`` has to send; its output is part of the result.
            fails_with_rows: the command has printed rows when it fails.
            unforeseen: the test throws what no class of errors is for.
        """
        self.slept.clear()
        self._streams = streams = Streams.test(tty=tty, width=width)
        streams.out = Screen(enough or (lambda _: False))
        follows = enough is not None or meanwhile is not None
        with _Files(stdin) as files:
            context = Context(
                streams,
                cwd=cwd or Path.cwd(),
                stdin=self.keyboard,
                terminal=lambda _: files.terminal,
                read_seconds=self.read_seconds if seconds is None else seconds,
                sleep=self._sleep_in_truth if follows else self._sleep,
                clock=time.monotonic if follows else self._clock,
            )
            if (moment := now or self.moment) is not None:
                context.now = lambda: moment.astimezone(UTC)
            started = time.monotonic()
            with (
                _given_up_in_the_end() if follows else nullcontext(),
                _on_a_thread(meanwhile),
                redirect_stdout(streams.out),
                redirect_stderr(streams.err),
            ):
                code = main(shlex.split(command), context=context)
            self.took = time.monotonic() - started
            self.raw_err = files.err + self.said_so_far()
            out = files.out + self.said_so_far(out=True)
        seen = Result(code, out, _PROGRESS.sub("", self.raw_err))
        _hold_to_the_rules(command, seen, tty=tty, fails_with_rows=fails_with_rows)
        assert unforeseen or "unexpected " not in seen.err, f"an error without a class: {seen.err}"
        return seen

    def while_some_never_answer(self, command: str) -> Result:
        """A command of whose calls some never end: how long the others need is not known before."""
        for seconds in (0.25, 1.0, 5.0):
            seen = self(command, seconds=seconds)
            if seen.out:
                break
        return seen

    def complete(self, line: str) -> list[str]:
        """The words that tab offers after this line, as the program answers fish.

        Names that are not known are fetched on a thread instead of in a process, and waited for.
        """
        asked = {"_DASHBORION_COMPLETE": "complete_fish", "_TYPER_COMPLETE_ARGS": line}
        out, err = io.StringIO(), io.StringIO()
        threads: list[threading.Thread] = []
        with (
            patch.dict(os.environ, asked),
            patch.object(known_names, "WAIT_SECONDS", PATIENCE_SECONDS),
            patch.object(known_names, "subprocess", _Fetching(threads)),
            patch.object(fetch_names, "Context", partial(Context, sleep=lambda _: None)),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            main([])
            for thread in threads:
                thread.join()
        assert err.getvalue() == "", "a shell shows it in the middle of the line"
        return [offer.partition("\t")[0] for offer in out.getvalue().splitlines()]

    def said_so_far(self, *, out: bool = False) -> str:
        """What a running command has written to stderr, or to stdout."""
        stream = self._streams and (self._streams.out if out else self._streams.err)
        return stream.getvalue() if isinstance(stream, io.StringIO) else ""

    def _clock(self) -> float:
        return sum(self.slept) + (time.monotonic() if self.ticking else 0)

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if self.steps:
            self.steps.pop(0)()
        if self.step_seconds:
            time.sleep(self.step_seconds)

    def _sleep_in_truth(self, seconds: float) -> None:
        self.slept.append(seconds)
        time.sleep(seconds)


@contextmanager
def start(
    command: str, *, environ: Mapping[str, str] | None = None, **pipes: Any
) -> Iterator[subprocess.Popen[Any]]:
    """The command in a process of its own, killed if it outlives the test; both streams are pipes.

    Args:
        command: the words after ``dashborion``.
        environ: variables beside those of this process.
        pipes: other options of ``Popen``.
    """
    with subprocess.Popen(
        [PROGRAM, *shlex.split(command)],
        env={**os.environ, **(environ or {})},
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **pipes},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


class _Fetching:
    """In the place of the module ``subprocess``: what fetches names runs on a thread."""

    DEVNULL = subprocess.DEVNULL

    def __init__(self, threads: list[threading.Thread]) -> None:
        self._threads = threads

    def Popen(self, command: Sequence[str], **_: object) -> None:  # noqa: N802 - as it is called
        thread = threading.Thread(target=self._fetch, args=[json.loads(command[-1])])
        self._threads.append(thread)
        thread.start()

    @staticmethod
    def _fetch(request: dict[str, Any]) -> None:
        try:
            with suppress(DashborionError):
                fetch_names.main(request)
        finally:
            for file in request["files"]:
                completion_names.unlock(file)


class _Files:
    """The streams of a command that runs elsewhere; a context manager."""

    def __init__(self, stdin: bytes | None) -> None:
        self._files = [tempfile.TemporaryFile() for _ in range(3)]  # noqa: SIM115 - see __exit__
        sent, to_out, to_err = self._files
        sent.write(stdin or b"")
        sent.seek(0)
        given = None if stdin is None else sent.fileno()
        self.terminal = Terminal(given, to_out.fileno(), to_err.fileno(), tty=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files:
            file.close()

    @property
    def out(self) -> str:
        return self._read(1)

    @property
    def err(self) -> str:
        return self._read(2)

    def _read(self, number: int) -> str:
        self._files[number].seek(0)
        return self._files[number].read().decode()


@contextmanager
def _given_up_in_the_end() -> Iterator[None]:
    """Press Ctrl-C when the command never ends; what is missing is for the test to say."""
    patience = threading.Timer(PATIENCE_SECONDS, _thread.interrupt_main)
    patience.daemon = True
    patience.start()
    try:
        yield
    finally:
        patience.cancel()


@contextmanager
def _on_a_thread(work: Step | None) -> Iterator[None]:
    if work is None:
        yield
        return
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield
    thread.join(PATIENCE_SECONDS)


def _hold_to_the_rules(command: str, seen: Result, *, tty: bool, fails_with_rows: bool) -> None:
    schemas.check(command, seen.out, seen.exit_code)
    assert not _PRIVATE.search(seen.err), f"something private on stderr: {seen.err}"
    assert "--raw" in command or not _PRIVATE.search(seen.out), f"something private: {seen.out}"
    assert not re.search(r"\bNone\b", seen.err), f"a name that nobody has: {seen.err}"
    assert tty or "\x1b" not in seen.err, f"a terminal's codes where there is none: {seen.err!r}"
    assert "--debug" in command or "Traceback" not in seen.err
    assert seen.exit_code in (0, 9, 130) or seen.err, "a failure without an error message"
    words = set(command.split())
    prints = fails_with_rows or words & (_PRINT_AND_FAIL | {"github"})  # there an error is data
    assert seen.exit_code in (0, 5, 9) or prints or not seen.out, "data of a command that failed"
