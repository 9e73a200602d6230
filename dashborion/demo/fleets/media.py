"""The project ``media``: two namespaces with a workload in every state, made to have a past."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

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

    def put(self, kind: str, version: str, name: str, **more: Any) -> None:
        labels = {"app": name, "team": "media"}
        metadata = {"name": name, "namespace": self.namespace, "labels": labels}
        self.cluster.put({"apiVersion": version, "kind": kind, "metadata": metadata, **more})

    def workload(self, kind: str, name: str, *tags: str, **spec: Any) -> None:
        """One container per tag; the first is called like the workload."""
        names = [name, *spec.pop("beside", ())]
        containers = [
            {
                "name": container,
                "image": f"registry.example/media/{container}:{tag}",
                "ports": [{"name": "http", "containerPort": 8080}] if container == name else [],
                "env": [{"name": "STAGE", "value": self.environment}],
                "resources": {
                    "requests": {"cpu": "100m", "memory": "128Mi"},
                    "limits": {"memory": "256Mi"},
                },
            }
            for container, tag in zip(names, tags, strict=True)
        ]
        labels = {"app": name}
        template: Object = {"metadata": {"labels": labels}, "spec": {"containers": containers}}
        template["spec"] |= spec.pop("pod", {})
        whole = {"selector": {"matchLabels": labels}, "template": template, **spec}
        self.put(kind, "apps/v1", name, spec=whole)

    def image(self, name: str, tag: str) -> None:
        deployment = self.cluster.store.get("deployments", self.namespace, name)
        if deployment is None:
            return
        image = f"registry.example/media/{name}:{tag}"
        path = "/spec/template/spec/containers/0/image"
        patch = [{"op": "replace", "path": path, "value": image}]
        changed = apply_patch("application/json-patch+json", deployment, patch)
        self.cluster.store.replace("deployments", changed)

    def service(self, name: str, **spec: Any) -> None:
        ports = [{"name": "http", "port": 80, "targetPort": 8080}]
        self.put("Service", "v1", name, spec={"selector": {"app": name}, "ports": ports, **spec})

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
        kind = BY_KIND[manifest["kind"]].plural
        which = manifest["metadata"]["name"]
        before = self.cluster.store.get(kind, self.namespace, which)
        self._beside[name] = kind, which, before
        self.cluster.put({**manifest, "metadata": {"name": which, "namespace": self.namespace}})

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
    is_production = media.environment == "production"
    count = 3 if is_production else 2
    media.workload("Deployment", "web", "8.2.0", "1.31", beside=["envoy"], replicas=count)
    media.service("web")
    host = "media.example" if is_production else "staging.media.example"
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    rules = [{"host": host, "http": {"paths": [path]}}]
    tls = [{"hosts": [host], "secretName": "web-tls"}]
    spec = {"ingressClassName": "nginx", "tls": tls, "rules": rules}
    address = {"loadBalancer": {"ingress": [{"ip": "203.0.113.10"}]}}
    media.put("Ingress", "networking.k8s.io/v1", "web", spec=spec, status=address)
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    bounds = {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 8}
    bounds["targetCPUUtilizationPercentage"] = 70
    media.put("HorizontalPodAutoscaler", "autoscaling/v1", "web", spec=bounds)
    media.workload(
        "Deployment", "encoder", _TAGS[0], replicas=4, minReadySeconds=3, revisionHistoryLimit=3
    )
    media.workload("Deployment", "transcoder", "1.9.0", replicas=count, progressDeadlineSeconds=60)
    media.workload("Deployment", "subtitles", "0.4.0" if is_production else "0.5.0-crash")
    media.workload("Deployment", "catalog", "2.0.0", replicas=2, progressDeadlineSeconds=120)
    media.workload("Deployment", "posters", "1.1.0-oom-twice" if is_production else "1.0.4")
    player = "6.1.0" if is_production else "6.2.0-unready"
    media.workload("Deployment", "player", player, replicas=2)
    media.service("player")
    media.workload("Deployment", "archive", "2025.11", replicas=0)
    media.service("database", clusterIP="None")
    media.workload("StatefulSet", "database", "16.4", replicas=count, serviceName="database")
    media.workload("DaemonSet", "node-logs", "3.0.1")
    _configure(media)
    _work(media)
    _announce(media)


def _configure(media: Media) -> None:
    media.put("ConfigMap", "v1", "settings", data={"quality": "high", "region": "eu-west-3"})
    proxy = "listen: 8080\nroutes:\n  - path: /\n    to: 127.0.0.1:8000\n"
    favicon = b64encode(bytes(318)).decode()
    files = {"data": {"envoy.yaml": proxy}, "binaryData": {"favicon.ico": favicon}}
    media.put("ConfigMap", "v1", "proxy", **files)


def _announce(media: Media) -> None:
    """An event of a deployment pipeline."""
    web = {"kind": "Deployment", "apiVersion": "apps/v1", "name": "web"}
    now = stamp(media.cluster.clock())
    media.put(
        "Event",
        "v1",
        "web.released",
        involvedObject={**web, "namespace": media.namespace},
        type="Normal",
        reason="Released",
        message="8.2.0 was released by the pipeline",
        source={"component": "pipeline"},
        firstTimestamp=now,
        lastTimestamp=now,
        count=1,
    )


def _work(media: Media) -> None:
    """Jobs and CronJobs, one of them suspended."""
    media.put("Job", "batch/v1", "reindex", spec={"template": _once("reindex", "1.4.0-done")})
    failing = {"backoffLimit": 0, "template": _once("import", "0.9.0-fail")}
    media.put("Job", "batch/v1", "import", spec=failing)
    for name, at, suspend in (("cleanup", "*/15 * * * *", False), ("report", "0 6 * * 1", True)):
        made = {"spec": {"template": _once(name, "2.0.0-done")}}
        spec = {"schedule": at, "suspend": suspend, "jobTemplate": made}
        media.put("CronJob", "batch/v1", name, spec=spec)


def _once(name: str, tag: str) -> Object:
    container = {"name": name, "image": f"registry.example/media/{name}:{tag}"}
    return {"spec": {"restartPolicy": "Never", "containers": [container]}}


def _change(media: Media) -> None:
    """The bad deployment of forty minutes ago."""
    if media.environment == "production":
        media.image("transcoder", "1.10.0-crash")
    else:
        media.image("catalog", "2.1.0-missing")
