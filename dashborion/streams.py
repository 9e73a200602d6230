"""Output streams: data to ``out``, messages for people to ``err``.

``Streams`` also knows whether they are terminals, their width and colours, so that
nothing else asks the operating system.
"""

from __future__ import annotations

import io
import json
import math
import os
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TextIO

from dashborion.errors import CannotWrite, ClosedPipe, DashborionError, RolloutError

_ERASE = "\r\x1b[K"
_LONGEST = 4000  # characters of a message
_LONGEST_LABEL = 300

Color = Literal["auto", "always", "never"]

# Besides C0 controls: C1 controls move the cursor and change titles, too; bidirectional overrides,
# zero-width and tag characters make a name look like another one.
HOSTILE = (
    "\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
)
_HOSTILE = re.compile(f"[\x00-\x1f{HOSTILE}]")
_BREAKS = re.compile(r"[ \t]*\r?\n\s*|\t")
_COMMANDS = re.compile(r"^(\s*:)(?=:)|(#)(?=#\[)", re.MULTILINE)

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "y": 365 * 86400}
# Below how many seconds a duration is written in a unit, and with which smaller one.
_LENGTHS = (
    (120, "s", ""), (600, "m", "s"), (10800, "m", ""), (8 * 3600, "h", "m"), (48 * 3600, "h", ""),
    (8 * 86400, "d", "h"), (730 * 86400, "d", ""), (2920 * 86400, "y", "d"), (math.inf, "y", ""),
)  # fmt: skip


def escape(text: str) -> str:
    """Text from an API or a user with control characters escaped: safe on a terminal, one line."""
    # All that is hostile is not printable, and to ask that takes a tenth of the time.
    return text if text.isprintable() else _HOSTILE.sub(_visible, text)


def one_line(text: str) -> str:
    """Text of several lines on one: line breaks, with the spaces around them, and tabs are one."""
    return _BREAKS.sub(" ", text.strip("\r\n")) if "\n" in text or "\t" in text else text


def no_command(text: str) -> str:
    """Text that GitHub's runner does not take for a command to itself.

    It does so with ``::`` at the beginning of a line, and with ``##[`` anywhere in one.
    """
    return _COMMANDS.sub(lambda match: f"{match.group()} ", text)


def age(then: datetime, now: datetime) -> str:
    """The time since then, as ``length`` writes it."""
    return length(int((now - then).total_seconds()))


def length(seconds: int) -> str:
    """A duration in at most two units, as kubectl's ``HumanDuration``."""
    if seconds < 0:
        return "0s"
    unit, smaller = next(units for limit, *units in _LENGTHS if seconds < limit)
    rest = seconds % _SECONDS[unit] // _SECONDS[smaller] if smaller else 0
    return f"{seconds // _SECONDS[unit]}{unit}" + (f"{rest}{smaller}" if rest else "")


def _visible(match: re.Match[str]) -> str:
    number = ord(match.group())
    if number <= 0xFF:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"


def _bounded(text: str | None, *, most: int = _LONGEST) -> str | None:
    """Messages shorten what they quote (``errors.short``); this is for what was forgotten."""
    return text if text is None or len(text) <= most else f"{text[:most]}…"


def described(error: DashborionError) -> dict[str, Any]:
    """An error as JSON has it."""
    return {
        "code": error.code,
        "message": _bounded(error.message),
        "hint": _bounded(error.hint),
        "environment": _bounded(error.environment, most=_LONGEST_LABEL),
    }


class _Closed(io.StringIO):
    """A stdout that the shell closed (``>&-``)."""

    def write(self, _: str) -> int:
        raise CannotWrite("stdout is closed")


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as error:
        raise ClosedPipe from error
    except OSError as error:
        raise CannotWrite(error.strerror or type(error).__name__) from error


def _width(environ: Mapping[str, str]) -> int:
    """Of the terminal that shows stdout, be it through ``less -R``; ``$COLUMNS`` goes before."""
    given = environ.get("COLUMNS", "")
    if given.isdecimal() and 0 < int(given) < 10_000:
        return int(given)
    for descriptor in (1, 2, 0):
        with suppress(OSError, ValueError):
            if width := os.get_terminal_size(descriptor).columns:
                return width
    return 80


