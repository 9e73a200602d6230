"""Finding one object by what a user typed, and saying what there is when it is not there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, TypeVar

import msgspec

from dashborion.concurrency import start
from dashborion.errors import AccessError, Ambiguous, NotFound, Unavailable
from dashborion.models.kinds import WorkloadType
from dashborion.models.query import Found, Name, Query
from dashborion.orchestrators.kubernetes import normalise, wire
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.argo_wire import Rollout
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.listing import ListOptions
from dashborion.orchestrators.kubernetes.resources import Resource

T = TypeVar("T")

CONTROLLERS: dict[WorkloadType, Resource[Any]] = {
    WorkloadType.DEPLOYMENT: api.DEPLOYMENTS,
    WorkloadType.STATEFULSET: api.STATEFULSETS,
    WorkloadType.DAEMONSET: api.DAEMONSETS,
    WorkloadType.ROLLOUT: api.ROLLOUTS,
}


def namespace_of(client: Client, query: Query, name: Name | None = None) -> str | None:
    """The namespace that a name, or else a query, is about; None means all of them."""
    if name is not None and name.namespace:
        return name.namespace
    if query.all_namespaces:
        return None
    return query.namespace or client.credentials.namespace


def controllers(
    types: Iterable[WorkloadType] | None, among: Iterable[WorkloadType] = tuple(CONTROLLERS)
) -> list[Resource[Any]]:
    """The resources of these types, or of all; other orchestrators' types have none."""
    wanted = CONTROLLERS if types is None else set(types)
    return [CONTROLLERS[type_] for type_ in among if type_ in wanted]


def listed(
    client: Client, query: Query, options: ListOptions
) -> Callable[[], list[Found[wire.Controller]]]:
    """Begin to list the controllers that a query is about; what is called gathers them.

    It raises why none of them could be listed, or ``NotFound`` where there is no such namespace;
    what else could not be listed is told.
    """
    namespace, resources = namespace_of(client, query), controllers(query.types)
    listing = [client.collect(one, namespace, options) for one in resources]

    def gather() -> list[Found[wire.Controller]]:
        found, failures = client.gathered(listing)
        if failures and not client.answers(resources, listing):
            raise failures[0]
        for failure in failures:
            client.runtime.incomplete(failure)
        if not found and not failures:
            require_namespace(client, namespace)
        return referring(client, found)

    return gather


def referring(
    client: Client, found: Sequence[Found[wire.Controller]]
) -> list[Found[wire.Controller]]:
    """The same; what takes its pod template from a Deployment has that one's, and its selector.

    One whose Deployment is not among them, and cannot be had, has none.
    """
    known = {_place(one.item): one for one in found if type(one.item) is wire.Deployment}
    wanted = {place for one in found if (place := _reference(one.item))} - known.keys()
    asked = [start(partial(_one, client, api.DEPLOYMENTS, *place)) for place in wanted]
    more, failures = client.gathered(asked)
    for failure in failures:
        client.runtime.warn(failure)
    known |= {_place(one.item): one for one in more}
    return [_with_template_of(one, known.get(_reference(one.item) or ("", ""))) for one in found]


def _place(item: wire.Controller) -> tuple[str, str]:
    return item.metadata.namespace, item.metadata.name


def _reference(item: wire.Controller) -> tuple[str, str] | None:
    """The namespace and name of the Deployment whose pod template an Argo Rollout takes."""
    reference = item.spec.workload_ref if isinstance(item, Rollout) else None
    if reference is None or reference.kind != "Deployment":
        return None
    return item.metadata.namespace, reference.name or ""


def _with_template_of(
    found: Found[wire.Controller], of: Found[wire.Controller] | None
) -> Found[wire.Controller]:
    item = found.item
    if of is None or not isinstance(item, Rollout):
        return found
    spec, raw = item.spec, found.raw
    selector = spec.selector if spec.selector != wire.LabelSelector() else of.item.spec.selector
    taken = msgspec.structs.replace(spec, template=of.item.spec.template, selector=selector)
    if raw is not None and of.raw is not None:
        template = (of.raw.get("spec") or {}).get("template")
        raw = {**raw, "spec": {**(raw.get("spec") or {}), "template": template}}
    return Found(msgspec.structs.replace(item, spec=taken), raw)


