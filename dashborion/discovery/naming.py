"""Names for clusters that were found: valid, short, unique, and the same the next time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import msgspec

from dashborion.config.targets import Environment, Target
from dashborion.errors import NotFound
from dashborion.models.environment import Discovered

# The last or first word of a cluster's name that says which environment it is.
STAGES: Mapping[str, str] = {
    **dict.fromkeys(("production", "prod", "prd", "live"), "production"),
    **dict.fromkeys(("staging", "stage", "stg"), "staging"),
    **dict.fromkeys(("development", "dev"), "dev"),
    **dict.fromkeys(("testing", "test"), "test"),
    **{word: word for word in ("qa", "uat", "preview", "preprod", "sandbox", "demo")},
}
NO_PROJECT = "discovered"
_MOST_CHARACTERS = 48
_ORDER = {"kubernetes": "0", "ecs": "1", "eks": "2"}

Proposal = tuple[Discovered, Environment]


@dataclass(frozen=True)
class FoundCluster:
    """A cluster that a search found; two with the same ``identity`` are one, found twice."""

    target: Target
    identity: str


def distinct(clusters: Iterable[FoundCluster]) -> list[FoundCluster]:
    """Each cluster once, as it was found first, in an order that is always the same."""
    first: dict[str, FoundCluster] = {}
    for cluster in clusters:
        first.setdefault(cluster.identity, cluster)
    return sorted(first.values(), key=lambda cluster: _order(cluster.target))


def propose(clusters: Sequence[FoundCluster], known: Sequence[Environment]) -> list[Proposal]:
    """An environment for each cluster; those that are configured already keep their names."""
    taken: dict[str, Target | None] = {environment.label: None for environment in known}
    proposals = []
    for cluster in clusters:
        target = cluster.target
        configured = next((env for env in known if env.target.is_same(target)), None)
        environment = configured or _named(target, taken)
        if configured is None:
            taken[environment.label] = target
        row = _discovered(environment, target, configured=configured is not None)
        proposals.append((row, environment))
    return sorted(proposals, key=lambda proposal: proposal[0].name)


def matching(
    proposals: Sequence[Proposal], patterns: Sequence[str], *, complete: bool
) -> list[Proposal]:
    """The proposals whose names match one of the patterns; without patterns all.

    Raises:
        NotFound: nothing matches a pattern, though the search was ``complete``.
    """
    names = [row.name for row, _ in proposals]
    for pattern in patterns:
        if complete and not any(fnmatchcase(name, pattern) for name in names):
            raise NotFound("environment", pattern, where="what was found", known=names)
    return [
        (row, environment)
        for row, environment in proposals
        if not patterns or any(fnmatchcase(row.name, pattern) for pattern in patterns)
    ]


def _named(target: Target, taken: Mapping[str, Target | None]) -> Environment:
    project, name = _split(target.cluster_name)
    project = project or _valid(target.profile or "") or NO_PROJECT
    if name == "production":
        target = msgspec.structs.replace(target, protected=True)
    name = name or _valid(target.cluster_name) or "cluster"
    for suffix in _suffixes(target, taken.get(f"{project}/{name}")):
        environment = Environment(project=project, name=f"{name}{suffix}", target=target)
        if environment.label not in taken:
            return environment
    raise AssertionError("there is always another number")


def _suffixes(target: Target, holder: Target | None) -> Iterable[str]:
    """Suffixes for a name that ``holder`` has: what differs between the two, then numbers."""
    yield ""
    taken = _features(holder) if holder is not None else (None, None, None)
    for feature, other in zip(_features(target), taken, strict=True):
        if feature and feature != other:
            yield f"-{_valid(feature)}"
    yield from (f"-{number}" for number in range(2, 10_000))


def _features(target: Target) -> tuple[str, str | None, str | None]:
    kind = "k8s" if target.kind == "kubernetes" else target.kind
    return kind, target.region, target.profile


def _split(cluster: str) -> tuple[str | None, str | None]:
    """The project and the environment in a cluster's name; None for what it does not have."""
    words = re.split(r"([^A-Za-z0-9]+)", cluster)
    first, last = STAGES.get(words[0].lower()), STAGES.get(words[-1].lower())
    if len(words) == 1:
        return None, last
    if last:
        return _valid("".join(words[:-2])) or None, last
    if first:
        return _valid("".join(words[2:])) or None, first
    return None, None


def _valid(text: str) -> str:
    """The characters that a name may have: letters, digits and ``._-``, no ``._-`` at its ends."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("._-")
    return name[:_MOST_CHARACTERS].rstrip("._-")


def _order(target: Target) -> tuple[str, ...]:
    return (
        _ORDER.get(target.kind, "9"),
        target.cluster_name,
        target.region or "",
        target.profile or "",
    )


def _discovered(environment: Environment, target: Target, *, configured: bool) -> Discovered:
    return Discovered(
        name=environment.label,
        project=environment.project,
        environment=environment.name,
        orchestrator=target.kind,
        target=target.location,
        region=target.region,
        profile=target.profile,
        protected=environment.target.protected,
        configured=configured,
    )
