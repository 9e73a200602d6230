"""One of each kind in each state that its columns tell apart, in one namespace."""

from __future__ import annotations

from base64 import b64encode
from functools import partial
from typing import Any

from tests.support.api import Manifest
from tests.support.control_plane import ControlPlane
from tests.support.manifests import autoscaler, container, deployment, ingress, job, service

SPACE = "kinds"
KINDS = (
    "ingresses", "configmaps", "services", "nodes", "namespaces", "events", "jobs", "cronjobs",
    "autoscalers",
)  # fmt: skip
WORDS = {"autoscalers": "hpa"}  # what kubectl calls them
ICON = bytes(range(200))


def populate(plane: ControlPlane, cron: str, *, status: bool = True) -> None:
    """``cron`` is the version that has CronJobs; ``status`` what no controller would say here."""
    plane.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE}})
    for manifest in (*_configs(), *_services(), *_ingresses(), *_jobs(cron), *_scaled()):
        manifest["metadata"]["namespace"] = SPACE
        plane.apply(manifest)
    for name in ("once", "several"):  # whose pods' events are the last that there will be
        path = f"/apis/batch/v1/namespaces/{SPACE}/jobs/{name}"
        plane.wait_for(f"job {name} to end", partial(_is_over, plane, path))
    if status:
        _report(plane, cron)


def clear(plane: ControlPlane) -> None:
    plane.request("DELETE", f"/api/v1/namespaces/{SPACE}")


def _is_over(plane: ControlPlane, path: str) -> bool:
    return bool(plane.request("GET", path)["status"].get("completionTime"))


def _object(kind: str, name: str, version: str = "v1", **body: Any) -> Manifest:
    metadata = {"name": name, "labels": {"app": name}}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **body}


def _configs() -> list[Manifest]:
    icon = b64encode(ICON).decode()
    return [
        _object("ConfigMap", "settings", data={"mode": "fast", "app.conf": "a = 1\nb = 2\n"}),
        _object("ConfigMap", "files", data={"a": "1"}, binaryData={"icon": icon}),
        _object("ConfigMap", "nothing"),
        _object("Secret", "password", stringData={"password": "made-up-and-secret"}),
    ]


def _services() -> list[Manifest]:
    outside = service("outside", type="ExternalName", externalName="db.example.test")
    del outside["spec"]["ports"], outside["spec"]["selector"]
    ports = [{"name": "http", "port": 80, "nodePort": 30081}, {"name": "dns", "port": 53,
              "nodePort": 30053, "protocol": "UDP"}]  # fmt: skip
    return [
        service("plain"),
        service("headless", clusterIP="None"),
        service("ports", type="NodePort", ports=ports[:1]),
        service("waiting", type="LoadBalancer", ports=[{"port": 443}]),
        service("balanced", type="LoadBalancer", ports=[{"port": 443}]),
        service("mixed", externalIPs=["192.0.2.7"], selector={"app": "a", "tier": "b"}),
        outside,
    ]


def _ingresses() -> list[Manifest]:
    classed = ingress("classed", host="a.example.test")
    classed["spec"]["ingressClassName"] = "nginx"
    other = {"host": "b.example.test", "http": classed["spec"]["rules"][0]["http"]}
    classed["spec"]["rules"].append(other)
    fallback = ingress("fallback", host="")
    backend = {"service": {"name": "plain", "port": {"name": "http"}}}
    fallback["spec"] = {"defaultBackend": backend}
    return [classed, fallback]


def _jobs(cron: str) -> list[Manifest]:
    several = job("several", container("done"))
    several["spec"] |= {"completions": 3, "parallelism": 2}
    two = [container(), container(name="beside")]
    template = {"spec": {"containers": two, "restartPolicy": "Never"}}
    spec = {"schedule": "0 3 1 1 *", "jobTemplate": {"spec": {"template": template}}}
    return [
        job("once", container("done")),
        several,
        _object("CronJob", "yearly", cron, spec=spec),
        _object("CronJob", "never", cron, spec=spec | {"suspend": True}),
    ]


def _scaled() -> list[Manifest]:
    alone = autoscaler("alone", low=1, high=3)
    del alone["spec"]["minReplicas"]
    alone["spec"]["targetCPUUtilizationPercentage"] = 80
    # Of the same workload, which is at zero: an autoscaler that misses its own says so for ever.
    alone["spec"]["scaleTargetRef"]["name"] = "scaled"
    return [deployment("scaled", replicas=0), autoscaler("scaled", low=2, high=6), alone]


def _report(plane: ControlPlane, cron: str) -> None:
    """As a cloud's controller and the CronJobs' would."""
    where = f"namespaces/{SPACE}"
    balanced = {"loadBalancer": {"ingress": [{"ip": "203.0.113.9"}, {"hostname": "lb.test"}]}}
    at = {"lastScheduleTime": "2026-01-01T03:00:00Z"}
    for path, status in (
        (f"/api/v1/{where}/services/balanced", balanced),
        (f"/apis/networking.k8s.io/v1/{where}/ingresses/classed", balanced),
        (f"/apis/{cron}/{where}/cronjobs/yearly", at),
    ):
        plane.request("PATCH", f"{path}/status", {"status": status}, "application/merge-patch+json")
