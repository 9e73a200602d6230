"""Our own stdin, stdout and stderr as a command that runs elsewhere has them: bytes.

With a terminal on both ends it is made raw, so that every key reaches the
other side, and its size is told there.
"""

from __future__ import annotations

import os
import select
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CHUNK = 1 << 15


@dataclass
class Terminal:
    """File descriptors; ``stdin`` None sends nothing. ``tty`` when both ends are terminals."""

    stdin: int | None
    stdout: int
    stderr: int
    tty: bool

    @classmethod
    def system(cls, *, stdin: bool = True) -> Terminal:
        """The process' own; nothing is sent from a stdin that is closed or at its end."""
        send = 0 if stdin and not _is_empty(0) else None
        return cls(send, 1, 2, tty=send == 0 and os.isatty(0) and os.isatty(1))

    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        found = os.get_terminal_size(self.stdout)
        return found.columns, found.lines

    @contextmanager
    def raw(self) -> Iterator[int | None]:
        """Raw for as long as it lasts; gives a descriptor with a byte for each change of size.

        Without a terminal nothing is changed, and there is no descriptor.
        """
        if not self.tty or self.stdin is None:
            yield None
            return
        import signal
        import termios
        import tty

        before = termios.tcgetattr(self.stdin)
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        old = signal.signal(signal.SIGWINCH, lambda *_: _poke(writing))
        try:
            tty.setraw(self.stdin)
            yield reading
        finally:
            termios.tcsetattr(self.stdin, termios.TCSADRAIN, before)
            signal.signal(signal.SIGWINCH, old)
            os.close(reading)
            os.close(writing)


def _poke(descriptor: int) -> None:
    try:
        os.write(descriptor, b".")
    except BlockingIOError:
        return  # there are more than enough already


def _is_empty(descriptor: int) -> bool:
    """Whether there is nothing to read and never will be: closed, /dev/null, an empty file."""
    try:
        found = os.fstat(descriptor)
    except OSError:
        return True
    if stat.S_ISREG(found.st_mode):
        return os.lseek(descriptor, 0, os.SEEK_CUR) >= found.st_size
    return stat.S_ISCHR(found.st_mode) and os.path.samestat(found, Path(os.devnull).stat())


def write(descriptor: int, data: bytes) -> None:
    """All of it; raises ``BrokenPipeError`` when its reader has gone."""
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(descriptor, view) :]
        except BlockingIOError:  # somebody else made the terminal non-blocking
            select.select([], [descriptor], [])
