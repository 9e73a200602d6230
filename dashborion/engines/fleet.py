"""Several environments as one: asked side by side, one failure not costing the others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from dashborion.concurrency import result, start
from dashborion.config.prefixed_names import PlainName
from dashborion.config.targets import Environment
from dashborion.engines import verdicts
from dashborion.engines.advice import addressed, command
from dashborion.engines.answers import (
    Answer,
    away,
    flat,
    located,
    matching,
    matching_in,
    nowhere,
    order,
    require_matches,
    widened,
)
from dashborion.engines.name_recorder import NameRecorder
from dashborion.engines.verdicts import OfWorkload
from dashborion.errors import (
    DashborionError,
    NotFound,
    PartialFailure,
    UsageError,
    WrongOrchestrator,
    foreseen,
    short,
)
from dashborion.models.base import Model
from dashborion.models.cause import Cause
from dashborion.models.environment import Check, Right, Verb
from dashborion.models.instance import Instance, InstanceDetail, InstanceStatus
from dashborion.models.kinds import KIND_OF, WorkloadType
from dashborion.models.query import Found, Name, Query
from dashborion.models.workload import Workload, WorkloadDetail, WorkloadStatus
from dashborion.orchestrators.protocol import EcsNative, Examined, Native, Orchestrator
from dashborion.orchestrators.runtime import Runtime

if TYPE_CHECKING:
    from dashborion.models.definition import Comparison
    from dashborion.orchestrators.changing import WorkloadToChange

T = TypeVar("T")
Role = TypeVar("Role", bound=Native)


class OnlyOn(Struct, Generic[Role], frozen=True):
    """A role that only one orchestrator has, its command group, and what to type ``instead``."""

    orchestrator: str
    group: str
    role: Callable[[Orchestrator], Role | None]
    instead: str

    def wrong(self, environment: Environment) -> WrongOrchestrator:
        return WrongOrchestrator(environment.label, environment.orchestrator, instead=self.instead)


def only_on_ecs(instead: str) -> OnlyOn[EcsNative]:
    return OnlyOn("ecs", "ecs", lambda one: one.ecs, instead)


def only_on_kubernetes(instead: str) -> OnlyOn[Native]:
    return OnlyOn("kubernetes", "k8s", lambda one: one.kubernetes, instead)


class InstanceToChange(Struct, frozen=True):
    """An instance, and the orchestrator that has it."""

    orchestrator: Orchestrator
    found: Found[InstanceDetail]


class Fleet(Struct, frozen=True):
    """The chosen environments and how to reach them.

    ``runtime`` makes what an environment's adapter is lent; ``report`` is told
    of each environment that failed while others answered, ``progress`` what is
    still waited for ("" in the end); ``recorder`` keeps names for completion. ``options`` are
    the global ones that a command needs, too, to find the same environments. ``names`` are
    those that were typed with an environment, or beside such a name.
    """

    environments: Sequence[Environment]
    connect: Callable[[Environment, Runtime], Orchestrator]
    runtime: Callable[[Environment], Runtime]
    report: Callable[[DashborionError], None]
    progress: Callable[[str], None]
    recorder: Callable[[Environment, Query], NameRecorder]
    options: Sequence[str] = ()
    names: Mapping[str, PlainName] = {}

    @property
    def where(self) -> str:
        """The environments' labels, for errors."""
        return ", ".join(environment.label for environment in self.environments)

    def workload_name(self, typed: str) -> Name:
        """The NAME of a workload.

        Raises:
            UsageError: it is not a name, or of a kind that no chosen environment can have.
        """
        name = self.parsed(typed, Name.parse)
        self._require_its_kind(name)
        return name

    def instance_name(self, typed: str) -> Name:
        """The ID of an instance; raises as ``Name.parse_instance``."""
        return self.parsed(typed, Name.parse_instance)

    def plain_name(self, typed: str) -> str:
        """A name without the environment that it brings with it."""
        return self.names[typed].name if typed in self.names else typed

    def parsed(self, typed: str, parse: Callable[[str], Name]) -> Name:
        """The name as ``parse`` understands it, in the environments that it can be in."""
        name = parse(self.plain_name(typed))
        labels = self.names[typed].labels if typed in self.names else None
        return replace(name, environments=labels)

    def _require_its_kind(self, name: Name) -> None:
        kinds = {environment.orchestrator for environment in self.environments}
        if name.type is WorkloadType.ECS_SERVICE and kinds == {"kubernetes"}:
            instead = f"use `dashborion k8s services describe {short(name.name)}`"
            raise UsageError(
                f"'{short(str(name))}' is a service of ECS, and no chosen environment is on ECS",
                hint=None if name.arn else instead,
            )

    # --- Lists and single objects ---------------------------------------------------------------

    def workloads(
        self,
        query: Query,
        *,
        patterns: Sequence[str] = (),
        statuses: frozenset[WorkloadStatus] | None = None,
        problems: bool = False,
        absent: bool = False,
    ) -> Answer[Examined[Workload]]:
        """The workloads that fit every restriction, in the default order.

        ``problems`` are those that are not well, as far as the query's parts can tell. What was
        named may be ``absent``.

        Raises:
            NotFound: a pattern without wildcards that nothing fits.
        """
        names = [self.workload_name(pattern) for pattern in patterns]

        def ask(orchestrator: Orchestrator) -> list[Examined[Workload]]:
            environment = orchestrator.environment
            here = [name for name in names if name.is_in(environment.label)]
            if names and not here:
                return []
            asked = widened(query, here)
            found = orchestrator.inventory.workloads(asked)
            self._recorded(orchestrator, asked, found, kind="workloads")
            fitting = matching_in(environment, here, found)
            return [self.told(one, environment, asked) for one in fitting]

        answer = flat(self.ask_all(ask))
        if not (answer.failures or absent):
            require_matches(names, answer.items, self.where)
        answer.items = sorted(
            (
                found
                for found in matching(names, answer.items)
                if (statuses is None or found.item.status in statuses)
                and not (problems and verdicts.verdict(found).is_well)
            ),
            key=order,
        )
        return answer

    def instances(
        self, query: Query, *, statuses: frozenset[InstanceStatus] | None = None
    ) -> Answer[Found[Instance]]:
        """The instances that fit every restriction, in the default order."""
        if query.workload is not None:
            self._require_its_kind(query.workload)

        def ask(orchestrator: Orchestrator) -> list[Found[Instance]]:
            found = orchestrator.inventory.instances(query)
            return self._recorded(orchestrator, query, found, kind="instances")

        answer = flat(self.ask_all(ask, searching=query.workload is not None))
        answer.items = sorted(
            (one for one in answer.items if statuses is None or one.item.status in statuses),
            key=order,
        )
        return answer

    def workload(self, typed: str, query: Query) -> Answer[Examined[WorkloadDetail]]:
        """The one workload of that NAME in all environments."""
        name = self.workload_name(typed)

        def ask(orchestrator: Orchestrator) -> Examined[WorkloadDetail]:
            found = orchestrator.inventory.workload(name, query)
            self._recorded(orchestrator, query, [found])
            told = self.told(found, orchestrator.environment, query, name)
            return replace(told, item=replace(told.item, causes=list(told.causes)))

        answer = self.ask_all(ask, searching=True)
        answer.require_one(name)
        return answer

    def instance(self, typed: str, query: Query) -> Answer[Found[InstanceDetail]]:
        """The one instance of that ID, name or unique prefix in all environments."""
        name = self.instance_name(typed)
        answer = self.ask_all(lambda one: one.inventory.instance(name, query), searching=True)
        answer.require_one(name)
        return answer

    def told(
        self,
        examined: Examined[OfWorkload],
        environment: Environment,
        query: Query,
        name: Name | None = None,
    ) -> Examined[OfWorkload]:
        """What was found of a workload, judged, with commands that can be typed as they are."""
        namespace = away(examined.item, query, name)
        causes = self.addressed(examined.causes, environment, namespace)
        return verdicts.with_reason(replace(examined, causes=causes))

    def revisions(
        self, typed: str, query: Query, between: tuple[str, str] | None
    ) -> Answer[Found[Comparison]]:
        """How two revisions of the one workload of that NAME differ, or its newest two."""
        name = self.workload_name(typed)
        answer = self.ask_all(
            lambda one: one.definitions.revisions(name, query, between), searching=True
        )
        answer.require_one(name)
        return answer

    def addressed(
        self, causes: Sequence[Cause], environment: Environment, namespace: str | None
    ) -> list[Cause]:
        """The causes with commands that can be typed as they are."""
        label, options = environment.label, self.options
        return addressed(causes, options=options, label=label, namespace=namespace)

    def command_for(self, workload: WorkloadToChange, *words: str) -> str:
        """A command about one workload, whole and ready to be typed; its name is ``{}``."""
        name = f"{KIND_OF[workload.workload.type]}/{workload.workload.name}"
        named = [name if word == "{}" else word for word in ("workloads", *words)]
        label = workload.environment.label
        return command(named, self.options, label, workload.workload.namespace)

    def _recorded(
        self,
        orchestrator: Orchestrator,
        query: Query,
        found: Sequence[Found[T]],
        *,
        kind: str | None = None,
    ) -> list[Found[T]]:
        found = list(found)
        recorder = self.recorder(orchestrator.environment, query)
        recorder.add(found, kind)
        recorder.close(kind)
        return found

    # --- What only one orchestrator has ---------------------------------------------------------

    def natives(self, only_on: OnlyOn[Role], kind: str, query: Query) -> Answer[Found[Model]]:
        """A list of one orchestrator; environments of the others are failures that say so."""
        listed = _native(only_on, lambda role: role.listed(kind, query))

        def ask(orchestrator: Orchestrator) -> list[Found[Model]]:
            found = listed(orchestrator)
            return self._recorded(orchestrator, query, found, kind=f"{only_on.group} {kind}")

        return flat(self.ask_all(ask, only_on=only_on))

    def native(
        self, only_on: OnlyOn[Role], name: str, ask: Callable[[Role], Found[T]]
    ) -> Answer[Found[T]]:
        """The one object of that name in all environments of one orchestrator."""
        answer = self.ask_all(_native(only_on, ask), searching=True, only_on=only_on)
        answer.require_one(name)
        return answer

    # --- What is to be changed ------------------------------------------------------------------

    def workload_to_change(self, typed: str, query: Query) -> WorkloadToChange:
        """The one workload of that NAME, which a change or a wait is about.

        Raises:
            PartialFailure: an environment could not be searched: there may be another.
        """
        name = self.workload_name(typed)
        return self.only(name, lambda one: one.changes.workload(name, query))

    def instance_to_change(self, typed: str, query: Query) -> InstanceToChange:
        """The one instance of that ID that is to be changed; raises as ``workload_to_change``."""
        name = self.instance_name(typed)
        query = replace(query, parts=frozenset())

        def ask(orchestrator: Orchestrator) -> InstanceToChange:
            return InstanceToChange(orchestrator, orchestrator.inventory.instance(name, query))

        return self.only(name, ask)

    def only(self, name: Name, ask: Callable[[Orchestrator], T]) -> T:
        """What the one environment that has the name says; raises as ``workload_to_change``."""
        here = [environment for environment in self.environments if name.is_in(environment.label)]
        answer = replace(self, environments=here).ask_all(ask, searching=True)
        if answer.failures:
            raise PartialFailure(
                "an environment could not be searched, so nothing was changed",
                hint="choose one environment with -e",
            )
        answer.require_one(name)
        return answer.items[0]

    # --- Asking ---------------------------------------------------------------------------------

    def check(self) -> Answer[Check]:
        """One check an environment; a failure is a row that says so, and a failure."""
        return self.each(lambda one: one.check(), _failed_check)

    def rights(self, verb: Verb, query: Query) -> Answer[Right]:
        """What a command needs in every environment, and whether it is granted."""
        return flat(self.ask_all(lambda one: one.rights(verb, query)))

    def each(
        self,
        ask: Callable[[Orchestrator], T],
        failed: Callable[[Environment, DashborionError], T],
    ) -> Answer[T]:
        """One item an environment; of those that fail, the one that says so."""
        answer: Answer[T] = Answer([], asked=len(self.environments))
        for environment, outcome in self._outcomes(ask):
            if isinstance(outcome, DashborionError):
                answer.items.append(failed(environment, outcome))
                answer.failures.append(outcome)
            else:
                answer.items.append(outcome)
                answer.answered.append(environment.label)
        for failure in answer.reportable:
            self.report(failure)
        return answer

    def ask_all(
        self,
        ask: Callable[[Orchestrator], T],
        *,
        searching: bool = False,
        only_on: OnlyOn[Role] | None = None,
    ) -> Answer[T]:
        """Ask all environments side by side.

        When ``searching``, an environment that does not have the name is no
        failure as long as another one has it. Environments that are not
        ``only_on`` this orchestrator are failures without being asked.

        Raises:
            DashborionError: the first environment's, when none of them answered.
        """
        answer: Answer[T] = Answer([], asked=len(self.environments))
        absent: list[NotFound] = []
        for environment, outcome in self._outcomes(ask, only_on):
            if not isinstance(outcome, DashborionError):
                answer.items.append(outcome)
                answer.answered.append(environment.label)
            elif searching and isinstance(outcome, NotFound):
                absent.append(outcome)
            else:
                answer.failures.append(outcome)
        for failure in answer.failures[0 if answer.items else 1 :]:
            self.report(failure)
        if not answer.items:
            raise answer.failures[0] if answer.failures else nowhere(absent, self.where)
        return answer

    def ask(
        self,
        environment: Environment,
        ask: Callable[[Orchestrator], T],
        only_on: OnlyOn[Role] | None = None,
    ) -> T:
        """Connect one environment and ask it: the one place where either is done.

        Raises:
            DashborionError: whatever is thrown there, by whomever, is this environment's failure.
        """
        if only_on is not None and only_on.orchestrator != environment.orchestrator:
            raise only_on.wrong(environment)
        with foreseen(environment.label):
            return ask(self.connect(environment, self.runtime(environment)))

    def _outcomes(
        self, ask: Callable[[Orchestrator], T], only_on: OnlyOn[Role] | None = None
    ) -> Iterator[tuple[Environment, T | DashborionError]]:
        """Each environment with its answer or error; says what is still waited for."""
        futures = [start(partial(self.ask, one, ask, only_on)) for one in self.environments]
        waiting = {
            future: one.label for one, future in zip(self.environments, futures, strict=True)
        }
        lock = threading.Lock()

        def tell(done: Future[T] | None = None) -> None:
            with lock:  # futures end on their own threads
                if done is not None:
                    waiting.pop(done, None)
                names = ", ".join(waiting.values())
                self.progress(f"waiting for {names}" if names else "")

        tell()
        for future in futures:
            future.add_done_callback(tell)
        try:
            for environment, future in zip(self.environments, futures, strict=True):
                outcome: T | DashborionError
                try:
                    outcome = result(future, self.runtime(environment).deadline)
                except DashborionError as error:
                    outcome = located(error, environment)
                yield environment, outcome
        finally:
            with lock:
                waiting.clear()
            tell()


def _native(only_on: OnlyOn[Role], ask: Callable[[Role], T]) -> Callable[[Orchestrator], T]:
    def ask_role(orchestrator: Orchestrator) -> T:
        role = only_on.role(orchestrator)
        if role is None:
            raise only_on.wrong(orchestrator.environment)
        return ask(role)

    return ask_role


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
