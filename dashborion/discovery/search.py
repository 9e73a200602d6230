"""Searches for clusters everywhere at once; a search that fails does not end the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from dashborion.concurrency import result, start
from dashborion.config.targets import (
    AwsClusterTarget,
    EcsTarget,
    EksTarget,
    Environment,
    KubernetesTarget,
)
from dashborion.discovery.naming import FoundCluster, distinct
from dashborion.errors import (
    AccessError,
    DashborionError,
    PartialFailure,
    UsageError,
    foreseen,
)
from dashborion.terminal import unchanged

if TYPE_CHECKING:
    from dashborion.config.kubeconfig import Kubeconfig
    from dashborion.orchestrators.aws.clusters import Cluster, Search, SearchLocation
    from dashborion.orchestrators.runtime import Runtime


@dataclass
class DiscoveryResult:
    """The clusters that were found, and the errors of the searches that failed."""

    clusters: list[FoundCluster] = field(default_factory=list)
    failures: list[DashborionError] = field(default_factory=list)
    searches: int = 0

    def require_complete(self) -> None:
        """To be called when the clusters have been printed.

        Raises:
            PartialFailure: some searches failed.
            DashborionError: the first search's, when all of them failed.
        """
        if self.failures and len(self.failures) == self.searches:
            raise self.failures[0]
        if self.failures:
            raise PartialFailure(f"{len(self.failures)} of {self.searches} searches failed")

    def fail(self, where: str, error: DashborionError) -> None:
        """Count a search as failed."""
        error.message = f"{where}: {error.message}"
        self.searches += 1
        self.failures.append(error)


@dataclass(frozen=True)
class Discovery:
    """A search of the kubeconfig and of AWS.

    ``note`` prints what is skipped, ``report`` what failed, ``progress`` what is still
    waited for ("" in the end).
    """

    search: Search
    runtime: Runtime
    note: Callable[[str], None]
    report: Callable[[DashborionError], None]
    progress: Callable[[str], None]

    def find(
        self, kubeconfig: Callable[[], Kubeconfig], locations: Iterable[SearchLocation]
    ) -> DiscoveryResult:
        """The contexts of the kubeconfig, and the ECS and EKS clusters at these locations.

        An EKS cluster that has a context is found as that context only, which has
        credentials for it.
        """
        discovered = DiscoveryResult()
        arns = self._add_contexts(discovered, kubeconfig)
        searches = [
            (f"{location}, {service}", start(partial(ask, location, self.runtime)), found)
            for location in self._usable(discovered, locations)
            for service, ask, found in (
                ("ECS", self.search.ecs, partial(_found, EcsTarget, location)),
                ("EKS", self.search.eks, partial(_found, EksTarget, location)),
            )
        ]
        self._gather(discovered, searches)
        discovered.clusters = distinct(
            cluster for cluster in discovered.clusters if cluster.identity not in arns
        )
        everything_failed = len(discovered.failures) == discovered.searches
        for failure in discovered.failures[1 if everything_failed else 0 :]:
            self.report(failure)  # all but the one that `require_complete` will raise
        return discovered

    def _add_contexts(
        self, discovered: DiscoveryResult, kubeconfig: Callable[[], Kubeconfig]
    ) -> set[str]:
        """Add the contexts; gives the ARNs after which contexts or their clusters are named."""
        try:
            with foreseen():
                known = kubeconfig()
        except DashborionError as error:
            discovered.searches += 1
            discovered.failures.append(error)
            return set()
        discovered.searches += 1 if known.paths else 0
        discovered.clusters += [
            FoundCluster(KubernetesTarget(context=name), f"context {name}")
            for name in known.namespaces
        ]
        names = [*known.namespaces, *known.clusters.values()]
        return {name for name in names if name and name.startswith("arn:")}

    def _usable(
        self, discovered: DiscoveryResult, locations: Iterable[SearchLocation]
    ) -> list[SearchLocation]:
        """The locations that have a region and credentials; in sequence, as they may prompt.

        Each has the whole deadline: one that hangs is not at the cost of the others.
        """
        usable: dict[tuple[str | None, str | None], SearchLocation] = {}
        for location in locations:
            try:
                with foreseen(), unchanged(0):
                    located = result(
                        start(partial(self.search.located, location, self.runtime)),
                        self.runtime.deadline,
                    )
            except (AccessError, UsageError) as error:
                if location.implied:
                    self.note(f"{location} is skipped: {error.message}")
                else:
                    discovered.fail(str(location), error)
            except DashborionError as error:
                discovered.fail(str(location), error)
            else:
                usable.setdefault((located.profile, located.region), located)
            self.runtime.deadline.restart()
        return list(usable.values())

    def _gather(
        self,
        discovered: DiscoveryResult,
        searches: Sequence[tuple[str, Future[list[Cluster]], _FoundCluster]],
    ) -> None:
        waiting = [where for where, _, _ in searches]
        try:
            for where, future, found in searches:
                self.progress(f"searching {'; '.join(waiting)}")
                try:
                    with foreseen():
                        clusters = result(future, self.runtime.deadline)
                except DashborionError as error:
                    discovered.fail(where, error)
                else:
                    discovered.searches += 1
                    discovered.clusters += map(found, clusters)
                waiting.remove(where)
        finally:
            self.progress("")


_FoundCluster = Callable[["Cluster"], FoundCluster]


def _found(
    kind: type[EcsTarget | EksTarget], location: SearchLocation, cluster: Cluster
) -> FoundCluster:
    target = kind(cluster=cluster.name, region=location.region, profile=location.profile)
    return FoundCluster(target, cluster.arn or f"{location} {cluster.name}")


def search_locations(
    profiles: Sequence[str], regions: Sequence[str], known: Iterable[Environment]
) -> list[SearchLocation]:
    """Where to search AWS: as asked for, or with the profiles and regions of known environments.

    AWS' own default profile and region are always among the latter.
    """
    from dashborion.orchestrators.aws.clusters import SearchLocation

    configured: dict[str | None, set[str]] = {}
    for target in (environment.target for environment in known):
        if isinstance(target, AwsClusterTarget):
            known_regions = configured.setdefault(target.profile, set())
            known_regions.update(filter(None, [target.region]))
    # Nobody asked for AWS' default profile: it may have no credentials.
    implied = not profiles and None not in configured and bool(configured or not regions)
    configured[None] = configured.pop(None, set())  # last: a named profile says more
    return [
        SearchLocation(profile, region, implied=implied and profile is None)
        for profile in (profiles or configured)
        for region in (regions or sorted(configured.get(profile, ())) or (None,))
    ]
