"""A cluster that is looked at again and again, within what an account may ask in a region.

Within one look the same question is asked once. Where a look at all tasks takes more calls than
a period has room for, they are read again if their services have moved, and once a minute:
a task that fails its health check, or takes the place of another, moves no service.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from dashborion.errors import DashborionError, Throttled
from dashborion.orchestrators.aws.pace import READS_A_SECOND
from dashborion.orchestrators.ecs.client import Client
from dashborion.orchestrators.ecs.event_feed import FEW, FEW_SECONDS, MANY_SECONDS

if TYPE_CHECKING:
    from dashborion.orchestrators.aws.client import AwsClient
    from dashborion.orchestrators.ecs.adapter import EcsOrchestrator

KEPT_SECONDS = 60.0  # tasks whose service has not moved, and what other APIs than ECS say
MOST_TIMES = 16  # that a period is doubled, in all
# What AWS charges for in USD, by its public price list for us-east-1: metrics that are asked for,
# and bytes of logs that a query has read.
_CHARGED = frozenset({"get_metric_data", "get_query_results"})
USD_A_METRIC, USD_A_BYTE = 0.01 / 1000, 0.005 / 2**30
_TASKS = frozenset({"list_tasks", "describe_tasks"})
_MOVING = ("id", "status", "updatedAt", "desiredCount", "pendingCount", "runningCount",
           "failedTasks", "rolloutState")  # fmt: skip


@dataclass
class Answers:
    """What the APIs have answered in this look; ``made`` counts the calls to ECS.

    ``cost`` adds up in USD what has been charged for since the beginning.
    """

    made: int = 0
    cost: float = 0.0
    _kept: dict[tuple[str, str, str], tuple[float, Mapping[str, Any]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, aws: AwsClient) -> AwsClient:
        """The same client; what it was answered in this look it does not ask again."""
        return replace(aws, reader=lambda service: _Reader(aws.reader(service), service, self))

    def ask(
        self, service: str, name: str, method: Callable[..., Any], arguments: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        key = (service, name, repr(sorted(arguments.items())))
        with self._lock:
            if key in self._kept:
                return self._kept[key][1]
            self.made += service == "ecs"
        answer: Mapping[str, Any] = method(**arguments)
        with self._lock:
            self._kept[key] = (time.monotonic(), answer)
        return answer

    def charged(self, method: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
        """The answer of an operation that may cost something."""
        answer = method(**arguments)
        scanned = 0.0
        if answer.get("status") == "Complete":
            scanned = (answer.get("statistics") or {}).get("bytesScanned") or 0.0
        with self._lock:
            self.cost += len(arguments.get("MetricDataQueries", ())) * USD_A_METRIC
            self.cost += scanned * USD_A_BYTE
        return answer

    def forget(self, is_stale: Callable[[str, str], bool]) -> None:
        """Forget the answers of services' operations that are stale, and those that are old."""
        oldest = time.monotonic() - KEPT_SECONDS
        with self._lock:
            self._kept = {
                key: one
                for key, one in self._kept.items()
                if one[0] > oldest and not is_stale(*key[:2])
            }

    def of_operation(self, *names: str) -> list[tuple[float, Mapping[str, Any]]]:
        """The answers of these operations, with when they came."""
        with self._lock:
            return [one for (_, name, _), one in self._kept.items() if name in names]


class _Reader:
    """botocore's client for a service."""

    def __init__(self, client: Any, service: str, answers: Answers) -> None:
        self._client, self._service, self._answers = client, service, answers

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)
        if name in _CHARGED:
            return lambda **arguments: self._answers.charged(method, arguments)
        if not name.startswith(("list_", "describe_")):
            return method
        return lambda **arguments: self._answers.ask(self._service, name, method, arguments)


@dataclass
class Watched:
    """As ``protocol.Watched``."""

    orchestrator: EcsOrchestrator
    client: Client
    answers: Answers
    interval: float
    _period: float = FEW_SECONDS  # from one look to the next
    _times: int = 1  # that it is taken, because of throttling
    _whole: int = 0  # calls of the last look that has read tasks
    _has_tasks: bool = True  # whether this look reads them
    _moved: object = None

    def __post_init__(self) -> None:
        self._period = max(self._period, self.interval)
        self._watching = self.client.aws.watchers.one_more()
        self._watching.__enter__()

    def renew(self) -> None:
        """As ``protocol.Watched.renew``."""
        self.client.aws.runtime.deadline.restart()
        self.answers.made = 0
        self.answers.forget(lambda service, name: service == "ecs" and name not in _TASKS)
        fits = self._whole / READS_A_SECOND <= self._least
        self._has_tasks = fits or not self.answers.of_operation("list_tasks")
        if not self._has_tasks:
            self.client.services(tell=self.client.aws.runtime.incomplete)
            self._has_tasks = self._state() != self._moved
        if self._has_tasks:
            self.answers.forget(lambda service, name: service == "ecs" and name in _TASKS)

    def wait(self, pause: Callable[[float], None], error: DashborionError | None) -> None:
        """As ``protocol.Watched.wait``: within the budget of calls; twice as long if throttled."""
        if isinstance(error, Throttled):
            self._times = min(2 * self._times, MOST_TIMES)
        elif error is None:
            self._times = max(1, self._times // 2)
            self._moved = self._state()
            self._whole = self.answers.made if self._has_tasks else self._whole
        seconds = self.client.aws.watchers.seconds(self.answers.made)
        self._period = max(self.interval, self._least * self._times, seconds)
        pause(self._period)

    @property
    def notes(self) -> list[str]:
        """As ``protocol.Watched.notes``."""
        notes = [f"every {self._period:g}s" + (", throttled" if self._times > 1 else "")]
        if not self._has_tasks:
            oldest = min((at for at, _ in self.answers.of_operation(*_TASKS)), default=None)
            notes += [f"tasks {time.monotonic() - oldest:.0f}s old"] if oldest else []
        if self.answers.cost >= 0.01:
            notes.append(f"about {self.answers.cost:.2f} USD so far")
        return notes

    def end(self) -> None:
        """As ``protocol.Watched.end``."""
        self._watching.__exit__(None, None, None)

    @property
    def _least(self) -> float:
        listed = self.answers.of_operation("list_services")
        count = sum(len(answer.get("serviceArns") or ()) for _, answer in listed)
        return FEW_SECONDS if count <= FEW else MANY_SECONDS

    def _state(self) -> object:
        """What changes when a service moves: its deployments, or the newest of its events."""
        return {
            service.get("serviceArn"): (
                [[one.get(key) for key in _MOVING] for one in service.get("deployments") or ()],
                next((one.get("id") for one in service.get("events") or ()), None),
            )
            for _, answer in self.answers.of_operation("describe_services")
            for service in answer.get("services") or ()
        }
