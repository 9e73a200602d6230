"""Set-ups with logs to be read: pods that have written much, and fifty that go on writing."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path

from tests.benchmarks import fleets
from tests.benchmarks.setups import Environment, Unavailable, home
from tests.support.control_plane import CURRENT, ControlPlane
from tests.support.kubelet import Kubelet
from tests.support.manifests import deployment, namespace

SPACE, NAME = "media", "chatty"
LONG = {NAME: 50_000, "million": 100_000}  # workloads of ten pods, and the lines of each pod
FOLLOWED_PODS, LINES_A_SECOND, SECONDS = 50, 200, 30
TICK_SECONDS = 0.02

_WORDS = "GET /api/items/{0} 200 {1} ms user={2} trace={3:032x}"


@contextmanager
def long_logs() -> Iterator[Environment]:
    """Workloads with half a million lines and a million; ``$KUBECTL`` for a peer in a shell."""
    with _pods(10, {name: partial(_past, lines) for name, lines in LONG.items()}) as environment:
        yield {**environment, "KUBECTL": str(Path(sys.executable).with_name("kubectl"))}


@contextmanager
def fifty_busy_pods() -> Iterator[Environment]:
    """Fifty pods that write 200 lines a second for thirty seconds, to whoever follows first."""
    with _pods(FOLLOWED_PODS, {NAME: _present}) as environment:
        yield environment


@contextmanager
def _pods(count: int, logs: dict[str, Callable[[int], Iterator[bytes]]]) -> Iterator[Environment]:
    """So many pods of each workload, and what the log of each pod is made of, by its number."""
    if not os.environ.get(CURRENT):
        raise Unavailable(f"${CURRENT} names no folder with a control plane's programs")
    with home() as own, ControlPlane.from_environment() as plane, Kubelet(plane) as kubelet:
        plane.apply(namespace(SPACE))
        for name in logs:
            plane.apply(deployment(name, replicas=count, namespace=SPACE))
        plane.wait_for("the pods", lambda: fleets.settled(plane))
        for name, log in logs.items():
            path = f"/api/v1/namespaces/{SPACE}/pods?labelSelector=app%3D{name}"
            for number, pod in enumerate(plane.request("GET", path)["items"]):
                kubelet.make_log(SPACE, pod["metadata"]["name"], "app", partial(log, number))
        kubeconfig = plane.write_kubeconfig(Path(own["HOME"], "kubeconfig"), namespace=SPACE)
        yield {**own, "KUBECONFIG": str(kubeconfig)}


def _line(at: datetime, pod: int, number: int) -> bytes:
    words = _WORDS.format(number, number % 90, pod, number * 7919 + pod)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond:06}{pod:03}Z {words}\n".encode()


def _past(lines: int, pod: int) -> Iterator[bytes]:
    return iter(_written(lines, pod))


@cache
def _written(lines: int, pod: int) -> list[bytes]:
    """A line every hundredth of a second, in pieces as large as a kubelet's buffers."""
    begin = datetime.now(UTC) - timedelta(hours=1)
    step = timedelta(milliseconds=10)
    pieces, held = [], bytearray()
    for number in range(lines):
        held += _line(begin + number * step, pod, number)
        if len(held) > 1 << 15:
            pieces.append(bytes(held))
            held.clear()
    return [*pieces, bytes(held)]


def _present(pod: int) -> Iterator[bytes]:
    """Lines as they are written, each sent by itself."""
    begin, written, wanted = time.monotonic(), 0, LINES_A_SECOND * SECONDS
    while written < wanted:
        due = min(wanted, int((time.monotonic() - begin) * LINES_A_SECOND))
        for number in range(written, due):
            yield _line(datetime.now(UTC), pod, number)
        written = due
        time.sleep(TICK_SECONDS)
