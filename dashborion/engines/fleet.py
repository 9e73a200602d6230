"""Several environments as one: fetched side by side, one failure not costing the others.

Filtering, finding one object by what was typed, and the default order happen
here, above the orchestrators, so that they are the same for all of them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, Generic, TypeVar

from msgspec import Struct

from dashborion.concurrency import Deadline, result, start
from dashborion.config.targets import Environment
from dashborion.engines.recorder import Recorder
from dashborion.errors import (
    Ambiguous,
    DashborionError,
    NotFound,
    PartialFailure,
    WrongOrchestrator,
)
from dashborion.models.environment import Check
from dashborion.models.instance import Instance, InstanceDetail, InstanceStatus
from dashborion.models.query import Found, Name, Query
from dashborion.models.workload import Workload, WorkloadDetail, WorkloadStatus
from dashborion.orchestrators.logs import Reader, Wanted
from dashborion.orchestrators.protocol import Followed, Look, Orchestrator, Runtime, Subject

T = TypeVar("T")

LOOK_SECONDS = 1.0  # that a look gets in any case
Placed = TypeVar("Placed", Workload, Instance)


@dataclass
class Answer(Generic[T]):
    """What the environments that answered said, and the errors of those that did not."""

    items: list[T]
    failures: list[DashborionError] = field(default_factory=list)
    asked: int = 0

    def require_complete(self) -> None:
        """Called when everything there is has been shown.

        Raises:
            PartialFailure: some environment is missing from it.
            DashborionError: the first environment's, when all of them failed.
        """
        if self.failures and len(self.failures) == self.asked:
            raise self.failures[0]
        if self.failures:
            count = len(self.failures)
            raise PartialFailure(f"{count} environment{'s' if count > 1 else ''} failed")


class Special(Struct, frozen=True):
    """A command that only one orchestrator has, and what to type for the others ``instead``."""

    orchestrator: str
    instead: str


class Fleet(Struct, frozen=True):
    """The chosen environments and how to reach them.

    ``runtime`` makes what an environment's adapter is lent; ``report`` is told
    of each environment that failed while others answered, ``progress`` what is
    still waited for ("" in the end).
    """

    environments: Sequence[Environment]
    connect: Callable[[Environment, Runtime], Orchestrator]
    runtime: Callable[[Environment], Runtime]
    report: Callable[[DashborionError], None]
    progress: Callable[[str], None] = lambda _: None
    recorder: Callable[[Environment, Query], Recorder] | None = None  # keeps names for completion

    def workloads(
        self,
        query: Query,
        *,
        patterns: Sequence[str] = (),
        statuses: frozenset[WorkloadStatus] | None = None,
    ) -> Answer[Found[Workload]]:
        """The workloads that fit every restriction, in the default order.

        Raises:
            NotFound: a pattern without wildcards that nothing fits.
        """
        names = [Name.parse(pattern) for pattern in patterns]
        asked = widened(query, names)
        answer = self._each(lambda one: self._kept(one, asked, "workloads", one.workloads(asked)))
        items = _flat(answer.items)
        if not answer.failures:
            _require_matches(names, [found.item for found in items], self._where())
        items = [
            found
            for found in items
            if (not names or any(_fits(name, found.item) for name in names))
            and (statuses is None or found.item.status in statuses)
        ]
        return Answer(sorted(items, key=order), answer.failures, answer.asked)

    def instances(
        self, query: Query, *, statuses: frozenset[InstanceStatus] | None = None
    ) -> Answer[Found[Instance]]:
        """The instances that fit every restriction, in the default order."""
        answer = self._each(
            lambda one: self._kept(one, query, "instances", one.instances(query)),
            searching=query.workload is not None,
        )
        items = [
            found
            for found in _flat(answer.items)
            if statuses is None or found.item.status in statuses
        ]
        return Answer(sorted(items, key=order), answer.failures, answer.asked)

    def workload(self, name: Name, query: Query) -> Answer[Found[WorkloadDetail]]:
        """The one workload of that name in all environments."""
        answer = self._each(
            lambda one: self._kept(one, query, None, [one.workload(name, query)])[0],
            searching=True,
        )
        return self._one(name, answer)

    def instance(self, name: Name, query: Query) -> Answer[Found[InstanceDetail]]:
        """The one instance of that id, name or unique prefix in all environments."""
        answer = self._each(lambda one: one.instance(name, query), searching=True)
        return self._one(name, answer)

    def natives(self, special: Special, ask: Callable[[Any], list[Found[T]]]) -> Answer[Found[T]]:
        """What one orchestrator has, of its environments; the others are failures that say so.

        ``ask`` gets an environment's ``Native``.
        """
        answer = self._each(lambda one: ask(one.native), special=special)
        return Answer(_flat(answer.items), answer.failures, answer.asked)

    def native(self, special: Special, name: str, ask: Callable[[Any], T]) -> Answer[T]:
        """The one thing of that name in all environments of one orchestrator."""
        answer = self._each(lambda one: ask(one.native), searching=True, special=special)
        if len(answer.items) > 1:
            raise _ambiguous(name, [getattr(one, "item", one) for one in answer.items])
        return answer

    def site(self, name: Name, query: Query) -> Site:
        """The one workload that a change or a wait is about.

        Raises:
            PartialFailure: an environment could not be searched: there may be another.
        """
        answer = self._each(lambda one: (one, one.subject(name, query)), searching=True)
        orchestrator, subject = self._sole(name, answer, lambda one: one[1].workload)
        return Site(orchestrator, subject, self.runtime(orchestrator.environment).deadline)

    def place(self, name: Name, query: Query) -> tuple[Orchestrator, Found[InstanceDetail]]:
        """The one instance that is to be stopped; raises as ``site``."""
        answer = self._each(lambda one: (one, one.instance(name, query)), searching=True)
        return self._sole(name, answer, lambda one: one[1].item)

    def _sole(self, name: Name, answer: Answer[T], item: Callable[[T], Any]) -> T:
        if answer.failures:
            raise PartialFailure(
                "an environment could not be searched, so nothing was changed",
                hint="choose one environment with -e",
            )
        if len(answer.items) > 1:
            raise _ambiguous(name, [item(one) for one in answer.items])
        return answer.items[0]

    def logs(self, names: Sequence[Name], query: Query, wanted: Wanted) -> Answer[Reader]:
        """The logs of these workloads, in every environment that has them.

        Raises:
            NotFound: a name that no environment has.
        """
        return self._readers(names, lambda one, name: one.logs(name, query, wanted))

    def instance_logs(self, name: Name, query: Query, wanted: Wanted) -> Answer[Reader]:
        """The logs of the one instance of that id, name or unique prefix."""
        answer = self._readers([name], lambda one, name: one.instance_logs(name, query, wanted))
        if len(answer.items) > 1:
            raise Ambiguous(
                f"'{name}' is in {len(answer.items)} environments", hint="choose with -e"
            )
        return answer

    def _readers(
        self, names: Sequence[Name], read: Callable[[Orchestrator, Name], Reader]
    ) -> Answer[Reader]:
        def ask(one: Orchestrator) -> list[Reader | NotFound]:
            asked = [start(partial(_or_absent, read, one, name)) for name in names]
            found = [result(each, self.runtime(one.environment).deadline) for each in asked]
            absent = [each for each in found if isinstance(each, NotFound)]
            if len(absent) == len(found):
                raise absent[0]
            return found

        answer = self._each(ask, searching=True)
        for position, name in enumerate(names):
            found = [each[position] for each in answer.items]
            absent = [each for each in found if isinstance(each, NotFound)]
            if len(absent) == len(found) and not answer.failures:
                raise absent[0] if len(found) == 1 else NotFound(
                    absent[0].noun, str(name), where=self._where(),
                    known={known for each in absent for known in each.known},
                )  # fmt: skip
        readers = [each for some in answer.items for each in some if not isinstance(each, NotFound)]
        return Answer(readers, answer.failures, answer.asked)

    def check(self) -> Answer[Check]:
        """One check an environment; a failure is a row that says so, and a failure."""
        answer: Answer[Check] = Answer([], asked=len(self.environments))
        for environment, future in self._asked(lambda one: one.check()):
            try:
                answer.items.append(result(future, self.runtime(environment).deadline))
            except DashborionError as error:
                answer.items.append(_failed_check(environment, error))
                answer.failures.append(placed(error, environment))
        for failure in answer.failures[len(answer.failures) == answer.asked :]:
            self.report(failure)  # all but the one that `require_complete` will raise
        return answer

    def _asked(
        self, ask: Callable[[Orchestrator], T], special: Special | None = None
    ) -> Iterator[tuple[Environment, Future[T]]]:
        """Each environment with its answer under way; says what is still waited for."""
        futures = [start(partial(self._ask, one, ask, special)) for one in self.environments]
        waiting = {
            future: one.label for one, future in zip(self.environments, futures, strict=True)
        }

        told = threading.Lock()

        def tell(done: Future[T] | None = None) -> None:
            with told:  # futures end on their own threads
                if done is not None:
                    waiting.pop(done, None)
                names = ", ".join(waiting.values())
                self.progress(f"waiting for {names}" if names else "")

        tell()
        for future in futures:
            future.add_done_callback(tell)
        try:
            yield from zip(self.environments, futures, strict=True)
        finally:
            with told:
                waiting.clear()
            tell()

    def _each(
        self,
        ask: Callable[[Orchestrator], T],
        *,
        searching: bool = False,
        special: Special | None = None,
    ) -> Answer[T]:
        """Ask all environments side by side.

        When ``searching``, an environment that does not have the name is no
        failure as long as another one has it. Environments that have nothing
        ``special`` are failures without being asked.

        Raises:
            DashborionError: the first environment's, when none of them answered.
        """
        answer: Answer[T] = Answer([], asked=len(self.environments))
        absent: list[NotFound] = []
        for environment, future in self._asked(ask, special):
            try:
                answer.items.append(result(future, self.runtime(environment).deadline))
            except NotFound as error:
                placed(error, environment)
                if searching:
                    absent.append(error)
                else:
                    answer.failures.append(error)
            except DashborionError as error:
                answer.failures.append(placed(error, environment))
        if not answer.items:
            for failure in answer.failures[1:]:
                self.report(failure)
            raise answer.failures[0] if answer.failures else self._nowhere(absent)
        for failure in answer.failures:
            self.report(failure)
        return answer

    def _ask(
        self, environment: Environment, ask: Callable[[Orchestrator], T], special: Special | None
    ) -> T:
        if special is not None and special.orchestrator != environment.orchestrator:
            raise WrongOrchestrator(
                environment.label, environment.orchestrator, instead=special.instead
            )
        return ask(self.connect(environment, self.runtime(environment)))

    def _kept(
        self, one: Orchestrator, query: Query, kind: str | None, found: list[Found[T]]
    ) -> list[Found[T]]:
        if self.recorder is not None:
            kept = self.recorder(one.environment, query)
            kept.add(found)
            kept.close(kind)
        return found

    def _one(self, name: Name, answer: Answer[Found[T]]) -> Answer[Found[T]]:
        if len(answer.items) > 1:
            raise _ambiguous(name, [one.item for one in answer.items])
        return answer

    def _nowhere(self, errors: Sequence[NotFound]) -> NotFound:
        if len(errors) == 1:
            return errors[0]
        known = {name for error in errors for name in error.known}
        return NotFound(errors[0].noun, errors[0].name, where=self._where(), known=known)

    def _where(self) -> str:
        return ", ".join(environment.label for environment in self.environments)


class Site(Struct, frozen=True):
    """A workload and the orchestrator that can change it."""

    orchestrator: Orchestrator
    subject: Subject
    deadline: Deadline

    def look(self, followed: Followed, left: float) -> Look:
        """One look, with a read's whole time for itself, or what is left of the wait's."""
        self.deadline.restart(max(left, LOOK_SECONDS))
        return self.orchestrator.look(self.subject, followed)


def _or_absent(
    read: Callable[[Orchestrator, Name], Reader], one: Orchestrator, name: Name
) -> Reader | NotFound:
    try:
        return read(one, name)
    except NotFound as error:
        return error


def _ambiguous(name: Name | str, items: Sequence[Any]) -> Ambiguous:
    places = [f"{one.project}/{one.environment}" if one.project else one.environment
              for one in items]  # fmt: skip
    return Ambiguous(
        f"'{name}' is in {len(places)} environments: {', '.join(places)}",
        hint="choose one with -e",
    )


def widened(query: Query, names: Sequence[Name]) -> Query:
    """A query that asks where the patterns point: ``other/web`` is about namespace ``other``."""
    import msgspec

    namespaces = {name.namespace for name in names}
    types = {name.type for name in names}
    if names and None not in types and query.types is None:
        query = msgspec.structs.replace(query, types=frozenset(filter(None, types)))
    if not names or None in namespaces or query.namespace or query.all_namespaces:
        return query
    only = next(iter(namespaces))
    if len(namespaces) == 1 and only and not _globbed(only):
        return msgspec.structs.replace(query, namespace=only)
    return msgspec.structs.replace(query, all_namespaces=True)


def _fits(name: Name, workload: Workload) -> bool:
    return (
        fnmatchcase(workload.name, name.name)
        and (name.type is None or workload.type is name.type)
        and (name.namespace is None or fnmatchcase(workload.namespace, name.namespace))
    )


def _require_matches(names: Iterable[Name], workloads: Sequence[Workload], where: str) -> None:
    for name in names:
        if not _globbed(name.name) and not any(_fits(name, one) for one in workloads):
            known = [one.name for one in workloads]
            raise NotFound("workload", str(name), where=where, known=known)


def _globbed(text: str) -> bool:
    return not frozenset("*?[").isdisjoint(text)


def _flat(lists: Iterable[list[T]]) -> list[T]:
    return [item for items in lists for item in items]


def order(found: Found[Placed]) -> tuple[str, ...]:
    """Environment, namespace, name; ``a-b`` before ``a``, as in kubectl and in etcd's keys.

    There a slash ends the namespace. What comes in this order need not be held back.
    """
    item = found.item
    kind = item.type if isinstance(item, Workload) else ""
    return (item.project or "", item.environment, f"{item.namespace}/", item.name, kind)


def placed(error: DashborionError, environment: Environment) -> DashborionError:
    """The error, with the environment that it came from."""
    error.environment = error.environment or environment.label
    return error


def _failed_check(environment: Environment, error: DashborionError) -> Check:
    return Check(
        project=environment.project,
        environment=environment.name,
        orchestrator=environment.orchestrator,
        endpoint=None,
        reachable=error.exit_code == 4,
        identity=None,
        version=None,
        seconds=0.0,
        permissions=[],
        error=error.message,
    )
