"""The local stdin, stdout and stderr of a command that runs in a container, or reads keys.

If they are a terminal, it is put into raw mode, so that every key reaches the
command.
"""

from __future__ import annotations

import os
import select
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from dashborion import signals
from dashborion.errors import CannotWrite, ClosedPipe

CHUNK = 1 << 15


@dataclass
class Terminal:
    """File descriptors. ``stdin`` None sends nothing; ``tty`` if stdin and stdout are terminals."""

    stdin: int | None
    stdout: int
    stderr: int
    tty: bool

    @classmethod
    def system(cls, *, stdin: bool = True) -> Terminal:
        """The streams of the process; an empty or closed stdin is not sent."""
        send = 0 if stdin and not _is_empty(0) else None
        return cls(send, 1, 2, tty=send == 0 and os.isatty(0) and os.isatty(1))

    def size(self) -> tuple[int, int]:
        """Columns and rows of the terminal."""
        size = os.get_terminal_size(self.stdout)
        return size.columns, size.lines

    @contextmanager
    def raw(self) -> Iterator[int | None]:
        """Put the terminal into raw mode for the duration of the context.

        Gives a descriptor to read a byte from for each change of size; None if there is
        no terminal.
        """
        if not self.tty or self.stdin is None:
            yield None
            return
        import signal
        import tty

        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        old = signal.signal(signal.SIGWINCH, lambda *_: _poke(writing))
        try:
            with unchanged(self.stdin):
                tty.setraw(self.stdin)
                yield reading
        finally:
            signal.signal(signal.SIGWINCH, old)
            os.close(reading)
            os.close(writing)

    @contextmanager
    def cbreak(self) -> Iterator[int | None]:
        """Have keys as they are pressed, unseen, for the duration of the context.

        Gives the descriptor to read them from; None if there is no terminal. Ctrl-C still ends.
        """
        if not self.tty or self.stdin is None:
            yield None
            return
        import tty

        with unchanged(self.stdin):
            tty.setcbreak(self.stdin)
            yield self.stdin


@contextmanager
def unchanged(descriptor: int) -> Iterator[None]:
    """Give a terminal its modes back when the context or the process ends, whoever changed them.

    Not from the background: its modes are not ours then, and setting them would stop us.
    """
    if os.name != "posix" or not os.isatty(descriptor):
        yield
        return
    import termios

    before = termios.tcgetattr(descriptor)

    def restore() -> None:
        with suppress(OSError, termios.error):  # it is gone
            if os.tcgetpgrp(descriptor) == os.getpgrp():
                termios.tcsetattr(descriptor, termios.TCSADRAIN, before)

    with signals.done_in_the_end(restore):
        try:
            yield
        finally:
            restore()


def _poke(descriptor: int) -> None:
    try:
        os.write(descriptor, b".")
    except BlockingIOError:
        return  # the pipe is full: a change of size will be noticed


def _is_empty(descriptor: int) -> bool:
    """Whether there will never be anything to read: closed, /dev/null, or at a file's end."""
    try:
        status = os.fstat(descriptor)
    except OSError:
        return True
    if stat.S_ISREG(status.st_mode):
        return os.lseek(descriptor, 0, os.SEEK_CUR) >= status.st_size
    return stat.S_ISCHR(status.st_mode) and os.path.samestat(status, Path(os.devnull).stat())


def write(descriptor: int, data: bytes) -> None:
    """Write all data.

    Raises:
        ClosedPipe: the reader is gone.
        CannotWrite: the disk is full, for example.
    """
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(descriptor, view) :]
        except BlockingIOError:  # another program made the terminal non-blocking
            select.select([], [descriptor], [])
        except BrokenPipeError as error:
            raise ClosedPipe from error
        except OSError as error:
            raise CannotWrite(error.strerror or type(error).__name__) from error
