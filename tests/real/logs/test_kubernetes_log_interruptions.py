"""The promise, on a real control plane: whatever breaks, every line comes exactly once."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.support.cli import Cli, Screen
from tests.support.kubelet import Kubelet
from tests.support.manifests import container, deployment
from tests.support.real_namespace import Space

CUTS = 1000
SEED = 7
REPLICAS, MORE = 12, 16
RESTARTED_AFTER = 10.0  # seconds: so long a kubelet waits before the second restart


@dataclass
class Chatter:
    """Writes numbered lines into all pods' logs, cuts who reads them, restarts and adds pods."""

    kubelet: Kubelet
    space: Space
    random: random.Random = field(default_factory=lambda: random.Random(SEED))  # noqa: S311
    written: Counter[str] = field(default_factory=Counter)
    cuts: int = 0
    restarts: int = 0
    is_done: threading.Event = field(default_factory=threading.Event)
    _restarted: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def cut(self, key: tuple[str, str, str], data: bytes) -> int | None:
        """Every other time, somewhere in what is sent; mostly in the middle of a line."""
        with self._lock:
            if key[0] != self.space.name or self.cuts == CUTS or self.random.random() < 0.5:
                return None
            self.cuts += 1
            return self.random.randrange(len(data) + 1)

    def talk(self) -> None:
        pods = [one["metadata"]["name"] for one in self.space.pods("chatty")]
        while self.cuts < CUTS:
            for pod in pods:
                self._say(pod, self.random.randrange(4))
            if self.random.random() < 0.02:
                self._restart(self.random.choice(pods))
            if self.cuts > CUTS / 2 and len(pods) < MORE:
                self.space.merge("chatty", {"replicas": MORE})
                self.space.plane.wait_for("more pods", lambda: self._have_started(MORE))
                pods = [one["metadata"]["name"] for one in self.space.pods("chatty")]
            time.sleep(0.005)
        last = f"said {pods[0]} last of all"
        self.written[last] += 1
        self.is_done.set()  # before the last line, which is the one to look up at
        self.kubelet.append_line(self.space.name, pods[0], "app", last)

    def _say(self, pod: str, count: int) -> None:
        for _ in range(count):
            said = f"said {pod} {self.written.total()} {'x' * self.random.randrange(200)}"
            self.kubelet.append_line(self.space.name, pod, "app", said)
            self.written[said] += 1

    def _restart(self, pod: str) -> None:
        now = time.monotonic()
        if self.cuts > CUTS / 10 and now - self._restarted.get(pod, -1000.0) > RESTARTED_AFTER:
            self._restarted[pod] = now
            self.restarts += 1
            self.kubelet.restart_container(self.space.name, pod, "app")

    def _have_started(self, count: int) -> bool:
        status = self.space.get("chatty")["status"]
        return bool(status.get("readyReplicas") == count)

    def is_heard(self, screen: Screen) -> bool:
        return self.is_done.is_set() and screen.lines >= self.written.total()


def test_every_line_comes_exactly_once(here: Space, kubelet: Kubelet, dashborion: Cli) -> None:
    here.add(deployment("chatty", container(), replicas=REPLICAS))
    chatter = Chatter(kubelet, here)
    with kubelet.cutting(chatter.cut):
        seen = dashborion(
            "workloads logs chatty -f -i ^said --no-prefix --tail -1",
            meanwhile=chatter.talk,
            enough=chatter.is_heard,
        )
    heard = Counter(seen.out.splitlines())
    unusual = [line for line in seen.err.splitlines() if not line.endswith("cut, reading on")]
    assert chatter.cuts == CUTS
    assert chatter.restarts
    assert heard - chatter.written == Counter(), f"not written, or not so often: {unusual}"
    assert chatter.written - heard == Counter(), f"did not come: {unusual}"
    assert seen.exit_code == 130
