"""What may be wrong with a workload or a pod: which facts are read, and what the rules find.

Rules look at what ``describe`` reads anyway. What they find may ask for one more read, in
``_MORE``; then they look again. A workload that is well asks for nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from msgspec import Struct

from dashborion.errors import AccessError, DashborionError, Forbidden, Unavailable
from dashborion.models.cause import Cause, Code, NotChecked
from dashborion.models.query import Found
from dashborion.orchestrators import findings
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.causes import RULES
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.errors import NoSuchResource
from dashborion.orchestrators.kubernetes.facts import Facts, PodFacts
from dashborion.orchestrators.kubernetes.instances import has_run, is_cut_off

T = TypeVar("T")

# What the API calls what rules look at, for the permission that is missing.
_PLURALS = {"instances": "pods", "autoscalers": "horizontalpodautoscalers"}


@dataclass(frozen=True)
class Reads:
    """What was read and what could not be, and why; ``warn`` is told of the latter, too."""

    client: Client
    warn: Callable[[DashborionError], None] = lambda _: None
    checked: list[str] = field(default_factory=list)
    not_checked: list[NotChecked] = field(default_factory=list)

    def items(self, what: str, future: Future[list[Found[T]]]) -> list[T] | None:
        """The objects of a list; None if it cannot be had, none if it is not served."""
        listed = self.part(what, future)
        return None if listed is None else [found.item for found in listed]

    def part(self, what: str, future: Future[list[T]]) -> list[T] | None:
        """What a call answers; None if that cannot be had, none if it is not served."""
        listed: list[T] = []
        try:
            listed = self.client.in_time(future)
        except NoSuchResource:
            pass
        except (AccessError, Unavailable) as error:
            self.warn(error)
            needed = f"list {_PLURALS.get(what, what)}"
            permission = needed if isinstance(error, Forbidden) else None
            self.not_checked.append(
                NotChecked(what=what, permission=permission, reason=error.message)
            )
            return None
        self.checked.append(what)
        return listed


class Looked(Struct, frozen=True):
    """What the rules found, and the containers whose last log lines belong to a cause."""

    causes: Sequence[Cause]
    failed: Sequence[tuple[str, str | None]]


def looked(reads: Reads, facts: Facts, since: timedelta) -> Looked:
    """What all rules find in the facts, and in what they then ask for."""
    told = findings.found(RULES, facts)
    more = dict.fromkeys(_MORE[one.code] for one in told if one.code in _MORE)
    if more:
        for read in more:
            facts = read(reads, facts)
        told = findings.found(RULES, facts)
    causes = findings.causes(told, now=facts.now, since=since)
    return Looked(causes, findings.failed(told))


_MORE: Mapping[Code, Callable[[Reads, Facts], Facts]] = {}


_DROPPED = (
    "unable to retrieve container logs for "  # the kubelet's, with 200, of a log that is gone
)


def last_lines(
    client: Client, pods: Iterable[PodFacts], instance: str, container: str | None, lines: int
) -> list[str]:
    """The last lines of a container's newest run that is over, or else of the one that runs.

    Raises:
        AccessError, Unavailable: the log cannot be read.
    """
    pod = next((one.pod for one in pods if one.name == instance), None)
    if pod is None or is_cut_off(pod) or not has_run(pod):
        return []
    known = (*(pod.status.init_container_statuses or ()), *(pod.status.container_statuses or ()))
    status = next((one for one in known if one.name == container), None)
    is_previous = bool(status and status.last_state.terminated and not status.state.terminated)
    params = {"tailLines": str(lines), "container": container}
    path = f"{api.PODS.path(pod.metadata.namespace, instance)}/log"
    text = client.text(path, params | {"previous": "true" if is_previous else None})
    return [] if not text or text.startswith(_DROPPED) else text.splitlines()
