"""Child processes that cannot outlive the tests, and that say why when they will not start.

A test run that is killed must not leave an API server behind that eats a core: on Linux the
kernel kills each child together with its parent. Nothing is stopped politely, as all state is
in a temporary folder and an API server would wait for its watchers before it left.
"""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.support.waiting import wait_for

PR_SET_PDEATHSIG = 1
# Loaded here because a freshly forked child should do as little as possible.
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _die_with_parent() -> None:
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def free_ports(count: int) -> list[int]:
    """Free loopback ports; all are held until the last is found, so that none comes twice."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


class Child:
    """A server started from a binary, its output in `NAME.log` in `folder`.

    Start it from a thread that lives as long as the server should (pytest's main thread does):
    the kernel's notion of a parent is the thread.
    """

    def __init__(self, binary: Path, arguments: list[str], folder: Path) -> None:
        self.name = binary.name
        self.log = folder / f"{self.name}.log"
        with self.log.open("wb") as output:
            self._process = subprocess.Popen(
                [binary, *arguments],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - one call into a loaded library
            )

    def check(self) -> None:
        """Raise with the end of the log if the server has ended by itself."""
        if (code := self._process.poll()) is not None:
            raise RuntimeError(f"{self.name} ended with {code}:\n{self.tail()}")

    def tail(self, lines: int = 30) -> str:
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


def runs(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False
    except FileNotFoundError:
        return Path("/proc/self").exists() is False


def require_ended(
    script: Path, *names: str, meanwhile: Callable[[], object] = lambda: None
) -> None:
    """The processes whose ids the script wrote down end soon."""
    pids = [int(Path(f"{script}.{name}").read_text()) for name in names]

    def have_ended() -> bool:
        meanwhile()
        return not any(map(runs, pids))

    wait_for(f"the end of {pids}", have_ended)
