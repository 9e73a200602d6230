"""Long lists handed on while the rest of them is still fetched, in the default order.

What is shown of a row must not depend on the rows after it; then a list of any
length takes the memory of a few chunks. An environment's first rows are held
back: a list that is no longer than that is whole before anything is written,
as every other list is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain, islice, pairwise

from dashborion.concurrency import ahead
from dashborion.config.targets import Environment
from dashborion.engines.answers import Answer, located, order
from dashborion.engines.fleet import Fleet
from dashborion.errors import DashborionError, foreseen
from dashborion.models.instance import Instance, InstanceStatus
from dashborion.models.query import Found, Query
from dashborion.orchestrators.protocol import Orchestrator

HELD = 1000  # rows

Row = Found[Instance]


class LongList:
    """The rows of all environments, asked side by side, given one environment after the other.

    ``answer`` has no items; its failures, and whether the list ``has_rows``, are known
    when all rows were taken.
    """

    def __init__(self, fleet: Fleet, ask: Callable[[Orchestrator], Iterator[list[Row]]]) -> None:
        self.fleet = fleet
        self.answer: Answer[Row] = Answer([], asked=len(fleet.environments))
        self._ask = ask
        self.has_rows = False
        self._cut = False

    def __iter__(self) -> Iterator[Row]:
        """The rows.

        Raises:
            DashborionError: the first environment's, when none has answered.
            PartialFailure: after all others, for one that failed when rows of it had been given.
        """
        fleet = self.fleet
        ordered = sorted(fleet.environments, key=lambda one: (one.project or "", one.name))
        sources = [
            (one, ahead(partial(self._pages, one), fleet.runtime(one).deadline)) for one in ordered
        ]
        try:
            for number, (environment, source) in enumerate(sources):
                waiting = ", ".join(one.label for one, _ in sources[number:])
                fleet.progress(f"waiting for {waiting}")
                yield from self._rows(environment, source)
        finally:
            fleet.progress("")
        for failure in self.answer.reportable:
            fleet.report(failure)
        if self.answer.all_failed or self._cut:
            self.answer.require_complete()

    def _pages(self, environment: Environment) -> Iterator[list[Row]]:
        with foreseen(environment.label):  # the pages come when they are iterated
            yield from self.fleet.ask(environment, self._ask)

    def _rows(self, environment: Environment, source: Iterator[list[Row]]) -> Iterator[Row]:
        given = False
        try:
            for row in _settled(chain.from_iterable(source)):
                given = self.has_rows = True
                yield row
        except DashborionError as error:
            self.answer.failures.append(located(error, environment))
            self._cut = self._cut or given


def instances(
    fleet: Fleet, query: Query, *, statuses: frozenset[InstanceStatus] | None = None
) -> LongList:
    """The instances that fit every restriction, as ``Fleet.instances`` finds them."""

    def ask(orchestrator: Orchestrator) -> Iterator[list[Row]]:
        recorder = fleet.recorder(orchestrator.environment, query)
        for page in orchestrator.inventory.instance_pages(query):
            recorder.add(page)
            yield [one for one in page if statuses is None or one.item.status in statuses]
        recorder.close("instances")

    return LongList(fleet, ask)


def _settled(rows: Iterator[Row]) -> Iterator[Row]:
    """In order: as they come, if the first of them do and are many, else all of them sorted."""
    held = list(islice(rows, HELD))
    if len(held) < HELD or any(order(one) > order(next_) for one, next_ in pairwise(held)):
        yield from sorted(chain(held, rows), key=order)
        return
    yield from held
    del held
    yield from rows
