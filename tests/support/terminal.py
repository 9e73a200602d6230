"""A shell on a terminal of its own, in which a test types."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Self

from tests.support.waiting import PATIENCE_SECONDS


class Shell:
    """An interactive shell; a context manager."""

    def __init__(self, words: list[str], environ: Mapping[str, str]) -> None:
        self._words, self._environ = words, dict(environ)
        self._seen = b""

    def __enter__(self) -> Self:
        self._pid, self._terminal = pty.fork()
        if not self._pid:
            os.execvpe(self._words[0], self._words, self._environ)  # noqa: S606
        self.resize(40, 120)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._terminal)
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)

    @property
    def descriptor(self) -> int:
        return self._terminal

    def resize(self, rows: int, columns: int) -> None:
        """Change the size, as a window's; who runs on the terminal gets SIGWINCH."""
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def exit_code(self) -> int:
        """Wait for the end; what is still written is not kept."""
        with suppress(OSError):  # how a terminal says that nobody writes any more
            while os.read(self._terminal, 65536):
                pass
        pid, self._pid = self._pid, 0
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def type(self, keys: str) -> None:
        """Press these keys, one after the other."""
        os.write(self._terminal, keys.encode())

    def wait_for(self, pattern: str) -> re.Match[bytes]:
        """Read until the pattern is there; what was read before it is gone for the next one.

        Raises:
            AssertionError: it does not come.
        """
        wanted = re.compile(pattern.encode())
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            if found := wanted.search(self._seen):
                self._seen = self._seen[found.end() :]
                return found
            if select.select([self._terminal], [], [], 0.05)[0]:
                self._seen += os.read(self._terminal, 65536)
        raise AssertionError(f"no {pattern!r} in {self._seen[-2000:]!r}")
