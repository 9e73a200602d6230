"""Names for clusters that were found: valid, short, unique, and the same the next time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dashborion.config.environments import same_target
from dashborion.config.targets import EcsTarget, EksTarget, Environment, KubernetesTarget
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
_MOST = 48  # characters of a name
_GKE = re.compile(r"gke_[^_]+_[^_]+_(.+)")
_EKSCTL = re.compile(r"(.+)\.[a-z0-9-]+\.eksctl\.io")

FoundTarget = EcsTarget | EksTarget | KubernetesTarget


@dataclass(frozen=True)
class Candidate:
    """A cluster that was found; equal ``identity`` is the same one, seen twice."""

    target: FoundTarget
    identity: str


def distinct(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Each cluster once, as it was first seen, in an order that does not depend on the answers'."""
    first: dict[str, Candidate] = {}
    for one in candidates:
        first.setdefault(one.identity, one)
    return sorted(first.values(), key=lambda one: _order(one.target))


def propose(
    candidates: Sequence[Candidate], known: Sequence[Environment]
) -> list[tuple[Discovered, Environment]]:
    """An environment for each; those whose target is known keep the name that they have."""
    taken: dict[str, FoundTarget | None] = {one.label: None for one in known}
    proposals = []
    for candidate in candidates:
        target = candidate.target
        same = next((one for one in known if same_target(one.target, target)), None)
        environment = same or _named(target, taken)
        if same is None:
            taken[environment.label] = target
        proposals.append((_described(environment, target, configured=bool(same)), environment))
    return sorted(proposals, key=lambda one: one[0].name)


def _named(target: FoundTarget, taken: Mapping[str, FoundTarget | None]) -> Environment:
    project, name = _split(_cluster(target))
    project = project or _valid(getattr(target, "profile", None) or "") or NO_PROJECT
    target = _guarded(target) if name == "production" else target
    name = name or _valid(_cluster(target)) or "cluster"
    for ending in _endings(target, taken.get(f"{project}/{name}")):
        found = Environment(project=project, name=f"{name}{ending}", target=target)
        if found.label not in taken:
            return found
    raise AssertionError("there is always another number")


def _guarded(target: FoundTarget) -> FoundTarget:
    import msgspec

    return msgspec.structs.replace(target, protected=True)


def _endings(target: FoundTarget, holder: FoundTarget | None) -> Iterable[str]:
    """What to tell a name by from the one that holds it: what differs, else a number."""
    yield ""
    theirs = _marks(holder) if holder is not None else (None, None, None)
    for mine, other in zip(_marks(target), theirs, strict=True):
        if mine and mine != other:
            yield f"-{_valid(mine)}"
    yield from (f"-{number}" for number in range(2, 10_000))


def _marks(target: FoundTarget) -> tuple[str, str | None, str | None]:
    kind = "k8s" if isinstance(target, KubernetesTarget) else str(target.__struct_config__.tag)
    return kind, getattr(target, "region", None), getattr(target, "profile", None)


def _cluster(target: FoundTarget) -> str:
    """The cluster's own name, out of what tools make of it for a context."""
    if not isinstance(target, KubernetesTarget):
        return target.cluster.rpartition("/")[2]
    name = target.context
    if name.startswith("arn:"):
        name = name.rpartition("/")[2]
    name = name.rpartition("@")[2] or name
    for pattern in (_GKE, _EKSCTL):
        if found := pattern.fullmatch(name):
            name = found[1]
    return name


def _split(cluster: str) -> tuple[str | None, str | None]:
    """The project and the environment in a cluster's name, as far as it has them."""
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
    """Only what a name may have: letters, digits and ``._-``, and one of the former first."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("._-")[:_MOST].rstrip("._-")


def _order(target: FoundTarget) -> tuple[str, ...]:
    kind, region, profile = _marks(target)
    return ({"k8s": "0", "ecs": "1"}.get(kind, "2"), _cluster(target), region or "", profile or "")


def _described(environment: Environment, target: FoundTarget, *, configured: bool) -> Discovered:
    own = environment.target
    return Discovered(
        name=environment.label,
        project=environment.project,
        environment=environment.name,
        orchestrator=str(target.__struct_config__.tag),
        target=target.context if isinstance(target, KubernetesTarget) else target.cluster,
        region=getattr(target, "region", None),
        profile=getattr(target, "profile", None),
        protected=own.protected,
        configured=configured,
    )
