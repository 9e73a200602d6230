"""Which resources the stand-in has, and what its discovery says about them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]

_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]


@dataclass(frozen=True)
class Resource:
    """One resource; plurals are unique over all groups here, but for another version."""

    group_version: str
    plural: str
    kind: str
    short: tuple[str, ...] = ()
    is_namespaced: bool = True
    subresources: tuple[str, ...] = ()
    is_in_all: bool = False

    @property
    def group(self) -> str:
        return self.group_version.rpartition("/")[0]

    @property
    def qualified(self) -> str:
        """As messages name it: `pods`, `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def qualified_kind(self) -> str:
        return f"{self.kind}.{self.group}" if self.group else self.kind

    @property
    def has_status(self) -> bool:
        return "status" in self.subresources


_SCALED = ("status", "scale")
RESOURCES = (
    Resource("v1", "pods", "Pod", ("po",), True, ("status", "log"), True),
    Resource("v1", "services", "Service", ("svc",), True, ("status",), True),
    Resource("v1", "endpoints", "Endpoints", ("ep",)),
    Resource("v1", "events", "Event", ("ev",)),
    Resource("v1", "configmaps", "ConfigMap", ("cm",)),
    Resource("v1", "secrets", "Secret"),
    Resource("v1", "serviceaccounts", "ServiceAccount", ("sa",)),
    Resource("v1", "namespaces", "Namespace", ("ns",), False, ("status",)),
    Resource("v1", "nodes", "Node", ("no",), False, ("status",)),
    Resource("apps/v1", "deployments", "Deployment", ("deploy",), True, _SCALED, True),
    Resource("apps/v1", "replicasets", "ReplicaSet", ("rs",), True, _SCALED, True),
    Resource("apps/v1", "statefulsets", "StatefulSet", ("sts",), True, _SCALED, True),
    Resource("apps/v1", "daemonsets", "DaemonSet", ("ds",), True, ("status",), True),
    Resource("apps/v1", "controllerrevisions", "ControllerRevision"),
    Resource("batch/v1", "jobs", "Job", (), True, ("status",), True),
    Resource("batch/v1", "cronjobs", "CronJob", ("cj",), True, ("status",), True),
    Resource("networking.k8s.io/v1", "ingresses", "Ingress", ("ing",), True, ("status",)),
    Resource("discovery.k8s.io/v1", "endpointslices", "EndpointSlice"),
    *(
        Resource(
            version,
            "horizontalpodautoscalers",
            "HorizontalPodAutoscaler",
            ("hpa",),
            True,
            ("status",),
            True,
        )
        for version in ("autoscaling/v2", "autoscaling/v1")  # liked best first, kept as the last
    ),
)
BY_PLURAL: Mapping[str, Resource] = {each.plural: each for each in RESOURCES}
BY_PATH: Mapping[tuple[str, str], Resource] = {
    (each.group_version, each.plural): each for each in RESOURCES
}
BY_KIND: Mapping[str, Resource] = {each.kind: each for each in RESOURCES}
# Questions that are posted and kept nowhere.
REVIEWS = {
    ("authorization.k8s.io/v1", "selfsubjectaccessreviews"): "SelfSubjectAccessReview",
    ("authentication.k8s.io/v1", "selfsubjectreviews"): "SelfSubjectReview",
}
VERSION = {
    "major": "1",
    "minor": "33",
    "gitVersion": "v1.33.0-dashborion-demo",
    "gitCommit": "0" * 40,
    "gitTreeState": "clean",
    "buildDate": "2025-04-23T13:00:00Z",
    "goVersion": "go1.24.2",
    "compiler": "gc",
    "platform": "linux/amd64",
}


def discovery(path: str, address: str) -> Object | None:
    """What a discovery path answers; None if it is not one."""
    if path == "/version":
        return dict(VERSION)
    if path == "/api":
        where = [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]
        return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": where}
    versions = _group_versions()
    if path == "/apis":
        names = dict.fromkeys(each.rpartition("/")[0] for each in versions if "/" in each)
        groups = [_group(each, versions) for each in names]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
    for each in versions:
        group = each.rpartition("/")[0]
        if group and path == f"/apis/{group}":
            return {"kind": "APIGroup", "apiVersion": "v1", **_group(group, versions)}
        if path == ("/apis/" if "/" in each else "/api/") + each:
            return _resource_list(each)
    return None


def _group_versions() -> list[str]:
    versions = [each.group_version for each in RESOURCES] + [version for version, _ in REVIEWS]
    return list(dict.fromkeys(versions))


def _group(group: str, versions: list[str]) -> Object:
    found = [
        {"groupVersion": each, "version": each.rpartition("/")[2]}
        for each in versions
        if each.rpartition("/")[0] == group
    ]
    return {"name": group, "versions": found, "preferredVersion": found[0]}


def _resource_list(group_version: str) -> Object:
    found: list[Object] = []
    for each in RESOURCES:
        if each.group_version == group_version:
            found.append(_described(each))
            found += [_subresource(each, name) for name in each.subresources]
    for (version, plural), kind in REVIEWS.items():
        if version == group_version:
            review = {"name": plural, "singularName": kind.lower(), "namespaced": False}
            found.append({**review, "kind": kind, "verbs": ["create"]})
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": group_version,
        "resources": found,
    }


def _described(each: Resource) -> Object:
    found: Object = {
        "name": each.plural,
        "singularName": each.kind.lower(),
        "namespaced": each.is_namespaced,
        "kind": each.kind,
        "verbs": _VERBS,
    }
    if each.short:
        found["shortNames"] = list(each.short)
    if each.is_in_all:
        found["categories"] = ["all"]
    return found


def _subresource(each: Resource, name: str) -> Object:
    found = {"name": f"{each.plural}/{name}", "singularName": "", "namespaced": each.is_namespaced}
    if name == "scale":
        scale = {"group": "autoscaling", "version": "v1", "kind": "Scale"}
        return found | scale | {"verbs": ["get", "patch", "update"]}
    return found | {
        "kind": each.kind,
        "verbs": ["get"] if name == "log" else ["get", "patch", "update"],
    }
