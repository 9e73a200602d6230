"""Set-ups with logs to be read: ten pods that have written much, fifty that go on writing."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path

from tests.benchmarks.setups import Environment, Unavailable, home
from tests.support.control_plane import CURRENT, ControlPlane
from tests.support.kubelet import Kubelet
from tests.support.manifests import deployment, namespace

SPACE, NAME = "media", "chatty"
LINES_A_POD = 50_000
FOLLOWED_PODS, LINES_A_SECOND, SECONDS = 50, 200, 30
TICK_SECONDS = 0.02

_WORDS = "GET /api/items/{0} 200 {1} ms user={2} trace={3:032x}"


@contextmanager
def ten_long_logs() -> Iterator[Environment]:
    """Ten pods with 50,000 lines each; ``$KUBECTL`` for a peer in a shell."""
    with _pods(10, _past) as environment:
        yield {**environment, "KUBECTL": str(Path(sys.executable).with_name("kubectl"))}


@contextmanager
def fifty_busy_pods() -> Iterator[Environment]:
    """Fifty pods that write 200 lines a second for thirty seconds, to whoever follows first."""
    with _pods(FOLLOWED_PODS, _present) as environment:
        yield environment


@contextmanager
def _pods(count: int, log: Callable[[int], Iterator[bytes]]) -> Iterator[Environment]:
    if not os.environ.get(CURRENT):
        raise Unavailable(f"${CURRENT} names no folder with a control plane's programs")
    with home() as own, ControlPlane.from_environment() as plane, Kubelet(plane) as kubelet:
        plane.apply(namespace(SPACE))
        plane.apply(deployment(NAME, replicas=count, namespace=SPACE))
        path = f"/apis/apps/v1/namespaces/{SPACE}/deployments/{NAME}"
        plane.wait_for(
            "the pods", lambda: plane.request("GET", path)["status"].get("readyReplicas") == count
        )
        pods = plane.request("GET", f"/api/v1/namespaces/{SPACE}/pods")["items"]
        for number, pod in enumerate(pods):
            kubelet.make_log(SPACE, pod["metadata"]["name"], "app", partial(log, number))
        kubeconfig = plane.write_kubeconfig(Path(own["HOME"], "kubeconfig"), namespace=SPACE)
        yield {**own, "KUBECONFIG": str(kubeconfig)}


def _line(at: datetime, pod: int, number: int) -> bytes:
    words = _WORDS.format(number, number % 90, pod, number * 7919 + pod)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond:06}{pod:03}Z {words}\n".encode()


def _past(pod: int) -> Iterator[bytes]:
    return iter(_written(pod))


@cache
def _written(pod: int) -> list[bytes]:
    """A line every hundredth of a second, in pieces as large as a kubelet's buffers."""
    begin = datetime.now(UTC) - timedelta(hours=1)
    step = timedelta(milliseconds=10)
    pieces, held = [], bytearray()
    for number in range(LINES_A_POD):
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
