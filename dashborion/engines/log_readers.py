"""The logs of workloads and instances, looked for in all chosen environments.

Names are looked up, and each is somewhere; patterns and selectors are handed on, as others may fit
them later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from dashborion.concurrency import every
from dashborion.engines.answers import Answer, nowhere, widened
from dashborion.engines.fleet import Fleet
from dashborion.errors import NotFound
from dashborion.models.query import Name, Query
from dashborion.orchestrators.logs import Reader, Selection, Wanted
from dashborion.orchestrators.protocol import Orchestrator

Find = Callable[[Orchestrator, Name], Reader]


def of_workloads(
    fleet: Fleet, typed: Iterable[str], query: Query, wanted: Wanted
) -> Answer[Reader]:
    """The logs of the workloads of these NAMEs or PATTERNs, in every environment that has them.

    Raises:
        NotFound: a name that no environment has.
    """
    names = [fleet.workload_name(text) for text in dict.fromkeys(typed)]
    is_open = query.selector or query.all_namespaces or any(name.is_pattern for name in names)
    if is_open:
        return _selected(fleet, names, widened(query, names), wanted)
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


def _selected(fleet: Fleet, names: Sequence[Name], query: Query, wanted: Wanted) -> Answer[Reader]:
    """One reader an environment, of all that fit."""

    def ask(orchestrator: Orchestrator) -> Selection | None:
        label = orchestrator.environment.label
        here = [name for name in names if name.is_in(label)]
        if names and not here:
            return None
        return orchestrator.logs.of_workloads(here, query, wanted)

    answer = fleet.ask_all(ask, searching=True)
    found = [one for one in answer.items if one is not None]
    if not answer.failures:
        for name in names:
            absent = [error for one in found for error in one.absent if error.name == str(name)]
            if absent and len(absent) >= sum(name.is_in(one.label) for one in fleet.environments):
                raise nowhere(absent, fleet.where)
    readers = [one.reader for one in found]
    return Answer(readers, answer.failures, answer.asked, answer.answered)


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
