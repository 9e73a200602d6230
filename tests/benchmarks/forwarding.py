"""Requests and bytes through ``port-forward``, ours and kubectl's, to a pod on a real node.

As a program it is the client: ``requests|bytes PROGRAM ARGUMENTS…`` starts what forwards a port,
``PORT`` among its arguments standing for a free one, and ends it after its work.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.setups import BIN, Environment, Unavailable, home
from tests.support.boxes import WAIT, box, box_deployment
from tests.support.processes import free_ports
from tests.support.real_namespace import Space
from tests.support.real_node import RealNode, why_not

REQUESTS, MEGABYTES, SECONDS = 200, 100, 60
PORT = 8080
_SERVE = f"dd if=/dev/zero of=/www/big bs=1M count={MEGABYTES}; httpd -f -p {PORT} -h /www & {WAIT}"


@contextmanager
def web_server() -> Iterator[Environment]:
    """``$KUBECONFIG`` for a real node with Deployment ``web``, and ``$CLIENT``, this program."""
    if reason := why_not():
        raise Unavailable(reason)
    with home() as own, RealNode.running() as node:
        ready = {"tcpSocket": {"port": PORT}, "periodSeconds": 1}
        space = Space.on(node.plane, "bench")
        space.add(box_deployment("web", box(_SERVE, readinessProbe=ready)))
        path = node.plane.write_kubeconfig(Path(own["HOME"], "kubeconfig"), namespace="bench")
        folder = str(Path(__file__).parents[2])
        yield {**own, "KUBECONFIG": str(path), "CLIENT": __file__, "PYTHONPATH": folder}


def main(work: str, program: str, *arguments: str) -> None:
    (port,) = free_ports(1)
    words = [str(BIN / program), *(word.replace("PORT", str(port)) for word in arguments)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(words, env=dict(os.environ), **quiet) as process:  # type: ignore[call-overload]
        try:
            url = f"http://127.0.0.1:{port}/"
            _first(url)
            if work == "requests":
                got = [_read(url) for _ in range(REQUESTS)]
                sys.stdout.write(f"{len(got)} requests\n")
            else:
                sys.stdout.write(f"{_read(f'{url}big')} bytes\n")
        finally:
            process.terminate()


def _first(url: str) -> None:
    """Wait until it listens."""
    end = time.monotonic() + SECONDS
    while True:
        try:
            _read(url)
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return


def _read(url: str) -> int:
    size = 0
    with urllib.request.urlopen(url, timeout=SECONDS) as answer:  # noqa: S310 - of this machine
        while data := answer.read(1 << 18):
            size += len(data)
    return size


if __name__ == "__main__":
    main(*sys.argv[1:])
