"""A door that holds every command to the rules when something goes wrong.

The rules: nothing on stdout when a command fails, no traceback without
``--debug``, and no secret, query or header in anything that is printed.
"""

from __future__ import annotations

import contextlib
import re
import shlex
import time
from dataclasses import dataclass, field
from pathlib import Path

from dashborion.__main__ import main
from dashborion.context import Context
from dashborion.streams import Streams
from tests.support.door import Result

# Every secret of these tests has the word in it; queries begin with one of these parameters.
_PRIVATE = re.compile(r"s3cr3t|Bearer |Basic |limit=|continue=|Selector=", re.IGNORECASE)

# A line that a terminal erases again: erased, written, and erased by the next one.
_PROGRESS = re.compile(r"\r\x1b\[K([^\r\n\x1b]*(?=\r))?")


@dataclass
class Terminal:
    """The door, with a deadline and a sleep of the test's own."""

    slept: list[float] = field(default_factory=list)
    took: float = 0.0

    def __call__(
        self,
        command: str,
        *,
        seconds: float = 5.0,
        tty: bool = False,
        width: int = 80,
        fails_with_rows: bool = False,
    ) -> Result:
        streams = Streams.test(tty=tty, width=width)
        context = Context(streams, cwd=Path.cwd(), read_seconds=seconds, sleep=self.slept.append)
        started = time.monotonic()
        with contextlib.redirect_stdout(streams.out), contextlib.redirect_stderr(streams.err):
            code = main(shlex.split(command), context=context)
        self.took = time.monotonic() - started
        said = _PROGRESS.sub("", streams.err.getvalue())  # type: ignore[attr-defined]
        seen = Result(code, streams.out.getvalue(), said)  # type: ignore[attr-defined]
        _hold_to_the_rules(seen, command, fails_with_rows=fails_with_rows)
        return seen


def _hold_to_the_rules(seen: Result, command: str, *, fails_with_rows: bool) -> None:
    assert not _PRIVATE.search(seen.err), f"something private on stderr: {seen.err}"
    assert not _PRIVATE.search(seen.out), f"something private on stdout: {seen.out}"
    assert "unexpected " not in seen.err, "an error that no class stands for"
    assert "\x1b" not in seen.err
    if "--debug" not in command:
        assert "Traceback" not in seen.err
    if seen.exit_code not in (0, 5) and not fails_with_rows:
        assert seen.out == "", "data on stdout although the command failed"
    if seen.exit_code != 0:
        assert seen.err, "a failure without a word"


def require_unreachable(seen: Result, *words: str) -> None:
    """Exit 6 at once, with an error that has these words in it."""
    assert (seen.exit_code, seen.error["code"]) == (6, "unreachable")
    for word in words:
        assert word in seen.error["message"]
    assert seen.error["environment"] == "k8s:here"
    assert " at 0x" not in seen.err
