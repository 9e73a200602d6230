"""Looking for clusters everywhere at once, one failure not costing the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from dashborion.concurrency import result, start
from dashborion.config.targets import EcsTarget, EksTarget, Environment, KubernetesTarget
from dashborion.discovery.proposals import Candidate, distinct
from dashborion.errors import AccessError, DashborionError, PartialFailure, UsageError

if TYPE_CHECKING:
    from dashborion.config.kubeconfig import Kubeconfig
    from dashborion.orchestrators.aws.clusters import Cluster, Search, SearchLocation
    from dashborion.orchestrators.protocol import Runtime


@dataclass
class Sight:
    """What was found, and what could not be searched."""

    candidates: list[Candidate] = field(default_factory=list)
    failures: list[DashborionError] = field(default_factory=list)
    asked: int = 0

    def require_complete(self) -> None:
        """Called when everything there is has been shown.

        Raises:
            PartialFailure: some places could not be searched.
            DashborionError: the first one's, when none could.
        """
        if self.failures and len(self.failures) == self.asked:
            raise self.failures[0]
        if self.failures:
            raise PartialFailure(f"{len(self.failures)} of {self.asked} searches failed")


@dataclass(frozen=True)
class Discovery:
    """How to look, and whom to tell.

    ``note`` is told of what is left out, ``report`` of what failed, ``progress``
    what is still waited for ("" in the end).
    """

    search: Search
    runtime: Runtime
    note: Callable[[str], None]
    report: Callable[[DashborionError], None]
    progress: Callable[[str], None]

    def look(self, kubeconfig: Callable[[], Kubeconfig], places: Iterable[SearchLocation]) -> Sight:
        """Everything in the kubeconfig, and in AWS at these places."""
        sight = Sight()
        arns = self._contexts(sight, kubeconfig)
        futures = [
            (f"{place}, {service}", start(partial(ask, place, self.runtime)), make)
            for place in self._located(sight, places)
            for service, ask, make in (
                ("ECS", self.search.ecs, partial(_ecs, place)),
                ("EKS", self.search.eks, partial(_eks, place)),
            )
        ]
        self._gather(sight, futures)
        # A cluster that a context reaches is proposed as that context, which has a user to do so.
        found = [one for one in sight.candidates if one.identity not in arns]
        sight.candidates = distinct(found)
        if len(sight.failures) < sight.asked:
            for failure in sight.failures:
                self.report(failure)
        else:
            for failure in sight.failures[1:]:
                self.report(failure)
        return sight

    def _contexts(self, sight: Sight, kubeconfig: Callable[[], Kubeconfig]) -> set[str]:
        """Note the contexts; the ARNs by which they and their clusters are called."""
        try:
            known = kubeconfig()
        except DashborionError as error:
            sight.asked += 1
            sight.failures.append(error)
            return set()
        sight.asked += 1 if known.paths else 0
        sight.candidates += [
            Candidate(KubernetesTarget(context=name), f"context {name}")
            for name in known.namespaces
        ]
        names = [*known.namespaces, *known.clusters.values()]
        return {name for name in names if name and name.startswith("arn:")}

    def _located(self, sight: Sight, places: Iterable[SearchLocation]) -> list[SearchLocation]:
        """The places with regions and credentials, one after the other: they may prompt."""
        found: dict[tuple[str | None, str | None], SearchLocation] = {}
        for place in places:
            try:
                located = result(
                    start(partial(self.search.located, place, self.runtime)), self.runtime.deadline
                )
            except (AccessError, UsageError) as error:
                if place.implied:
                    self.note(f"{place} is left out: {error.message}")
                    continue
                self._failed(sight, str(place), error)
            except DashborionError as error:
                self._failed(sight, str(place), error)
            else:
                found.setdefault((located.profile, located.region), located)
        return list(found.values())

    def _gather(
        self, sight: Sight, futures: Sequence[tuple[str, Future[list[Cluster]], _Make]]
    ) -> None:
        waiting = [where for where, _, _ in futures]
        try:
            for where, future, make in futures:
                self.progress(f"searching {'; '.join(waiting)}")
                try:
                    found = result(future, self.runtime.deadline)
                    sight.asked += 1
                    sight.candidates += [make(one) for one in found]
                except DashborionError as error:
                    self._failed(sight, where, error)
                waiting.remove(where)
        finally:
            self.progress("")

    def _failed(self, sight: Sight, where: str, error: DashborionError) -> None:
        error.message = f"{where}: {error.message}"
        sight.asked += 1
        sight.failures.append(error)


_Make = Callable[["Cluster"], Candidate]


def _ecs(place: SearchLocation, cluster: Cluster) -> Candidate:
    target = EcsTarget(cluster=cluster.name, region=place.region, profile=place.profile)
    return Candidate(target, cluster.arn or f"{place} {cluster.name}")


def _eks(place: SearchLocation, cluster: Cluster) -> Candidate:
    target = EksTarget(cluster=cluster.name, region=place.region, profile=place.profile)
    return Candidate(target, cluster.arn or f"{place} {cluster.name}")


def places(
    profiles: Sequence[str], regions: Sequence[str], known: Iterable[Environment]
) -> list[SearchLocation]:
    """Where to look: what was asked for, else the profiles and regions that are configured.

    AWS' own default profile and region always count as configured.
    """
    from dashborion.orchestrators.aws.clusters import SearchLocation

    configured: dict[str | None, set[str]] = {}
    for one in known:
        if isinstance(one.target, EcsTarget | EksTarget):
            where = configured.setdefault(one.target.profile, set())
            where.update(filter(None, [one.target.region]))
    # Nobody asked for AWS' default profile: it may have no credentials.
    implied = not profiles and None not in configured and bool(configured or not regions)
    configured[None] = configured.pop(None, set())  # last: a profile says more
    return [
        SearchLocation(profile, region, implied=implied and profile is None)
        for profile in (profiles or configured)
        for region in (regions or sorted(configured.get(profile, ())) or (None,))
    ]