def workload(
    client: Client, name: Name, namespace: str | None, *, everywhere: bool = False
) -> Found[wire.Controller]:
    """The Deployment, StatefulSet, DaemonSet or Argo Rollout of that name.

    For a change it has to be looked for ``everywhere``: a kind that cannot be
    searched may have one of that name too.

    Raises:
        AccessError, Unavailable: a kind cannot be searched, and no other has one of that name.
        NotFound: with the names in the namespace.
        Ambiguous: two kinds, or two namespaces, have one.
    """
    resources = controllers([name.type] if name.type else None)
    if namespace is None:
        options = ListOptions(fields=f"metadata.name={_escaped(name.name)}", raw=True)
        listed = [client.collect(one, None, options) for one in resources]
    else:
        listed = [start(partial(_one, client, one, namespace, name.name)) for one in resources]
    found, failures = client.gathered(listed)
    if failures and (everywhere or not found):
        if len(failures) < len(resources):
            failures[0].hint = "name the kind too: deployment/NAME, sts/NAME, ds/NAME or ro/NAME"
        raise failures[0]
    for failure in failures:
        client.runtime.warn(failure)
    if len(found) > 1:
        raise Ambiguous(
            f"'{name.name}' is the name of {len(found)} workloads: "
            + ", ".join(sorted(str(full_name(one.item)) for one in found)),
            hint="name one of these",
        )
    if found:
        return referring(client, found)[0]
    require_namespace(client, namespace)
    existing, _ = client.gathered(
        [client.collect(one.metadata, namespace, decoration=True) for one in resources]
    )
    names = [one.item.metadata.name for one in existing]
    raise NotFound("workload", str(name), where=where(namespace), known=names)


def instance(client: Client, name: Name, namespace: str | None) -> Found[wire.Pod]:
    """The pod of that name, or the only one whose name begins with it; raises as ``by_name``."""
    if name.arn:
        raise NotFound("instance", name.arn, where=where(namespace))
    return by_name(client, api.PODS, name.name, namespace, word="instance", by_beginning=True)


def by_name(
    client: Client,
    resource: Resource[T],
    name: str,
    namespace: str | None,
    *,
    word: str,
    by_beginning: bool = False,
) -> Found[T]:
    """The object of that name, or ``by_beginning`` the only one whose name begins with it.

    Raises:
        NotFound: with the names in the namespace.
        Ambiguous: there are several.
    """
    if namespace is not None or not resource.namespaced:
        exact = client.get(resource, namespace, name)
        if exact is not None:
            return exact
    listed = client.wait(client.collect(resource.metadata, namespace))
    metas = [one.item.metadata for one in listed]
    matching = [meta for meta in metas if meta.name == name]
    if by_beginning and name and not matching:
        matching = [meta for meta in metas if meta.name.startswith(name)]
    if len(matching) > 1:
        shown = sorted(f"{meta.namespace}/{meta.name}" for meta in matching)
        if not by_beginning:
            problem = f"'{name}' is in {len(matching)} namespaces: {', '.join(shown)}"
            raise Ambiguous(problem, hint="name one of these, or choose with -n")
        problem = f"'{name}' begins the names of {len(matching)} instances: {', '.join(shown[:8])}"
        raise Ambiguous(problem, hint="type more of the name")
    if matching:
        found = client.get(resource, matching[0].namespace or None, matching[0].name)
        if found is not None:
            return found
    require_namespace(client, namespace)
    place = where(namespace) if resource.namespaced else "the cluster"
    raise NotFound(word, name, where=place, known=[meta.name for meta in metas])


def by_name_among(
    client: Client,
    resources: Sequence[Resource[Any]],
    name: str,
    namespace: str | None,
    *,
    word: str,
) -> Found[Any]:
    """The object of that name that one of several kinds has; raises as ``by_name``."""
    if len(resources) == 1:
        return by_name(client, resources[0], name, namespace, word=word)
    options = ListOptions(fields=f"metadata.name={_escaped(name)}", raw=True)
    listed = [client.wait(client.collect(one, namespace, options)) for one in resources]
    found = [
        (f"{one.item.metadata.namespace}/{resource.kind.lower()}/{name}", one)
        for resource, of_kind in zip(resources, listed, strict=True)
        for one in of_kind
    ]
    if len(found) > 1:
        names = ", ".join(sorted(full for full, _ in found))
        raise Ambiguous(f"'{name}' is the name of {len(found)}: {names}", hint="name one of these")
    if found:
        return found[0][1]
    require_namespace(client, namespace)
    existing, _ = client.gathered(
        [client.collect(one.metadata, namespace, decoration=True) for one in resources]
    )
    known = [one.item.metadata.name for one in existing]
    raise NotFound(word, name, where=where(namespace), known=known)


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
        known = client.wait(client.collect(api.NAMESPACES.metadata, None, decoration=True))
    except (AccessError, Unavailable):
        return  # who may not ask cannot be told
    names = [one.item.metadata.name for one in known]
    raise NotFound("namespace", namespace, where="the cluster", known=names)


def full_name(item: wire.Controller) -> Name:
    """``namespace/kind/name``, which no other workload of the cluster has."""
    return Name(item.metadata.name, normalise.type_of(item), item.metadata.namespace)


def resource_of(item: wire.Controller) -> Resource[Any]:
    return CONTROLLERS[normalise.type_of(item)]


def again(client: Client, item: wire.Controller) -> Found[wire.Controller] | None:
    """A workload as it is now; None if it is gone, or another one has its name."""
    found = client.get(resource_of(item), item.metadata.namespace, item.metadata.name)
    is_same = found is not None and found.item.metadata.uid == item.metadata.uid
    return referring(client, [found])[0] if found is not None and is_same else None


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


def where(namespace: str | None) -> str:
    """The words of an error for the namespace that was searched."""
    return f"namespace '{namespace}'" if namespace else "any namespace"