@dataclass(eq=False, repr=False)
class Streams:
    """Two text streams and their properties.

    ``structured`` prints errors, warnings and notes as JSON objects, one a line. ``workflow``
    when GitHub's runner reads them, which finds commands in what it reads. ``quiet`` prints no
    notes.
    """

    out: TextIO
    err: TextIO
    out_tty: bool = False
    err_tty: bool = False
    out_color: bool = False
    width: int = 80
    structured: bool = False
    workflow: bool = False
    quiet: bool = False
    _progress: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def system(cls, environ: Mapping[str, str] = os.environ) -> Streams:
        """The streams of the process; characters that they cannot encode are escaped."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        # Python has None for a stream that the shell closed; Typer writes help to it, too.
        out: TextIO = sys.stdout or _Closed()
        err: TextIO = sys.stderr or io.StringIO()
        sys.stdout, sys.stderr = out, err
        streams = cls(
            out=out,
            err=err,
            out_tty=out.isatty(),
            err_tty=err.isatty(),
            width=_width(environ),
        )
        streams.set_color("auto", environ)
        return streams

    @classmethod
    def test(cls, *, tty: bool = False, width: int = 80) -> Streams:
        """Two buffers that behave like a terminal or a pipe."""
        return cls(io.StringIO(), io.StringIO(), out_tty=tty, err_tty=tty, width=width)

    def set_color(self, color: Color, environ: Mapping[str, str]) -> None:
        """Turn colours on or off; auto heeds ``NO_COLOR`` (no-color.org) and dumb terminals."""
        plain = bool(environ.get("NO_COLOR")) or environ.get("TERM") == "dumb"
        self.out_color = color == "always" or (color == "auto" and self.out_tty and not plain)

    def write(self, text: str) -> None:
        """Write data to ``out``; the caller has escaped it.

        Raises:
            ClosedPipe: the reader is gone.
            CannotWrite: the disk is full, for example.
        """
        with _writing():
            self.out.write(text)

    def write_bytes(self, data: bytes) -> None:
        """Write bytes to ``out``, unchanged if it takes UTF-8; raises as ``write``."""
        buffer = getattr(self.out, "buffer", None)
        with _writing():
            if buffer is None or not self.unicode:
                self.out.write(data.decode(errors="replace"))
            else:
                self.out.flush()  # text that was written before comes first
                buffer.write(data)

    def flush(self) -> None:
        """Flush ``out``; raises as ``write``."""
        with _writing():
            self.out.flush()

    def silence(self) -> None:
        """Redirect streams that cannot be written to /dev/null: Python flushes them at exit."""
        for stream in (self.out, self.err):
            try:
                stream.flush()
            except OSError:
                _redirect(stream)

    @property
    def unicode(self) -> bool:
        """Whether ``out`` can encode every character."""
        encoding = getattr(self.out, "encoding", None) or "utf-8"
        return encoding.lower().replace("-", "").startswith("utf")

    def say(self, *lines: str) -> None:
        """Print lines on ``err``, none of another thread between them."""
        text = "\n".join(map(escape, lines))
        text = no_command(text) if self.workflow else text
        with self._lock:
            self._tell(f"{_ERASE if self._progress else ''}{text}\n{self._progress}")

    def ask(self, question: str) -> None:
        """Print a question on ``err``, without a newline."""
        with self._lock:
            self._tell(escape(question))

    def progress(self, text: str) -> None:
        """Show progress on a line of the terminal that the next text replaces; "" removes it."""
        if not self.err_tty:
            return
        with self._lock:
            self._progress = escape(text)[: self.width - 1]
            self._tell(f"{_ERASE}{self._progress}")

    def _tell(self, text: str) -> None:
        """Write to ``err`` at once; a full disk or a terminal that is gone costs nothing else."""
        try:
            self.err.write(text)
            self.err.flush()
        except BrokenPipeError as error:
            raise ClosedPipe from error
        except OSError:
            _redirect(self.err)

    def note(self, message: str) -> None:
        """Print information that is neither data nor a problem, unless they are quiet."""
        if not self.quiet:
            self.announce(message)

    def announce(self, message: str) -> None:
        """Print what is changed or opened, where, and what to know about it; quiet or not."""
        message = _bounded(message) or ""
        text = json.dumps({"note": {"message": message}}) if self.structured else one_line(message)
        self.say(text)

    def warn(self, error: DashborionError) -> None:
        """Print a warning: something is missing in the output."""
        self._notice("warning", error)

    def fail(self, error: DashborionError) -> None:
        """Print an error with its environment and hint."""
        self._notice("error", error)

    def _notice(self, kind: str, error: DashborionError) -> None:
        if self.structured:
            body = described(error)
            if isinstance(error, RolloutError):
                import msgspec  # takes 5 ms

                body["causes"] = msgspec.to_builtins(error.causes)
            self.say(json.dumps({kind: body}))
            return
        hint, environment = _bounded(error.hint), _bounded(error.environment, most=_LONGEST_LABEL)
        message = one_line(_bounded(error.message) or "")
        said = f"{kind}: {environment}: {message}" if environment else f"{kind}: {message}"
        self.say(said, *(f"  {line}" for line in (hint or "").splitlines()))


def _redirect(stream: TextIO) -> None:
    """Send what a stream has not written yet, and all that follows, to /dev/null."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
