"""One namespace of the real control plane, and what others do in it meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.support.api import ApiError, Manifest
from tests.support.cli import Result
from tests.support.control_plane import ControlPlane
from tests.support.manifests import image, namespace

_PLURALS = {"Deployment": "deployments", "StatefulSet": "statefulsets", "DaemonSet": "daemonsets"}
STRATEGY = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}


@dataclass
class Space:
    plane: ControlPlane
    name: str

    @classmethod
    def on(cls, plane: ControlPlane, name: str) -> Space:
        plane.apply(namespace(name))
        return cls(plane, name)

    def add(self, manifest: Manifest, *, settled: bool = True) -> str:
        """Make it and return its name, when it has as many ready pods as it wants."""
        manifest["metadata"]["namespace"] = self.name
        name = str(manifest["metadata"]["name"])
        self.plane.apply(manifest)
        if settled and manifest["kind"] in _PLURALS:
            plural = _PLURALS[manifest["kind"]]
            self.plane.wait_for(f"{plural}/{name}", lambda: self._is_settled(plural, name))
        return name

    def allow(self, user: str, resources: Mapping[str, Sequence[str]]) -> None:
        """Let a user read these resources, by API group, in this namespace."""
        rbac = "rbac.authorization.k8s.io"
        kind = {"apiVersion": f"{rbac}/v1", "metadata": {"name": user, "namespace": self.name}}
        rules = [
            {"apiGroups": [group], "resources": list(names), "verbs": ["get", "list", "watch"]}
            for group, names in resources.items()
        ]
        role = {"apiGroup": rbac, "kind": "Role", "name": user}
        subjects = [{"apiGroup": rbac, "kind": "User", "name": user}]
        self.plane.apply({**kind, "kind": "Role", "rules": rules})
        self.plane.apply({**kind, "kind": "RoleBinding", "roleRef": role, "subjects": subjects})

    def _is_settled(self, plural: str, name: str) -> bool:
        found = self.get(name, plural)
        status = found["status"]
        wanted = found["spec"].get("replicas", status.get("desiredNumberScheduled", 0))
        ready = status.get("readyReplicas", status.get("numberReady", 0))
        seen = status.get("observedGeneration", 0) == found["metadata"]["generation"]
        return bool(seen and ready == wanted and (wanted or plural != "daemonsets"))

    def clear(self) -> None:
        """Leave nothing that other tests would find in a list of all namespaces."""
        for plural in _PLURALS.values():
            self.plane.request("DELETE", f"/apis/apps/v1/namespaces/{self.name}/{plural}")
        pods = f"/api/v1/namespaces/{self.name}/pods"
        sets = f"/apis/apps/v1/namespaces/{self.name}/replicasets"
        self.plane.request("DELETE", pods)
        for path in (sets, pods):
            self.plane.wait_for(f"nothing at {path}", partial(self._is_empty, path))

    def _is_empty(self, path: str) -> bool:
        return not self.plane.request("GET", path)["items"]

    def path(self, name: str, plural: str = "deployments") -> str:
        root = "/api/v1" if plural == "pods" else "/apis/apps/v1"
        return f"{root}/namespaces/{self.name}/{plural}/{name}"

    def get(self, name: str, plural: str = "deployments") -> Any:
        return self.plane.request("GET", self.path(name, plural))

    def replicas(self, name: str, plural: str = "deployments") -> int:
        return int(self.get(name, plural)["spec"]["replicas"])

    def merge(self, name: str, spec: Manifest, plural: str = "deployments") -> None:
        self.plane.merge(self.path(name, plural), {"spec": spec})

    def change_image(self, name: str, behaviour: str, tag: str = "2.0", **more: Any) -> None:
        """What somebody's deployment does."""
        containers = [{"name": "app", "image": image(behaviour, tag), **more}]
        self.merge(name, {"template": {"spec": {"containers": containers}}})

    def delete(self, name: str, plural: str = "deployments") -> None:
        self.plane.request("DELETE", self.path(name, plural))

    def pods(self, name: str) -> list[Manifest]:
        """The pods labelled ``app: NAME`` that are not being deleted."""
        path = f"/api/v1/namespaces/{self.name}/pods?labelSelector=app%3D{name}"
        found: list[Manifest] = self.plane.request("GET", path)["items"]
        return [one for one in found if "deletionTimestamp" not in one["metadata"]]

    def only_pod(self, name: str) -> str:
        (found,) = self.pods(name)
        return str(found["metadata"]["name"])

    def has_event(self, name: str, reason: str) -> bool:
        """About one of a workload's pods."""
        found = self.plane.request("GET", f"/api/v1/namespaces/{self.name}/events")["items"]
        about = [one["involvedObject"]["name"] for one in found if one["reason"] == reason]
        return any(one.startswith(f"{name}-") for one in about)

    def is_waiting(self, name: str, reason: str) -> bool:
        """Whether a container of one of a workload's pods waits for this reason."""
        statuses = [
            s for pod in self.pods(name) for s in pod["status"].get("containerStatuses", ())
        ]
        return reason in [status["state"].get("waiting", {}).get("reason") for status in statuses]

    def is_unscheduled(self, name: str) -> bool:
        """Whether the scheduler has found no node for one of a workload's pods."""
        found = [one for pod in self.pods(name) for one in pod["status"].get("conditions", ())]
        return ("PodScheduled", "False") in [(one["type"], one["status"]) for one in found]

    def is_gone(self, name: str, plural: str) -> bool:
        try:
            self.get(name, plural)
        except ApiError as error:
            return error.status == 404
        return False


def writes(seen: Result) -> list[str]:
    """The requests of a ``-v`` command that change something."""
    words = [line.split() for line in seen.err.splitlines()]
    return [
        f"{one[0]} {one[2]}"
        for one in words
        if one and one[0] in ("PATCH", "PUT", "DELETE", "POST")
    ]
