"""Deployments of busybox that are broken, each in its own way, on a real node.

What is told of them is the kubelet's and the runtime's own: nothing here has their words but
``until``, the word by which a test sees that one has come as far as it gets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.support.api import Manifest
from tests.support.boxes import WAIT, box, box_deployment
from tests.support.real_namespace import Space

LOOP = "BackOff"  # the event: CrashLoopBackOff comes and goes with each run
PULLING, MOUNTING = "ImagePullBackOff", "FailedMount"
CONFIG, START = "CreateContainerConfigError", "StartError"
_SERVE = "httpd -f -p 8080 -h /www"
_SMALL = {"limits": {"memory": "16Mi"}}
_EATS = "tail /dev/zero"


@dataclass(frozen=True)
class Broken:
    """A broken Deployment, and the code of its cause.

    ``until`` is a reason to wait, to have ended or to be unready, or an event's.
    """

    manifest: Manifest
    code: str
    until: str


def broken(registry: str) -> dict[str, Broken]:
    """All of them by name; ``registry`` is a host that refuses images (``registry.py``)."""
    cases = [
        *(_image(f"{registry}/{way}:1", code, PULLING) for way, code in _REFUSALS.items()),
        _image("127.0.0.1:9/closed:1", "image-unreachable", PULLING),
        _image("Not/AName", "image-name", "InvalidImageName"),
        _case("image-never", "image-never", "ErrImageNeverPull",
              box() | {"image": "registry.example/none:1", "imagePullPolicy": "Never"}),
        _case("no-pull-secret", "image-auth", PULLING, box() | {"image": f"{registry}/private:1"},
              imagePullSecrets=[{"name": "nobody"}]),
        *(_case(f"exit-{number}", f"exit-{number}", LOOP, box(f"exit {number}"))
          for number in (0, 127, 134, 137, 139, 143)),
        _case("exit-3", "exit", LOOP, box("echo goodbye; exit 3")),
        _case("no-right", "exit-126", START, box() | {"command": ["/etc/passwd"]}),
        _case("no-program", "exit-127", START, box() | {"command": ["/not/there"]}),
        _case("no-folder", "create-failed", START, box(workingDir="/etc/passwd")),
        _case("oom", "oom", LOOP, box(_EATS, resources=_SMALL)),
        _case("oom-init", "oom", LOOP,
              initContainers=[box(_EATS, name="before", resources=_SMALL)]),
        _case("oom-sidecar", "oom", LOOP,
              initContainers=[box(_EATS, name="side", resources=_SMALL, restartPolicy="Always")]),
        _case("init-fails", "init-failed", LOOP, initContainers=[box("exit 4", name="before")]),
        _case("hook-fails", "hook-failed", LOOP, box(lifecycle={"postStart": _run("exit 9")})),
        _case("unwell", "liveness", LOOP, box(_SERVE, livenessProbe=_get("/none"))),
        _case("never-starts", "startup-probe", LOOP, box(startupProbe=_often(_run("exit 1")))),
        _case("answers-404", "readiness-status", "Unhealthy",
              box(_SERVE, readinessProbe=_get("/none"))),
        _case("deaf", "readiness-refused", "Unhealthy", box(readinessProbe=_get("/"))),
        _case("sluggish", "readiness-timeout", "Unhealthy",
              box(readinessProbe=_often(_run("sleep 9")))),
        _case("not-yet", "readiness", "Unhealthy",
              box(readinessProbe=_often(_run("echo no; exit 1")))),
        _case("no-probe", "readiness", "Unhealthy",
              box(readinessProbe=_often({"exec": {"command": ["nothing"]}}))),
        _case("gated", "readiness-gate", "ReadinessGatesNotReady",
              readinessGates=[{"conditionType": "example.com/open"}]),
        _case("no-config", "config-missing", CONFIG, box(env=[_from("configMap", "nowhere")])),
        _case("no-key", "config-key", CONFIG, box(env=[_from("configMap", "settings")])),
        _case("root", "run-as-root", CONFIG, box(securityContext={"runAsNonRoot": True})),
        _volume("mounts-no-config", "config-missing", configMap={"name": "nowhere"}),
        _volume("mounts-no-key", "config-key",
                configMap={"name": "settings", "items": [{"key": "b", "path": "b"}]}),
        _volume("mounts-a-file", "mount", hostPath={"path": "/etc/passwd", "type": "Directory"}),
        _volume("nobodys", "service-account", account="nobody",
                projected={"sources": [{"serviceAccountToken": {"path": "token"}}]}),
    ]  # fmt: skip
    return {str(case.manifest["metadata"]["name"]): case for case in cases}


_REFUSALS = {
    "missing": "image-not-found",
    "private": "image-auth",
    "forbidden": "image-auth",
    "busy": "image-rate-limit",
    "foreign": "image-platform",
}


def settings(space: Space) -> None:
    """The ConfigMap that some of them refer to."""
    metadata = {"name": "settings", "namespace": space.name}
    kind = {"apiVersion": "v1", "kind": "ConfigMap"}
    space.plane.apply({**kind, "metadata": metadata, "data": {"a": "1"}})


_LIMIT = "QPS exceeded"  # the kubelet's own, where many images are pulled at once: no registry's


def words(space: Space) -> dict[str, set[str]]:
    """Every reason that the API gives for a pod or its containers, by its label ``app``."""
    listed = space.plane.request("GET", f"/api/v1/namespaces/{space.name}/pods")["items"]
    events = space.plane.request("GET", f"/api/v1/namespaces/{space.name}/events")["items"]
    found: dict[str, set[str]] = {}
    for pod in listed:
        status = pod["status"]
        reasons = found.setdefault(pod["metadata"]["labels"]["app"], set())
        reasons.update(str(one.get("reason")) for one in status.get("conditions", ()))
        for field in ("initContainerStatuses", "containerStatuses"):
            for one in status.get(field, ()):
                states = [*one["state"].values(), *one["lastState"].values()]
                said = [state for state in states if _LIMIT not in str(state.get("message"))]
                reasons.update(str(state.get("reason")) for state in said)
        uid = pod["metadata"]["uid"]
        reasons.update(one["reason"] for one in events if one["involvedObject"].get("uid") == uid)
    return found


def _case(name: str, code: str, until: str, *containers: Manifest, **spec: Any) -> Broken:
    manifest = box_deployment(name, *containers)
    manifest["spec"]["template"]["spec"].update(spec)
    return Broken(manifest, code, until)


def _image(image: str, code: str, until: str) -> Broken:
    name = image.rpartition("/")[2].partition(":")[0].lower()
    return _case(f"image-{name}", code, until, box() | {"image": image})


def _volume(name: str, code: str, *, account: str | None = None, **source: Any) -> Broken:
    mounted = box(volumeMounts=[{"name": "data", "mountPath": "/data"}])
    volumes = [{"name": "data", **source}]
    return _case(name, code, MOUNTING, mounted, volumes=volumes, serviceAccountName=account)


def _from(kind: str, name: str) -> Manifest:
    return {"name": "B", "valueFrom": {f"{kind}KeyRef": {"name": name, "key": "b"}}}


def _run(script: str) -> Manifest:
    return {"exec": {"command": ["sh", "-c", script]}}


def _often(probe: Manifest) -> Manifest:
    return probe | {"periodSeconds": 2, "failureThreshold": 1}


def _get(path: str) -> Manifest:
    return _often({"httpGet": {"path": path, "port": 8080}})


WELL = box(WAIT, readinessProbe=_run("exit 0"), livenessProbe=_run("exit 0"))
