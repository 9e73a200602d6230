"""Whether the API answers, as whom, and what the credentials may do."""

from __future__ import annotations

import time
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from dashborion.concurrency import start
from dashborion.config.targets import Environment
from dashborion.errors import BadAnswer, DashborionError, Forbidden
from dashborion.models.environment import Check, Permission, Right, Verb
from dashborion.models.query import Query
from dashborion.orchestrators.kubernetes import find, native_wire
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.rights import CLUSTER_WIDE, RIGHTS

T = TypeVar("T")

_SILENT = "the API does not say"

STREAMS_NEED_CREATE = 35  # AuthorizePodWebsocketUpgradeCreatePermission, of 1.35

# What a permission is called, and the verb, group, resource and subresource that decide it.
PERMISSIONS = (
    ("list workloads", "list", "apps", "deployments", ""),
    ("list instances", "list", "", "pods", ""),
    ("read logs", "get", "", "pods", "log"),
    ("read events", "list", "", "events", ""),
    ("scale workloads", "patch", "apps", "deployments", "scale"),
    ("restart workloads", "patch", "apps", "deployments", ""),
    ("stop instances", "delete", "", "pods", ""),
    ("execute in instances", "create", "", "pods", "exec"),
)


def check(client: Client, environment: Environment) -> Check:
    """The server's version, as whom it sees us, and what that identity may do."""
    started, host = time.monotonic(), client.credentials.settings.host
    version, refused = None, None
    try:
        version = client.read(native_wire.Version, "/version")
        if version is None:
            raise BadAnswer(f"{host} has no /version", hint="is it a Kubernetes API?")
    except Forbidden as error:  # hardened clusters show it to nobody
        refused = error
    seconds = time.monotonic() - started
    identity = start(partial(_identity, client))
    asked = [start(partial(may, client, *right)) for _, *right in PERMISSIONS]
    allowed = [client.wait(future) for future in asked]
    if refused is not None:
        if not any(answer is not None for answer in allowed):
            raise refused
        client.runtime.warn(refused)
    return Check(
        project=environment.project,
        environment=environment.name,
        orchestrator=environment.orchestrator,
        endpoint=host,
        reachable=True,
        identity=client.wait(identity),
        version=version.git_version if version else None,
        seconds=round(seconds, 3),
        permissions=[
            Permission(action=action, allowed=answer)
            for (action, *_), answer in zip(PERMISSIONS, allowed, strict=True)
        ],
        error=None,
    )


def _identity(client: Client) -> str | None:
    """As whom the server sees us (1.28), else the kubeconfig's name for the user."""
    version, kind = "authentication.k8s.io/v1", "SelfSubjectReview"
    review = _reviewed(client, native_wire.SelfSubjectReview, version, kind)
    if review is not None and review.status.user_info.username:
        return review.status.user_info.username
    return client.credentials.user


def may(
    client: Client,
    verb: str,
    group: str,
    resource: str,
    subresource: str,
    *,
    namespace: str | None = None,
) -> bool | None:
    """Ask the API itself, about the environment's namespace or another; None: it would not say.

    The namespace is "" for all, and for resources that have none.
    """
    attributes = {
        "namespace": client.credentials.namespace if namespace is None else namespace,
        "verb": verb,
        "group": group,
        "resource": resource,
        "subresource": subresource,
    }
    version, kind = "authorization.k8s.io/v1", "SelfSubjectAccessReview"
    spec = {"resourceAttributes": attributes}
    review = _reviewed(client, native_wire.AccessReview, version, kind, spec=spec)
    return review.status.allowed if review is not None else None


def rights(client: Client, environment: Environment, verb: Verb, query: Query) -> list[Right]:
    """Whether what a command needs is granted in a namespace, or in all."""
    namespace = find.namespace_of(client, query)
    needed = RIGHTS[verb]
    asking = [start(partial(_granted, client, one, namespace)) for one in needed]
    return [
        Right(
            project=environment.project,
            environment=environment.name,
            namespace=place or None,
            orchestrator=environment.orchestrator,
            command=verb,
            permission=permission,
            allowed=allowed,
            part=part,
            message=_SILENT if allowed is None else None,
        )
        for part, future in zip(needed.values(), asking, strict=True)
        for permission, place, allowed in client.wait(future)
    ]


def _granted(
    client: Client, right: str, namespace: str | None
) -> list[tuple[str, str, bool | None]]:
    """Each verb of a right with where it is needed, and whether it is granted."""
    verbs, what = right.split(" ")
    name, _, subresource = what.partition("/")
    resource, _, group = name.partition(".")
    place = "" if namespace is None or resource in CLUSTER_WIDE else namespace
    if "," in verbs:
        found = rights_of_stream(client, subresource, place)
    else:
        asked = may(client, verbs, group, resource, subresource, namespace=place)
        found = {verbs: asked}
    return [(f"{one} {what}", place, allowed) for one, allowed in found.items()]


def rights_of_stream(client: Client, subresource: str, namespace: str) -> dict[str, bool | None]:
    """Whether the verbs that a websocket into a pod needs are granted; None: nobody says.

    A websocket is a GET; from 1.35 the server asks for `create`, too, as for the SPDY of older
    clients. Roles written for those have `create` alone.
    """
    verbs = ("get", "create")
    ask = partial(may, client, group="", resource="pods", subresource=subresource,
                  namespace=namespace)  # fmt: skip
    asked = [start(partial(ask, verb)) for verb in verbs]
    version = start(partial(_minor, client))
    rights = dict(zip(verbs, map(client.wait, asked), strict=True))
    if rights["create"] is False and client.wait(version) < STREAMS_NEED_CREATE:
        del rights["create"]
    return rights


def require_stream(client: Client, subresource: str, namespace: str) -> None:
    """Raise Forbidden unless both are granted; the API names the first only, and at first use."""
    rights = rights_of_stream(client, subresource, namespace)
    if missing := [verb for verb, allowed in rights.items() if allowed is False]:
        raise Forbidden(
            f"the right to {' and '.join(missing)} pods/{subresource} in namespace {namespace} "
            "is missing",
            hint=f"a websocket needs the verbs get and create of pods/{subresource}",
        )


def _minor(client: Client) -> int:
    """The N of the server's version 1.N; as if it were new when it does not say."""
    with suppress(DashborionError, ValueError, IndexError):
        version = client.read(native_wire.Version, "/version")
        if version is not None:
            return int(version.git_version.split(".")[1])
    return STREAMS_NEED_CREATE


def _reviewed(client: Client, type_: type[T], version: str, kind: str, **body: Any) -> T | None:
    """Put a question to the API; None when it would not say."""
    question = {"apiVersion": version, "kind": kind, **body}
    try:
        return client.read(type_, f"/apis/{version}/{kind.lower()}s", question)
    except DashborionError:
        return None
