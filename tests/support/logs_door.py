"""Logs as a user reads them: a door to commands that go on until they are interrupted.

Whoever follows sees lines on a screen that presses Ctrl-C when it has seen enough.
"""

from __future__ import annotations

import _thread
import contextlib
import io
import re
import shlex
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dashborion.__main__ import main
from dashborion.context import Context
from dashborion.streams import Streams
from tests.support.door import Result

GIVE_UP_SECONDS = 40
_PROGRESS = re.compile(r"\r\x1b\[K([^\r\n\x1b]*(?=\r))?")


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
class Terminal:
    """The door. ``meanwhile`` is done on a thread, while the command runs."""

    moment: datetime | None = None
    seconds: float = 20.0
    streams: Streams | None = None

    def saying(self, *, out: bool = False) -> str:
        """What a running command has said so far."""
        stream = self.streams and (self.streams.out if out else self.streams.err)
        return stream.getvalue() if isinstance(stream, io.StringIO) else ""

    def __call__(
        self,
        command: str,
        *,
        enough: Callable[[Screen], bool] = lambda _: False,
        meanwhile: Callable[[], object] | None = None,
        tty: bool = False,
    ) -> Result:
        self.streams = streams = Streams.test(tty=tty, width=200)
        streams.out = out = Screen(enough)
        context = Context(streams, cwd=Path.cwd(), read_seconds=self.seconds)
        if (moment := self.moment) is not None:
            context.now = lambda: moment
        gave_up = threading.Event()
        patience = threading.Timer(GIVE_UP_SECONDS, self._give_up, [gave_up])
        patience.daemon = True
        patience.start()
        other = threading.Thread(target=meanwhile, daemon=True) if meanwhile else None
        if other:
            other.start()
        with contextlib.redirect_stdout(streams.out), contextlib.redirect_stderr(streams.err):
            code = main(shlex.split(command), context=context)
        patience.cancel()
        if other:
            other.join(GIVE_UP_SECONDS)
        said = _PROGRESS.sub("", streams.err.getvalue())  # type: ignore[attr-defined]
        if gave_up.is_set():
            said += "\nthe test gave up waiting"  # what is missing is for the test to say
        assert "Traceback" not in said
        assert "unexpected " not in said, said
        return Result(code, out.getvalue(), said)

    @staticmethod
    def _give_up(gave_up: threading.Event) -> None:
        gave_up.set()
        _thread.interrupt_main()
