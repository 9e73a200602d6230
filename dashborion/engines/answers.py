"""What several environments answered: what did not come, which of it is meant, in which order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from dashborion.config.targets import Environment
from dashborion.errors import Ambiguous, DashborionError, NotFound, PartialFailure
from dashborion.models.base import environment_label
from dashborion.models.instance import Instance
from dashborion.models.kinds import WorkloadType, is_meant
from dashborion.models.query import Found, Name, Query, has_wildcards
from dashborion.models.workload import Workload

T = TypeVar("T")
Row = TypeVar("Row", Workload, Instance)


class OfWorkload(Protocol):
    """What is about one workload: as it was found, or as it was examined."""

    @property
    def item(self) -> Workload: ...


Of = TypeVar("Of", bound=OfWorkload)


class Answer(Struct, Generic[T]):
    """What the environments that answered said, and the errors of those that did not.

    ``answered`` are the labels of the environments that gave the items.
    """

    items: list[T]
    failures: list[DashborionError] = []
    asked: int = 0
    answered: list[str] = []

    @property
    def all_failed(self) -> bool:
        """Whether no environment has answered."""
        return bool(self.failures) and len(self.failures) == self.asked

    @property
    def reportable(self) -> list[DashborionError]:
        """The failures but for the one that ``require_complete`` will raise."""
        return self.failures[1 if self.all_failed else 0 :]

    def require_complete(self) -> None:
        """Called when everything there is has been shown.

        Raises:
            PartialFailure: some environment is missing from it.
            DashborionError: the first environment's, when all of them failed.
        """
        if self.all_failed:
            raise self.failures[0]
        if self.failures:
            count = len(self.failures)
            raise PartialFailure(f"{count} environment{'s' if count > 1 else ''} failed")

    def require_one(self, name: Name | str) -> None:
        """Called with the one item of that name from each environment that has it.

        Raises:
            Ambiguous: several environments have it.
        """
        if len(self.items) > 1:
            raise Ambiguous(
                f"'{name}' is in {len(self.items)} environments: {', '.join(self.answered)}",
                hint="choose one with -e",
            )


def flat(answer: Answer[list[T]]) -> Answer[T]:
    """Every environment's items in one list."""
    items = [item for items in answer.items for item in items]
    return Answer(items, answer.failures, answer.asked, answer.answered)


def nowhere(errors: Sequence[NotFound], where: str) -> NotFound:
    """The error for a name that several environments do not have."""
    if len(errors) == 1:
        return errors[0]
    known = {name for error in errors for name in error.known}
    return NotFound(errors[0].noun, errors[0].name, where=where, known=known)


def located(error: DashborionError, environment: Environment) -> DashborionError:
    """The error, with the environment that it came from."""
    error.environment = error.environment or environment.label
    return error


def widened(query: Query, patterns: Sequence[Name]) -> Query:
    """A query that asks where the patterns point: ``other/web`` is about namespace ``other``."""
    namespaces = {pattern.namespace for pattern in patterns}
    types = {pattern.type for pattern in patterns}
    if patterns and None not in types and query.types is None:
        meant = {one for type_ in types for one in WorkloadType if is_meant(type_, one)}
        query = replace(query, types=frozenset(meant))
    if not patterns or None in namespaces or query.namespace or query.all_namespaces:
        return query
    only = next(iter(namespaces))
    if len(namespaces) == 1 and only and not has_wildcards(only):
        return replace(query, namespace=only)
    return replace(query, all_namespaces=True)


def away(item: Workload | Instance, query: Query, name: Name | None = None) -> str | None:
    """An object's namespace, if it may not be the one in which its environment is looked at."""
    is_away = query.namespace or query.all_namespaces or (name is not None and name.namespace)
    return item.namespace if is_away else None


def matching(patterns: Sequence[Name], rows: Sequence[Of]) -> list[Of]:
    """The workloads that fit one of the patterns; all where there is none."""
    if not patterns:
        return list(rows)
    return [one for one in rows if any(_fits(pattern, one.item) for pattern in patterns)]


def matching_in(environment: Environment, patterns: Sequence[Name], rows: Sequence[Of]) -> list[Of]:
    """Of an environment's workloads all but those that only an ARN of another cluster fits."""
    target = environment.target
    here = [name for name in patterns if not name.is_elsewhere(target.cluster_name, target.region)]
    return list(rows) if len(here) == len(patterns) else matching(here, rows) if here else []


def require_matches(patterns: Sequence[Name], rows: Sequence[OfWorkload], where: str) -> None:
    """Called with all workloads that there are.

    Raises:
        NotFound: nothing fits a pattern without wildcards.
    """
    for pattern in patterns:
        if not has_wildcards(pattern.name) and not matching([pattern], rows):
            known = [one.item.name for one in rows]
            raise NotFound("workload", str(pattern), where=where, known=known)


def order(row: Found[Row] | Of) -> tuple[str, ...]:
    """Environment, namespace, name; ``a-b`` before ``a``, as in kubectl and in etcd's keys.

    There a slash ends the namespace. What comes in this order need not be held back.
    """
    item = row.item
    kind = item.type if isinstance(item, Workload) else ""
    return (item.project or "", item.environment, f"{item.namespace}/", item.name, kind)


def _fits(pattern: Name, workload: Workload) -> bool:
    is_here = pattern.is_in(environment_label(workload))
    return is_here and pattern.fits(workload.name, workload.type, workload.namespace)
