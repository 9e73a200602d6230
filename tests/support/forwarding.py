"""``instances port-forward`` in a process of its own, and clients of what it listens to."""

from __future__ import annotations

import http.client
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.support.cli import start
from tests.support.waiting import PATIENCE_SECONDS, wait_for

_LISTENS = re.compile(r"127\.0\.0\.1:(\d+) -> (\S+) port (\d+)")


@dataclass
class Forwarding:
    """A running command, and what it has said so far."""

    process: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)

    def read(self) -> None:
        assert self.process.stderr is not None
        self.said.extend(iter(self.process.stderr.readline, ""))

    @property
    def err(self) -> str:
        return "".join(list(self.said))

    @property
    def listening(self) -> list[tuple[int, str, int]]:
        """The local ports, with the instance and its port that were said at the start."""
        found = _LISTENS.findall(self.err)
        return [(int(local), name, int(port)) for local, name, port in found]

    @property
    def port(self) -> int:
        return self.listening[0][0]

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it with a signal; its exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_SECONDS)


@contextmanager
def forwarding(command: str, *, ports: int = 1, **pipes: Any) -> Iterator[Forwarding]:
    """Type ``instances port-forward …``, and wait until it listens to so many ports."""
    with start(f"instances port-forward {command}", text=True, **pipes) as process:
        found = Forwarding(process)
        reading = threading.Thread(target=found.read)
        reading.start()
        try:
            wait_for(
                "the ports to be listened to",
                lambda: len(found.listening) == ports or process.poll() is not None,
            )
            assert process.poll() is None, found.err
            yield found
        finally:
            process.terminate()  # it ends what it has started, too
            process.wait(PATIENCE_SECONDS)
            reading.join(PATIENCE_SECONDS)


def get(port: int, path: str = "/", *, seconds: float = PATIENCE_SECONDS) -> str:
    """The body of the answer to one request on a connection of its own."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)) as connection:
        connection.request("GET", path, headers={"Connection": "close"})
        return connection.getresponse().read().decode()
