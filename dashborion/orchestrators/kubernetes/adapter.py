"""Kubernetes behind the protocol: which lists to ask for, side by side, and what to do without."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial

from dashborion.concurrency import start
from dashborion.config.targets import Environment
from dashborion.errors import BadAnswer, DashborionError
from dashborion.models.environment import Check, Permission
from dashborion.models.instance import Instance, InstanceDetail
from dashborion.models.query import Found, Name, Query
from dashborion.models.workload import Workload, WorkloadDetail
from dashborion.orchestrators.kubernetes import describe, find, logs, normalise, wire
from dashborion.orchestrators.kubernetes import instances as pods
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.changes import Changes
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.credentials.kubeconfig import Credentials
from dashborion.orchestrators.kubernetes.deploy import Definitions
from dashborion.orchestrators.kubernetes.endpoints import EndpointIndex
from dashborion.orchestrators.kubernetes.fetch import Fetch
from dashborion.orchestrators.kubernetes.listing import ListOptions
from dashborion.orchestrators.kubernetes.native import KubernetesNative
from dashborion.orchestrators.logs import Reader, Wanted
from dashborion.orchestrators.protocol import (
    Followed,
    History,
    Images,
    Look,
    Planned,
    Runtime,
    Subject,
)
from dashborion.terminal import Terminal

UNFINISHED = "status.phase!=Succeeded,status.phase!=Failed"

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


class KubernetesOrchestrator:
    """One Kubernetes cluster, as ``Orchestrator``."""

    def __init__(self, environment: Environment, client: Client) -> None:
        self.environment = environment
        self._client = client
        self._fetch = Fetch(client)
        self._changes = Changes(self._fetch, environment)
        self._definitions = Definitions(self._fetch, self._changes)

    @classmethod
    def connect(
        cls, environment: Environment, runtime: Runtime, credentials: Credentials
    ) -> KubernetesOrchestrator:
        """With credentials that are loaded already; nothing is sent yet."""
        return cls(environment, Client(credentials, runtime))

    def workloads(self, query: Query) -> list[Found[Workload]]:
        """All controllers of the kinds asked for, with their endpoints if these were."""
        fetch, namespace = self._fetch, self._namespace(query)
        listed = [
            fetch.collect(resource, namespace, ListOptions(query.selector, raw=query.raw))
            for resource in find.controllers(query.types)
        ]
        index = EndpointIndex()
        if query.endpoints:
            services = fetch.collect(api.SERVICES, namespace)
            ingresses = fetch.collect(api.INGRESSES, namespace)
            index = EndpointIndex.build(fetch.optional(services), fetch.optional(ingresses))
        found = fetch.permitted(listed)
        if not found and namespace is not None:
            find.require_namespace(fetch, namespace)
        return [Found(self._normalised(one.item, index), one.raw) for one in found]

    def workload(self, name: Name, query: Query) -> Found[WorkloadDetail]:
        """One controller and everything around it."""
        namespace = name.namespace or self._namespace(query)
        if namespace is not None:
            nearby = describe.Nearby.start(self._fetch, namespace)
            found = find.controller(self._fetch, name, namespace)
        else:
            found = find.controller(self._fetch, name, None)
            nearby = describe.Nearby.start(self._fetch, found.item.metadata.namespace)
        return describe.workload(self._fetch, found, nearby, self.environment)

    def instances(self, query: Query) -> list[Found[Instance]]:
        """Pods with the workload that owns them."""
        return [one for part in self._pods(query, self._fetch.whole) for one in part]

    def flow(self, query: Query) -> Iterator[list[Found[Instance]]]:
        """The same chunk by chunk, in the order of etcd's keys: by namespace and name."""
        return self._pods(query, self._fetch.pages)

    def _pods(
        self, query: Query, listing: Callable[..., Iterator[list[Found[wire.Pod]]]]
    ) -> Iterator[list[Found[Instance]]]:
        """Pods and their owners; ReplicaSets are asked for as metadata only."""
        fetch, namespace = self._fetch, self._namespace(query)
        owning, selectors = None, [query.selector]
        if query.workload is not None:
            found = find.controller(fetch, query.workload, query.workload.namespace or namespace)
            owning = found.item.metadata
            namespace = owning.namespace
            selectors.append(normalise.selector(found.item.spec.selector))
        listed = listing(
            api.PODS,
            namespace,
            ListOptions(
                selector=",".join(filter(None, selectors)),
                fields=None if query.stopped else UNFINISHED,
                raw=query.raw,
            ),
        )
        parents = fetch.collect(api.REPLICASETS.metadata, namespace)
        replicasets = {one.metadata.uid: one.metadata for one in fetch.optional(parents)}
        empty = True
        for items in listed:
            empty = empty and not items
            owned = [(one, pods.owner(one.item, replicasets)) for one in items]
            yield [
                Found(pods.instance(one.item, owner, self.environment), one.raw)
                for one, owner in owned
                if owning is None or (owner is not None and owner.is_of(owning))
            ]
        if empty and namespace is not None:
            find.require_namespace(fetch, namespace)

    def instance(self, name: Name, query: Query) -> Found[InstanceDetail]:
        """One pod, its workload, its node's zone and its events."""
        found = find.pod(self._fetch, name, name.namespace or self._namespace(query))
        return describe.instance(self._fetch, found, self.environment)

    def subject(self, name: Name, query: Query) -> Subject:
        """One controller, with the HPA that scales it."""
        return self._changes.subject(name, name.namespace or self._namespace(query))

    def scale(self, subject: Subject, replicas: int, *, current: int | None) -> Followed:
        """Through the ``/scale`` subresource."""
        return self._changes.scale(subject, replicas, current)

    def restart(self, subject: Subject, *, now: datetime) -> Followed:
        """With the annotation that kubectl uses."""
        return self._changes.restart(subject, now)

    def history(self, subject: Subject) -> History:
        """From the ReplicaSets or ControllerRevisions that are kept."""
        return self._definitions.history(subject)

    def with_images(self, subject: Subject, images: Images) -> Planned:
        """The images in the pod template."""
        return self._definitions.with_images(subject, images)

    def with_revision(self, subject: Subject, revision: str | None) -> Planned:
        """As ``kubectl rollout undo``."""
        return self._definitions.with_revision(subject, revision)

    def redefine(self, subject: Subject, planned: Planned) -> Followed:
        """One patch."""
        return self._definitions.redefine(subject, planned)

    def following(self, subject: Subject) -> Followed:
        """The template that is being rolled out."""
        return self._changes.following(subject)

    def look(self, subject: Subject, followed: Followed) -> Look:
        """The controller and its instances, once."""
        return self._changes.look(subject, followed)

    def last_words(self, subject: Subject, instance: str, lines: int) -> list[str]:
        """The end of a pod's log."""
        return self._changes.last_words(subject, instance, lines)

    def logs(self, name: Name, query: Query, wanted: Wanted) -> Reader:
        """The logs of a controller's pods."""
        namespace = name.namespace or self._namespace(query)
        found = find.controller(self._fetch, name, namespace).item
        return logs.of_workload(self._fetch, found, self.environment, wanted)

    def instance_logs(self, name: Name, query: Query, wanted: Wanted) -> Reader:
        """The log of a pod: of its default container, if it says which that is."""
        found = find.pod(self._fetch, name, name.namespace or self._namespace(query)).item
        return logs.of_instance(self._fetch, found, self.environment, wanted)

    def stop(self, found: Found[InstanceDetail]) -> None:
        """Delete the pod that was found, by its uid."""
        self._changes.stop(found.item, (found.raw or {})["metadata"]["uid"])

    def container(
        self, found: Found[InstanceDetail], wanted: str | None, note: Callable[[str], None]
    ) -> str:
        """As kubectl chooses it."""
        from dashborion.orchestrators.kubernetes import exec as over_websocket

        return over_websocket.choose_container(found, wanted, note)

    def execute(
        self,
        found: Found[InstanceDetail],
        container: str,
        command: Sequence[str],
        own: Terminal,
        *,
        note: Callable[[str], None],
    ) -> int:
        """Over a websocket."""
        from dashborion.orchestrators.kubernetes import exec as over_websocket

        return over_websocket.run(self._client, found.item, container, command, own, note=note)

    @property
    def native(self) -> KubernetesNative:
        """What only Kubernetes has."""
        return KubernetesNative(self._fetch, self.environment, self._client.credentials.namespace)

    def check(self) -> Check:
        """The server's version, as whom it sees us, and what that identity may do."""
        started = time.monotonic()
        version = self._client.read(wire.Version, "/version")
        seconds = time.monotonic() - started
        if version is None:
            host = self._client.credentials.host
            raise BadAnswer(f"{host} has no /version", hint="is it a Kubernetes API?")
        identity = start(self._identity)
        allowed = [start(partial(self._may, *right[1:])) for right in PERMISSIONS]
        return Check(
            project=self.environment.project,
            environment=self.environment.name,
            orchestrator=self.environment.orchestrator,
            endpoint=self._client.credentials.host,
            reachable=True,
            identity=self._fetch.wait(identity),
            version=version.git_version,
            seconds=round(seconds, 3),
            permissions=[
                Permission(action=action, allowed=self._fetch.wait(future))
                for (action, *_), future in zip(PERMISSIONS, allowed, strict=True)
            ],
            error=None,
        )

    def _identity(self) -> str | None:
        """As whom the server sees us (1.28), else the kubeconfig's name for the user."""
        path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        try:
            seen = self._client.review(wire.SelfSubjectReview, path, body)
        except DashborionError:
            seen = None
        if seen is not None and seen.status.user_info.username:
            return seen.status.user_info.username
        return self._client.credentials.user

    def _may(self, verb: str, group: str, resource: str, subresource: str) -> bool | None:
        """Ask the API itself; None when it would not say."""
        attributes = {
            "namespace": self._client.credentials.namespace,
            "verb": verb,
            "group": group,
            "resource": resource,
            "subresource": subresource,
        }
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        try:
            seen = self._client.review(wire.AccessReview, path, body)
        except DashborionError:
            return None
        return seen.status.allowed if seen is not None else None

    def _normalised(self, item: normalise.Controller, index: EndpointIndex) -> Workload:
        endpoints = index.endpoints(item.metadata.namespace, item.spec.template)
        return normalise.workload(item, self.environment, endpoints)

    def _namespace(self, query: Query) -> str | None:
        """The namespace to ask; None means all of them."""
        if query.all_namespaces:
            return None
        return query.namespace or self._client.credentials.namespace
