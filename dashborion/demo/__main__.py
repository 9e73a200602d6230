"""The background process itself: ``python -m dashborion.demo FOLDER [SPEED]``."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from dashborion import __version__
from dashborion.demo.process import DemoFolder, Running, hold
from dashborion.demo.server import Demo

IDLE_SECONDS = 15 * 60.0
_LOOK_SECONDS = 5.0


def main(path: Path, speed: float, *, idle_seconds: float = IDLE_SECONDS) -> int:
    """Serve until a signal ends it or nothing has been requested for ``idle_seconds``."""
    folder = DemoFolder(path)
    folder.make()
    if not hold(folder.alive):
        sys.stderr.write(f"another one is running in {path}\n")
        return 1
    is_over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: is_over.set())
    started = datetime.now(UTC).isoformat()
    with Demo(speed=speed) as demo:
        folder.write(folder.kubeconfig, demo.kubeconfig())
        running = Running(
            pid=os.getpid(),
            version=__version__,
            speed=demo.speed,
            started=started,
            aws_url=demo.aws.url,
            region="eu-west-3",
            access_key=demo.access_key,
            secret_key=demo.secret_key,
            kubernetes_url=demo.kubernetes.api.url,
            token=demo.token,
            kubeconfig=str(folder.kubeconfig),
            log=str(folder.log),
        )
        folder.write(folder.state, msgspec.json.encode(running).decode())
        while demo.idle_seconds < idle_seconds:
            if is_over.wait(min(_LOOK_SECONDS, idle_seconds)):
                break
    folder.state.unlink(missing_ok=True)
    folder.kubeconfig.unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.Formatter.converter = time.gmtime
    sys.exit(main(Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 1.0))
