"""The project ``media``: two namespaces with a workload in every state, made to have a past."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from dashborion.demo.behaviour import cause_of
from dashborion.demo.kubernetes.cluster import KubernetesCluster
from dashborion.demo.kubernetes.objects import condition_of
from dashborion.demo.kubernetes.patches import apply_patch
from dashborion.demo.kubernetes.resources import BY_KIND, Object
from dashborion.demo.kubernetes.store import stamp
from dashborion.demo.kubernetes.troubles import TROUBLES, causes_of, filled, healthy, troubled

ENVIRONMENTS = ("staging", "production")
REPEATING = "encoder"  # the Deployment whose rollout begins again and again
_TAGS = ("3.1.0", "3.2.0")
_FLEET = msgspec.yaml.decode(Path(__file__).with_suffix(".yaml").read_bytes())


@dataclass
class Media:
    """One environment's namespace."""

    cluster: KubernetesCluster
    environment: str
    _steady_since: datetime | None = None
    _broken: dict[str, Object] = field(default_factory=dict)  # specs as they were before
    _beside: dict[str, tuple[str, str, Object | None]] = field(default_factory=dict)

    @property
    def namespace(self) -> str:
        return f"media-{self.environment}"

    def put(self, manifest: Object) -> None:
        given = manifest["metadata"]
        labels = {"app": given["name"], "team": "media"}
        metadata = {"namespace": self.namespace, "labels": labels, **given}
        self.cluster.put({**manifest, "metadata": metadata})

    def workload(self, name: str, *images: str, kind: str = "Deployment", **spec: Any) -> None:
        """A container for each image; the first is called like the workload."""
        containers = [
            {
                "name": image.partition(":")[0] if number else name,
                "image": f"registry.example/media/{image}",
                "ports": [] if number else [{"name": "http", "containerPort": 8080}],
                "env": [{"name": "STAGE", "value": self.environment}],
                "resources": {
                    "requests": {"cpu": "100m", "memory": "128Mi"},
                    "limits": {"memory": "256Mi"},
                },
            }
            for number, image in enumerate(images)
        ]
        labels = {"app": name}
        template: Object = {"metadata": {"labels": labels}, "spec": {"containers": containers}}
        whole = {"selector": {"matchLabels": labels}, "template": template, **spec}
        self.put({"kind": kind, "metadata": {"name": name}, "spec": whole})

    def image(self, name: str, tag: str) -> None:
        deployment = self.cluster.store.get("deployments", self.namespace, name)
        if deployment is None:
            return
        image = f"registry.example/media/{name}:{tag}"
        path = "/spec/template/spec/containers/0/image"
        patch = [{"op": "replace", "path": path, "value": image}]
        changed = apply_patch("application/json-patch+json", deployment, patch)
        self.cluster.store.replace("deployments", changed)

    def repeat(self, now: datetime, pause: float) -> None:
        """Begin the repeating rollout, ``pause`` seconds after the last one ended."""
        deployment = self.cluster.store.get("deployments", self.namespace, REPEATING)
        if deployment is None or REPEATING in self._broken or deployment["spec"].get("paused"):
            return
        observed = (deployment.get("status") or {}).get("observedGeneration")
        done = condition_of(deployment, "Progressing").get("reason") == "NewReplicaSetAvailable"
        if not done or observed != deployment["metadata"]["generation"]:
            self._steady_since = None
        elif self._steady_since is None:
            self._steady_since = now
        elif (now - self._steady_since).total_seconds() * self.cluster.speed >= pause:
            image = deployment["spec"]["template"]["spec"]["containers"][0]["image"]
            self.image(REPEATING, _TAGS[image.endswith(_TAGS[0])])
            self._steady_since = None

    @property
    def causes(self) -> list[str]:
        """What workloads may suffer from."""
        return list(TROUBLES)

    @property
    def breakable(self) -> dict[str, str]:
        """The plural of each workload that may suffer, by its name."""
        return {
            item["metadata"]["name"]: plural
            for plural in ("deployments", "statefulsets", "daemonsets")
            for item in self.cluster.store.all(plural, self.namespace)
        }

    def disturb(self, name: str, cause: str) -> None:
        """Let a workload suffer from a cause; it is healed before."""
        plural, store = self.breakable[name], self.cluster.store
        known = store.get(plural, self.namespace, name)
        if known is None:
            return
        if cause != "none" and cause not in causes_of(known["kind"]):
            raise LookupError(f"a {known['kind']} cannot suffer from {cause!r}")
        spec = self._broken.pop(name, None) or healthy(known["spec"])
        if beside := self._beside.pop(name, None):
            self._put_back(*beside)
        for kind in ("replicasets", "pods"):
            for item in store.all(kind, self.namespace):
                pod = item["spec"] if kind == "pods" else item["spec"]["template"]["spec"]
                is_own = pod["containers"][0]["name"] == name
                if is_own and cause_of(pod["containers"][0]["image"]):
                    store.remove(kind, item)
        if cause != "none":
            self._broken[name], spec = spec, troubled(spec, cause)
            if added := TROUBLES[cause].beside:
                self._put_beside(name, filled(added, name=name))
        store.replace(plural, {**known, "spec": spec})

    def _put_beside(self, name: str, manifest: Object) -> None:
        kind, which = BY_KIND[manifest["kind"]].plural, manifest["metadata"]["name"]
        self._beside[name] = kind, which, self.cluster.store.get(kind, self.namespace, which)
        self.put(manifest)

    def _put_back(self, kind: str, which: str, before: Object | None) -> None:
        item = self.cluster.store.get(kind, self.namespace, which)
        if item is not None and before is None:
            self.cluster.store.remove(kind, item)
        elif item is not None and before is not None:
            self.cluster.store.replace(kind, {**item, "spec": before["spec"]})


def populate(cluster: KubernetesCluster, now: datetime) -> list[Media]:
    """Fill the cluster and play a day forward."""
    cluster.kubelets.epoch = now
    namespaces = [Media(cluster, media) for media in ENVIRONMENTS]
    with cluster.store.lock:
        start = now - timedelta(hours=26)
        cluster.tick(start)
        for media in namespaces:
            cluster.put({"kind": "Namespace", "metadata": {"name": media.namespace}})
            _build(media)
        _pass(cluster, start, 14)
        start = now - timedelta(minutes=40)
        cluster.tick(start)
        for media in namespaces:
            _change(media)
        _pass(cluster, start, 20)
        _pass(cluster, now - timedelta(minutes=20), 2)
        cluster.tick(now)
    return namespaces


def _pass(cluster: KubernetesCluster, start: datetime, seconds: int) -> None:
    for second in range(1, seconds):
        cluster.tick(start + timedelta(seconds=second / cluster.speed))


def _build(media: Media) -> None:
    own = media.environment
    for name, given in _FLEET["workloads"].items():
        spec = {key: value for key, value in given.items() if key not in ENVIRONMENTS}
        spec |= given.get(own, {})
        media.workload(name, *spec.pop("images"), **spec)
    facts = {
        "host": "media.example" if own == "production" else "staging.media.example",
        "now": stamp(media.cluster.clock()),
        "space": media.namespace,
        "favicon": b64encode(bytes(318)).decode(),
    }
    for manifest in filled(_FLEET["objects"], **facts):
        media.put(manifest)


def _change(media: Media) -> None:
    """The bad deployment of forty minutes ago."""
    if media.environment == "production":
        media.image("transcoder", "1.10.0-crash")
    else:
        media.image("catalog", "2.1.0-missing")
