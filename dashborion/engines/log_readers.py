"""The logs of workloads and instances, looked for in all chosen environments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from dashborion.concurrency import every
from dashborion.engines.answers import Answer, nowhere
from dashborion.engines.fleet import Fleet
from dashborion.errors import NotFound
from dashborion.models.query import Name, Query
from dashborion.orchestrators.logs import Reader, Wanted
from dashborion.orchestrators.protocol import Orchestrator

Find = Callable[[Orchestrator, Name], Reader]


def of_workloads(
    fleet: Fleet, typed: Iterable[str], query: Query, wanted: Wanted
) -> Answer[Reader]:
    """The logs of the workloads of these NAMEs, in every environment that has them.

    Raises:
        NotFound: a name that no environment has.
    """
    names = [fleet.workload_name(text) for text in dict.fromkeys(typed)]
    return _readers(fleet, names, lambda one, name: one.logs.of_workload(name, query, wanted))


def of_instance(fleet: Fleet, typed: str, query: Query, wanted: Wanted) -> Answer[Reader]:
    """The logs of the one instance of that ID, name or unique prefix.

    Raises:
        NotFound: no environment has it.
        Ambiguous: several have one.
    """
    name = fleet.instance_name(typed)
    answer = _readers(fleet, [name], lambda one, name: one.logs.of_instance(name, query, wanted))
    answer.require_one(name)
    return answer


def _readers(fleet: Fleet, names: Sequence[Name], find: Find) -> Answer[Reader]:
    """An environment that has none of the names does not have what is looked for."""

    def ask(orchestrator: Orchestrator) -> list[Reader | NotFound]:
        calls = [partial(_found_or_absent, find, orchestrator, name) for name in names]
        found = list(every(calls, fleet.runtime(orchestrator.environment).deadline))
        absent = [one for one in found if isinstance(one, NotFound)]
        if len(absent) == len(found):
            raise absent[0]
        return found

    answer = fleet.ask_all(ask, searching=True)
    if not answer.failures:
        for found in zip(*answer.items, strict=True):  # what each environment said to a name
            absent = [one for one in found if isinstance(one, NotFound)]
            if len(absent) == len(found):
                raise nowhere(absent, fleet.where)
    readers = [one for some in answer.items for one in some if not isinstance(one, NotFound)]
    return Answer(readers, answer.failures, answer.asked, answer.answered)


def _found_or_absent(find: Find, orchestrator: Orchestrator, name: Name) -> Reader | NotFound:
    if not name.is_in(label := orchestrator.environment.label):
        return NotFound("workload", str(name), where=label)
    try:
        return find(orchestrator, name)
    except NotFound as error:
        return error
