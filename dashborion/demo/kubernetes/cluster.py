"""A living Kubernetes: API server, controllers, scheduler and kubelets, moved by ``tick``."""

from __future__ import annotations

from datetime import UTC, datetime

from dashborion.demo.kubernetes import controllers
from dashborion.demo.kubernetes.api import KubernetesApi
from dashborion.demo.kubernetes.defaults import with_defaults
from dashborion.demo.kubernetes.deployments import run_deployments, run_replica_sets
from dashborion.demo.kubernetes.kubelets import Kubelets
from dashborion.demo.kubernetes.objects import World
from dashborion.demo.kubernetes.resources import BY_KIND, Object
from dashborion.demo.kubernetes.sets import run_daemon_sets, run_stateful_sets
from dashborion.demo.kubernetes.store import Store

_OWNED = ("jobs", "replicasets", "pods", "controllerrevisions", "endpointslices")


class KubernetesCluster:
    """One cluster. Nothing moves but in ``tick``; every wait is ``speed`` times as short."""

    def __init__(self, token: str, *, nodes: int = 3, speed: float = 1.0) -> None:
        self.speed = speed
        self._now: datetime | None = None  # a time set by hand, for the past and for tests
        self.store = Store(self.clock)
        self.kubelets = Kubelets(self.store, nodes, speed)
        self.api = KubernetesApi(self.store, self.kubelets, token)
        self._is_new = True

    def clock(self) -> datetime:
        return self._now or datetime.now(UTC)

    def tick(self, now: datetime | None = None) -> None:
        """Run every controller at that moment; without one the clock is the real one."""
        with self.store.lock:
            self._now = now
            world = World(self.store, self.clock(), self.speed)
            if self._is_new:
                self._is_new = False
                self.kubelets.epoch = self.kubelets.epoch or world.now
                self.kubelets.join(world)
                for name in ("default", "kube-system"):
                    self.put({"kind": "Namespace", "metadata": {"name": name}})
            _collect_orphans(world)
            controllers.run_autoscalers(world)
            run_deployments(world)
            run_replica_sets(world)
            run_stateful_sets(world)
            run_daemon_sets(world, self.kubelets.names)
            controllers.run_cronjobs(world)
            controllers.run_jobs(world)
            self.kubelets.tick(world)
            controllers.connect_services(world)
            world.forget_old_events()

    def reset(self) -> None:
        """Delete everything; versions go on, so that watches see it."""
        self.store.clear()
        self._is_new = True

    def put(self, manifest: Object) -> Object:
        """Create or replace an object, as a client would."""
        plural, metadata = BY_KIND[manifest["kind"]].plural, manifest["metadata"]
        with self.store.lock:
            known = self.store.get(plural, metadata.get("namespace", ""), metadata["name"])
            write = self.store.create if known is None else self.store.replace
            return write(plural, with_defaults(plural, manifest))


def _collect_orphans(world: World) -> None:
    """Delete what has lost its owner."""
    for plural in _OWNED:
        for item in world.store.all(plural):
            metadata = item["metadata"]
            for reference in metadata.get("ownerReferences") or ():
                owners = BY_KIND[reference["kind"]].plural
                owner = world.store.get(owners, metadata["namespace"], reference["name"])
                if owner is None or owner["metadata"]["uid"] != reference["uid"]:
                    if plural == "pods":
                        world.end_pod(item)
                    else:
                        world.store.remove(plural, item)
                    break
