"""Who relies on a workload: the API server, the cluster, another controller; asked once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any, TypeVar

from dashborion.errors import AccessError, DashborionError, Forbidden, Unavailable
from dashborion.models.query import Found
from dashborion.orchestrators.kubernetes import nearby_wire, normalise, wire
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.errors import NoSuchResource
from dashborion.orchestrators.kubernetes.resources import Resource

T = TypeVar("T")

_OF_THE_CLUSTER = "kube-"  # what its namespaces begin with


def the_clusters_own(namespace: str) -> str | None:
    """Why no pattern puts to zero what is in that namespace, if none does."""
    if namespace.startswith(_OF_THE_CLUSTER):
        return f"namespace {namespace} is the cluster's own"
    return None


class Neighbours:
    """Lists that are asked for once, however many workloads are looked at."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._lock = threading.Lock()
        self._begun: dict[tuple[str, str | None], Future[list[Found[Any]]]] = {}
        self._lost: set[str] = set()

    def listed(self, resource: Resource[T], namespace: str | None) -> list[T]:
        """The objects of a namespace; none of a resource that is not served.

        Raises:
            AccessError, Unavailable: they cannot be had.
        """
        with self._lock:
            key = (f"{resource.group_version}/{resource.plural}", namespace)
            if key not in self._begun:
                self._begun[key] = self.client.collect(resource, namespace, decoration=True)
            begun = self._begun[key]
        try:
            return [one.item for one in self.client.wait(begun)]
        except NoSuchResource:
            return []
        except Forbidden:  # which is said of what is not there, too
            if self.client.read(dict, f"/apis/{resource.group_version}") is None:
                return []
            raise

    def told(self, resource: Resource[T], namespace: str | None, what: str) -> list[T]:
        """The same; what cannot be had is a warning, once, that ``what`` is not looked at."""
        try:
            return self.listed(resource, namespace)
        except (AccessError, Unavailable) as error:
            with self._lock:
                is_new = what not in self._lost
                self._lost.add(what)
            if is_new:
                message = f"not checked whether {what}: {error.message}"
                self.client.runtime.warn(DashborionError(message, hint=error.hint))
            return []

    def optional(self, resource: Resource[T], namespace: str | None) -> list[T]:
        """The same; what cannot be had is a warning."""
        try:
            return self.listed(resource, namespace)
        except (AccessError, Unavailable) as error:
            self.client.runtime.warn(error)
            return []

    def budgets(self, item: wire.Controller) -> list[str]:
        """The PodDisruptionBudgets of its pods; nothing that scales asks them."""
        labels, namespace = _labels(item), item.metadata.namespace
        what = "PodDisruptionBudgets are passed by"
        known = [
            one
            for resource in (api.BUDGETS, api.OLD_BUDGETS)
            for one in self.told(resource, namespace, what)
        ]
        return sorted(
            {
                one.metadata.name
                for one in known
                if one.spec.selector is not None and normalise.selects(one.spec.selector, labels)
            }
        )

    def scaled_object(self, item: wire.Controller) -> nearby_wire.ScaledObject | None:
        """What of KEDA sets its count; its HorizontalPodAutoscaler is gone while that is paused.

        Raises:
            AccessError, Unavailable: nobody can tell.
        """
        target = (type(item).__name__, item.metadata.name)
        for one in self.listed(api.SCALED_OBJECTS, item.metadata.namespace):
            ref = one.spec.scale_target_ref
            if (ref.kind or "Deployment", ref.name) == target:
                return one
        return None

    def relying(self, item: wire.Controller) -> str | None:
        """Why it should not be put to zero with others."""
        return next(self._reasons(item), None)

    def _reasons(self, item: wire.Controller) -> Iterator[str]:
        namespace, labels = item.metadata.namespace, _labels(item)
        if own := the_clusters_own(namespace):
            yield own
        if isinstance(item, wire.Deployment):
            for one in self.told(api.USING_ROLLOUTS, namespace, "a Rollout uses it"):
                ref = one.spec.workload_ref
                if ref and (ref.kind, ref.name) == ("Deployment", item.metadata.name):
                    yield f"rollout/{one.metadata.name} of Argo uses its pod template"
        for behind, who in self._asked_by_the_api():
            if behind.namespace == namespace and self._is_behind(behind, labels):
                yield f"{who} of the API server is answered by it"

    def _asked_by_the_api(self) -> Iterator[tuple[nearby_wire.ServiceReference, str]]:
        for resource in api.WEBHOOKS:
            for one in self.told(resource, None, "webhooks are behind it"):
                for hook in one.webhooks or ():
                    if hook.client_config.service is not None:
                        word = resource.kind.lower()
                        yield hook.client_config.service, f"{word}/{one.metadata.name}"
        for service in self.told(api.API_SERVICES, None, "APIServices are behind it"):
            if service.spec.service is not None:
                yield service.spec.service, f"apiservice/{service.metadata.name}"

    def _is_behind(self, service: nearby_wire.ServiceReference, labels: dict[str, str]) -> bool:
        known = self.told(api.SERVICES, service.namespace, "webhooks are behind it")
        return any(
            one.metadata.name == service.name
            and one.spec.selector
            and one.spec.selector.items() <= labels.items()
            for one in known
        )


def _labels(item: wire.Controller) -> dict[str, str]:
    return item.spec.template.metadata.labels or {}
