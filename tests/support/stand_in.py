"""The demo's Kubernetes in the place of a real control plane: same fleet, same questions."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from dashborion.demo.http_server import new_identity
from dashborion.demo.kubernetes.cluster import KubernetesCluster
from tests.support.api import Manifest
from tests.support.control_plane import ControlPlane

TOKEN = "demo-token"
SPEED = 20.0
_PAUSE_SECONDS = 0.02
_STILL = 25  # pauses without a change, after which nothing is likely to go on


class StandIn(ControlPlane):
    """The stand-in API server and its controllers, ticking; it answers one token and no other."""

    def __init__(self, folder: Path) -> None:
        identity = new_identity()
        self.cluster = KubernetesCluster(TOKEN, speed=SPEED)
        self.cluster.api.start(tls=identity.context)
        self.folder = folder
        self.ca_file = folder / "ca.crt"
        self.ca_file.write_text(identity.authority)
        self.url = self.cluster.api.url
        self._api = self.client()
        self._children = []  # no processes: all of it is a thread
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tick, daemon=True)
        self._thread.start()

    @classmethod
    @contextmanager
    def running(cls, folder: Path) -> Iterator[Self]:
        """One that stops in the end."""
        stand_in = cls(folder)
        try:
            yield stand_in
        finally:
            stand_in.stop()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()
        self._api.close()
        self.cluster.api.stop()

    def apply(self, manifest: Manifest) -> None:
        """The same, with deadlines that are as far away as a real server's."""
        if manifest["kind"] == "Deployment":
            spec = manifest["spec"]
            deadline = spec.get("progressDeadlineSeconds", 600) * int(SPEED)
            manifest = {**manifest, "spec": {**spec, "progressDeadlineSeconds": deadline}}
        super().apply(manifest)

    def token(self, user: str = "admin") -> str:
        """Nobody but the admin is known there."""
        return TOKEN if user == "admin" else "somebody-else"

    def _tick(self) -> None:
        """Without a pause while something changes, else twice a second: each costs some 10 ms."""
        store, seen, still = self.cluster.store, -1, 0
        while not self._over.wait(_PAUSE_SECONDS):
            still = still + 1 if store.version == seen else 0
            seen = store.version
            if still < _STILL or still % _STILL == 0:
                with store.lock:
                    self.cluster.tick()
