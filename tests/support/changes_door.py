"""Commands that change something: a door with a clock, a stdin and a sleep of the test's own.

Nothing waits for the clock: a sleep moves it on at once and tells the test's script, which
is where whoever else is at work does their part.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from dashborion.__main__ import main
from dashborion.context import Context
from dashborion.streams import Streams
from tests.support.door import Result

Step = Callable[[], object]
_PROGRESS = re.compile(r"\r\x1b\[K([^\r\n\x1b]*(?=\r))?")


class Keyboard(io.StringIO):
    """What a person types; a terminal unless told otherwise."""

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


@dataclass
class Terminal:
    """The door. ``steps`` are taken one a sleep; ``really`` is how long each sleep takes."""

    steps: list[Step] = field(default_factory=list)
    really: float = 0.0
    ticking: bool = False  # whether time passes by itself, too
    keyboard: Keyboard = field(default_factory=lambda: Keyboard(tty=False))
    seconds: float = 10.0  # what a command may read
    slept: list[float] = field(default_factory=list)
    raw_err: str = ""
    took: float = 0.0
    moment: datetime | None = None

    def __call__(self, command: str, *, tty: bool = False, width: int = 200) -> Result:
        self.slept.clear()
        streams = Streams.test(tty=tty, width=width)
        context = Context(
            streams,
            cwd=Path.cwd(),
            stdin=self.keyboard,
            read_seconds=self.seconds,
            sleep=self._sleep,
            clock=lambda: sum(self.slept) + (time.monotonic() if self.ticking else 0),
        )
        if (moment := self.moment) is not None:
            context.now = lambda: moment
        started = time.monotonic()
        with contextlib.redirect_stdout(streams.out), contextlib.redirect_stderr(streams.err):
            code = main(shlex.split(command), context=context)
        self.took = time.monotonic() - started
        out, self.raw_err = (one.getvalue() for one in (streams.out, streams.err))  # type: ignore[attr-defined]
        seen = Result(code, out, _PROGRESS.sub("", self.raw_err))
        assert "Traceback" not in seen.err
        assert "unexpected " not in seen.err, seen.err
        assert code == 0 or seen.err, "a failure without a word"
        return seen

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if self.steps:
            self.steps.pop(0)()
        if self.really:
            time.sleep(self.really)
