"""Finding one object by what a user typed, and saying what there is when it is not there."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, TypeVar

from dashborion.concurrency import start
from dashborion.errors import Ambiguous, Forbidden, NotFound
from dashborion.models.kinds import WorkloadType
from dashborion.models.query import Found, Name, Query
from dashborion.orchestrators.kubernetes import normalise, wire
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.listing import ListOptions
from dashborion.orchestrators.kubernetes.resources import Resource

T = TypeVar("T")

CONTROLLERS: dict[WorkloadType, Resource[Any]] = {
    WorkloadType.DEPLOYMENT: api.DEPLOYMENTS,
    WorkloadType.STATEFULSET: api.STATEFULSETS,
    WorkloadType.DAEMONSET: api.DAEMONSETS,
}


def namespace_of(client: Client, query: Query, name: Name | None = None) -> str | None:
    """The namespace that a name, or else a query, is about; None means all of them."""
    if name is not None and name.namespace:
        return name.namespace
    if query.all_namespaces:
        return None
    return query.namespace or client.credentials.namespace


def controllers(types: Iterable[WorkloadType] | None) -> list[Resource[Any]]:
    """The resources of these types, or of all; other orchestrators' types have none."""
    wanted = CONTROLLERS if types is None else set(types)
    return [resource for type_, resource in CONTROLLERS.items() if type_ in wanted]


def workload(
    client: Client, name: Name, namespace: str | None, *, everywhere: bool = False
) -> Found[normalise.Controller]:
    """The Deployment, StatefulSet or DaemonSet of that name.

    For a change it has to be looked for ``everywhere``: a kind that may not be
    searched may have one of that name too.

    Raises:
        Forbidden: a kind may not be searched.
        NotFound: with the names in the namespace.
        Ambiguous: two kinds, or two namespaces, have one.
    """
    resources = controllers([name.type] if name.type else None)
    if namespace is None:
        options = ListOptions(fields=f"metadata.name={_escaped(name.name)}", raw=True)
        listed = [client.collect(one, None, options) for one in resources]
    else:
        listed = [start(partial(_one, client, one, namespace, name.name)) for one in resources]
    found = client.permitted(listed, require_all=everywhere)
    if len(found) > 1:
        raise Ambiguous(
            f"'{name.name}' is the name of {len(found)} workloads: "
            + ", ".join(sorted(str(full_name(one.item)) for one in found)),
            hint="name one of these",
        )
    if found:
        return found[0]
    require_namespace(client, namespace)
    names = _names(client, resources, namespace)
    raise NotFound("workload", str(name), where=where(namespace), known=names)


def instance(client: Client, name: Name, namespace: str | None) -> Found[wire.Pod]:
    """The pod of that name, or the only one whose name begins with it.

    Raises:
        NotFound: with the names in the namespace.
        Ambiguous: several begin with it.
    """
    if namespace is not None:
        exact = _one(client, api.PODS, namespace, name.name)
        if exact:
            return exact[0]
    listed = client.wait(client.collect(api.PODS.metadata, namespace))
    metas = [one.item.metadata for one in listed]
    matching = [meta for meta in metas if meta.name == name.name] or [
        meta for meta in metas if name.name and meta.name.startswith(name.name)
    ]
    if len(matching) > 1:
        shown = ", ".join(sorted(f"{one.namespace}/{one.name}" for one in matching[:8]))
        raise Ambiguous(
            f"'{name.name}' begins the names of {len(matching)} instances: {shown}",
            hint="type more of the name",
        )
    found = _one(client, api.PODS, matching[0].namespace, matching[0].name) if matching else []
    if found:
        return found[0]
    require_namespace(client, namespace)
    known = [meta.name for meta in metas]
    raise NotFound("instance", name.name, where=where(namespace), known=known)


def require_namespace(client: Client, namespace: str | None) -> None:
    """Called when nothing came back: is it an empty namespace, or none at all?

    Raises:
        NotFound: with the namespaces there are.
    """
    if namespace is None:
        return
    try:
        if client.get(api.NAMESPACES, None, namespace) is not None:
            return
        known = client.optional(client.collect(api.NAMESPACES.metadata, None))
    except Forbidden:
        return  # who may not ask cannot be told
    names = [one.metadata.name for one in known]
    raise NotFound("namespace", namespace, where="the cluster", known=names)


def full_name(item: normalise.Controller) -> Name:
    """``namespace/kind/name``, which no other workload of the cluster has."""
    return Name(item.metadata.name, normalise.type_of(item), item.metadata.namespace)


def resource_of(item: normalise.Controller) -> Resource[Any]:
    return CONTROLLERS[normalise.type_of(item)]


def again(client: Client, item: normalise.Controller) -> Found[normalise.Controller] | None:
    """A workload as it is now; None if it is gone, or another one has its name."""
    found = client.get(resource_of(item), item.metadata.namespace, item.metadata.name)
    return found if found and found.item.metadata.uid == item.metadata.uid else None


def pod_again(client: Client, pod: wire.Meta) -> wire.Pod | None:
    """A pod as it is now; None if it is gone, or another one has its name."""
    found = client.get(api.PODS, pod.namespace, pod.name)
    return found.item if found and found.item.metadata.uid == pod.uid else None


def _escaped(value: str) -> str:
    """A value inside a field selector, as apimachinery's ``EscapeValue``."""
    return value.replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\=")


def _one(client: Client, resource: Resource[T], namespace: str, name: str) -> list[Found[T]]:
    found = client.get(resource, namespace, name)
    return [found] if found else []


def _names(client: Client, resources: list[Resource[Any]], namespace: str | None) -> list[str]:
    listed = [client.collect(one.metadata, namespace) for one in resources]
    return [one.item.metadata.name for one in client.permitted(listed)]


def where(namespace: str | None) -> str:
    """The words of an error for the namespace that was searched."""
    return f"namespace '{namespace}'" if namespace else "any namespace"
