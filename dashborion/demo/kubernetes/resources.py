"""Which resources the stand-in has, and what its discovery says about them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

Object = dict[str, Any]

_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]


class Resource(msgspec.Struct, frozen=True):
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
        """The name in messages: ``pods``, ``deployments.apps``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def qualified_kind(self) -> str:
        return f"{self.kind}.{self.group}" if self.group else self.kind

    @property
    def has_status(self) -> bool:
        return "status" in self.subresources


_KNOWN = msgspec.yaml.decode(Path(__file__).with_suffix(".yaml").read_bytes())
RESOURCES = msgspec.convert(_KNOWN["resources"], tuple[Resource, ...])
METRICS = msgspec.convert(_KNOWN["metrics"], tuple[Resource, ...])  # kept nowhere
VERSION: Object = _KNOWN["version"]
BY_PLURAL: Mapping[str, Resource] = {resource.plural: resource for resource in RESOURCES}
BY_PATH: Mapping[tuple[str, str], Resource] = {
    (resource.group_version, resource.plural): resource for resource in RESOURCES
}
BY_KIND: Mapping[str, Resource] = {resource.kind: resource for resource in RESOURCES}
# Questions that are posted and kept nowhere.
REVIEWS = {
    ("authorization.k8s.io/v1", "selfsubjectaccessreviews"): "SelfSubjectAccessReview",
    ("authentication.k8s.io/v1", "selfsubjectreviews"): "SelfSubjectReview",
}


def discovery(path: str, address: str) -> Object | None:
    """What a discovery path answers; None if it is not one."""
    if path == "/version":
        return dict(VERSION)
    if path == "/api":
        addresses = [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]
        return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": addresses}
    known = [one.group_version for one in (*RESOURCES, *METRICS)] + [
        version for version, _ in REVIEWS
    ]
    versions = list(dict.fromkeys(known))
    groups = dict.fromkeys(version.rpartition("/")[0] for version in versions if "/" in version)
    if path == "/apis":
        described = [_group(group, versions) for group in groups]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": described}
    _, kind, name = (*path.split("/", 2), "", "")[:3]
    if kind == "apis" and name in groups:
        return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, versions)}
    if name in versions and kind == ("apis" if "/" in name else "api"):
        return _resource_list(name)
    return None


def _group(group: str, versions: list[str]) -> Object:
    described = [
        {"groupVersion": version, "version": version.rpartition("/")[2]}
        for version in versions
        if version.rpartition("/")[0] == group
    ]
    return {"name": group, "versions": described, "preferredVersion": described[0]}


def _resource_list(group_version: str) -> Object:
    described: list[Object] = []
    for resource in (*RESOURCES, *METRICS):
        if resource.group_version == group_version:
            described.append(_described(resource))
            described += [_subresource(resource, name) for name in resource.subresources]
    for (version, plural), kind in REVIEWS.items():
        if version == group_version:
            review = {"name": plural, "singularName": kind.lower(), "namespaced": False}
            described.append({**review, "kind": kind, "verbs": ["create"]})
    head = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version}
    return {**head, "resources": described}


def _described(resource: Resource) -> Object:
    described: Object = {
        "name": resource.plural,
        "singularName": resource.kind.lower(),
        "namespaced": resource.is_namespaced,
        "kind": resource.kind,
        "verbs": ["get", "list"] if resource in METRICS else _VERBS,
    }
    if resource.short:
        described["shortNames"] = list(resource.short)
    return described | ({"categories": ["all"]} if resource.is_in_all else {})


def _subresource(resource: Resource, name: str) -> Object:
    head: Object = {"name": f"{resource.plural}/{name}", "singularName": ""}
    head |= {"namespaced": resource.is_namespaced, "kind": resource.kind}
    if name == "scale":
        head |= {"group": "autoscaling", "version": "v1", "kind": "Scale"}
    return {**head, "verbs": ["get"] if name == "log" else ["get", "patch", "update"]}
