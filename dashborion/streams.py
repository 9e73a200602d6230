"""Where a command's words go: data to ``out``, everything said to people to ``err``.

One value carries both streams and what is known of them (terminal, colour,
width), so that nothing else asks the operating system. ``Streams.test`` gives
the same thing over two buffers.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TextIO

if TYPE_CHECKING:
    from dashborion.errors import DashborionError

_ERASE = "\r\x1b[K"

Color = Literal["auto", "always", "never"]

# C1 controls move cursors and change titles as C0 ones do; bidirectional overrides, zero-width and
# tag characters make one name look like another.
HOSTILE = (
    "\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
)
_HOSTILE = re.compile(f"[\x00-\x1f{HOSTILE}]")


def escape(text: str) -> str:
    """Text from an API or a user, made harmless for a terminal: one visible line."""
    return _HOSTILE.sub(_visible, text)


def _visible(match: re.Match[str]) -> str:
    number = ord(match.group())
    if number <= 0xFF:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"


class _Closed(io.StringIO):
    """A stdout that nobody reads."""

    def write(self, _: str) -> int:
        raise ClosedPipe


class ClosedPipe(Exception):
    """Nobody reads stdout or stderr any more. No ``OSError``: Typer would end the process."""


@contextmanager
def _piped() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as error:
        raise ClosedPipe from error


@dataclass(eq=False, repr=False)
class Streams:
    """Two text streams and what is known about them.

    ``structured`` makes errors and warnings JSON objects, one a line (``-o json``).
    """

    out: TextIO
    err: TextIO
    out_tty: bool = False
    err_tty: bool = False
    out_color: bool = False
    width: int = 80
    structured: bool = False
    _progress: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def system(cls, environ: Mapping[str, str] = os.environ) -> Streams:
        """The process' own streams; text that they cannot encode is shown escaped."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        # Python has None for a stream that the shell closed (`>&-`).
        out: TextIO = sys.stdout or _Closed()
        err: TextIO = sys.stderr or io.StringIO()
        streams = cls(
            out=out,
            err=err,
            out_tty=out.isatty(),
            err_tty=err.isatty(),
            width=shutil.get_terminal_size().columns,
        )
        streams.set_color("auto", environ)
        return streams

    @classmethod
    def test(cls, *, tty: bool = False, width: int = 80) -> Streams:
        """Two buffers, seen as a terminal or as a pipe."""
        return cls(io.StringIO(), io.StringIO(), out_tty=tty, err_tty=tty, width=width)

    def set_color(self, color: Color, environ: Mapping[str, str]) -> None:
        """Decide on colour: ``NO_COLOR`` (no-color.org) and dumb terminals count for auto."""
        plain = bool(environ.get("NO_COLOR")) or environ.get("TERM") == "dumb"
        self.out_color = color == "always" or (color == "auto" and self.out_tty and not plain)

    def write(self, text: str) -> None:
        """Data, to ``out``; the caller has escaped it.

        Raises:
            ClosedPipe: its reader has gone.
        """
        with _piped():
            self.out.write(text)

    def write_bytes(self, data: bytes) -> None:
        """Data in UTF-8, or of whatever a container wrote: as it is, if ``out`` takes bytes.

        Raises:
            ClosedPipe: as ``write``.
        """
        buffer = getattr(self.out, "buffer", None)
        with _piped():
            if buffer is None or not self.unicode:
                self.out.write(data.decode(errors="replace"))
            else:
                self.out.flush()  # what was written as text comes first
                buffer.write(data)

    def flush(self) -> None:
        """Hand on what is buffered; raises as ``write``, or ``OSError`` on a full disk."""
        with _piped():
            self.out.flush()

    @property
    def unicode(self) -> bool:
        """Whether ``out`` can hold every character."""
        encoding = getattr(self.out, "encoding", None) or "utf-8"
        return encoding.lower().replace("-", "").startswith("utf")

    def say(self, text: str) -> None:
        """One line to a person; safe from several threads."""
        with self._lock, _piped():
            self.err.write(f"{_ERASE if self._progress else ''}{escape(text)}\n{self._progress}")
            self.err.flush()

    def ask(self, question: str) -> None:
        """A question on ``err``, without a newline."""
        with self._lock, _piped():
            self.err.write(escape(question))
            self.err.flush()

    def progress(self, text: str) -> None:
        """What is under way, on one line of a terminal that the next one replaces; "" ends it."""
        if not self.err_tty:
            return
        with self._lock:
            self._progress = escape(text)[: self.width - 1]
            self.err.write(f"{_ERASE}{self._progress}")
            self.err.flush()

    def note(self, message: str) -> None:
        """Something worth knowing that is neither data nor trouble."""
        self.say(json.dumps({"note": {"message": message}}) if self.structured else message)

    def warn(self, error: DashborionError) -> None:
        """Something was left out of an answer that is otherwise good."""
        self._notice("warning", error)

    def fail(self, error: DashborionError) -> None:
        """What went wrong, where, and how to go on."""
        self._notice("error", error)

    def _notice(self, kind: str, error: DashborionError) -> None:
        message, hint, environment = error.message, error.hint, error.environment
        if self.structured:
            body = {
                "code": error.code,
                "message": message,
                "hint": hint,
                "environment": environment,
            }
            self.say(json.dumps({kind: body}))
            return
        self.say(f"{kind}: {environment}: {message}" if environment else f"{kind}: {message}")
        if hint:
            self.say(f"  {hint}")
