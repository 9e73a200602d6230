"""CronJobs that a stop suspends, and a start resumes: those that it has marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dashborion.config.places import server_place
from dashborion.config.targets import Environment
from dashborion.errors import NotFound
from dashborion.models.query import Name, Query
from dashborion.orchestrators.kubernetes import deploy, find, native_wire
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.errors import NoSuchResource
from dashborion.orchestrators.kubernetes.listing import ListOptions
from dashborion.orchestrators.kubernetes.parking import PATH
from dashborion.orchestrators.kubernetes.relied_on import the_clusters_own
from dashborion.orchestrators.kubernetes.resources import Resource
from dashborion.orchestrators.parking import ANNOTATION, Scheduled, ScheduledJob, suspended_at

# `batch/v1` has them since 1.21; the beta was served from 1.8 to 1.24.
_VERSIONS = [
    Resource(native_wire.CronJob, version, "cronjobs", "CronJob")
    for version in ("batch/v1", "batch/v1beta1")
]


def scheduled(
    client: Client, environment: Environment, names: Sequence[Name], query: Query
) -> Scheduled:
    """Those that fit one of the names, if there are any, and the query.

    Raises:
        AccessError, Unavailable: they may not be listed.
    """
    namespace = find.namespace_of(client, query)
    for resource in _VERSIONS:
        listed = client.collect(resource, namespace, ListOptions(query.selector))
        try:
            items = [one.item for one in client.wait(listed)]
        except NoSuchResource:
            continue
        return Scheduled(
            [
                _CronJob(client, resource, one).job(environment)
                for one in items
                if not names
                or any(name.fits(one.metadata.name, None, one.metadata.namespace) for name in names)
            ]
        )
    return Scheduled()


@dataclass(frozen=True)
class _CronJob:
    client: Client
    resource: Resource[native_wire.CronJob]
    item: native_wire.CronJob

    def job(self, environment: Environment) -> ScheduledJob:
        meta = self.item.metadata
        return ScheduledJob(
            environment,
            server_place(self.client.credentials.settings.host),
            meta.namespace,
            f"cronjob/{meta.name}",
            is_suspended=bool(self.item.spec.suspend),
            is_marked=ANNOTATION in (meta.annotations or {}),
            suspend=self._suspend,
            resume=self._resume,
            relied_on=the_clusters_own(meta.namespace),
        )

    def _suspend(self, now: datetime) -> None:
        """The mark and the flag in one patch."""
        mark = suspended_at(now)
        add: dict[str, object] = {"op": "add", "path": PATH, "value": mark}
        if self.item.metadata.annotations is None:
            add = {"op": "add", "path": "/metadata/annotations", "value": {ANNOTATION: mark}}
        self._patch(add, {"op": "add", "path": "/spec/suspend", "value": True})

    def _resume(self) -> None:
        """The flag, if nobody else has resumed it, and no mark."""
        mark = (self.item.metadata.annotations or {}).get(ANNOTATION)
        self._patch(
            deploy.test(PATH, mark),
            {"op": "add", "path": "/spec/suspend", "value": False},
            {"op": "remove", "path": PATH},
        )

    def _patch(self, *operations: dict[str, object]) -> None:
        meta = self.item.metadata
        same = [
            deploy.test("/metadata/uid", meta.uid),
            deploy.test("/spec/suspend", self.item.spec.suspend),
        ]
        path = self.resource.path(meta.namespace, meta.name)
        kind = "application/json-patch+json"
        if self.client.write("PATCH", path, [*same, *operations], kind) is None:
            raise NotFound("cronjob", meta.name, where=find.where(meta.namespace))
