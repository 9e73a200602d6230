"""ECS is asked within its budget: the same question once a look, tasks where something moved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from dashborion.concurrency import Deadline
from dashborion.errors import DashborionError, Throttled, Unreachable
from dashborion.orchestrators.aws.pace import Watchers
from dashborion.orchestrators.ecs import watched
from dashborion.orchestrators.ecs.watched import Answers, Watched


@dataclass
class Ecs:
    """The API, which remembers what it was asked."""

    services: list[dict[str, Any]]
    asked: list[str] = field(default_factory=list)

    def list_services(self, **_: object) -> Mapping[str, Any]:
        self.asked.append("list_services")
        return {"serviceArns": [one["serviceArn"] for one in self.services]}

    def describe_services(self, **_: object) -> Mapping[str, Any]:
        self.asked.append("describe_services")
        return {"services": self.services}

    def list_tasks(self, **_: object) -> Mapping[str, Any]:
        self.asked.append("list_tasks")
        return {"taskArns": []}


@dataclass
class Poll:
    """A cluster that is looked at; ``paused`` are the seconds between looks."""

    ecs: Ecs
    calls_of_tasks: int = 1
    paused: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.answers = Answers()
        aws = SimpleNamespace(
            watchers=Watchers(),
            runtime=SimpleNamespace(deadline=Deadline(60), incomplete=lambda _: None),
        )
        client: Any = SimpleNamespace(aws=aws, services=lambda tell: self._services())  # noqa: ARG005
        nobody: Any = None
        self.watched = Watched(nobody, client, self.answers, 1.0)

    def _ask(self, name: str, **arguments: Any) -> None:
        self.answers.ask("ecs", name, getattr(self.ecs, name), arguments)

    def _services(self) -> None:
        self._ask("list_services")
        self._ask("describe_services")

    def look(self, error: DashborionError | None = None) -> list[str]:
        """What was asked in one look at everything."""
        self.ecs.asked.clear()
        self.watched.renew()
        self._services()
        self._services()
        for number in range(self.calls_of_tasks):
            self._ask("list_tasks", nextToken=str(number))
        self.watched.wait(self.paused.append, error)
        return list(self.ecs.asked)


def services(count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"serviceArn": f"s{one}", "deployments": [{"id": "d", **more}]} for one in range(count)]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    now = [1000.0]
    monkeypatch.setattr(watched, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def forward(seconds: float) -> None:
        now[0] += seconds

    return forward


@pytest.mark.parametrize(
    ("count", "calls", "seconds"), [(3, 1, 5.0), (20, 1, 5.0), (21, 1, 15.0), (3, 28, 15.0)]
)
def test_the_period_fits_the_services_and_the_calls(count: int, calls: int, seconds: float) -> None:
    poll = Poll(Ecs(services(count)), calls)
    poll.look()
    assert poll.paused == [seconds]


def test_the_same_is_asked_once_in_a_look_and_again_in_the_next() -> None:
    poll = Poll(Ecs(services(3)))
    assert poll.look() == poll.look() == ["list_services", "describe_services", "list_tasks"]


def test_an_account_with_two_watched_clusters_is_asked_half_as_often() -> None:
    poll = Poll(Ecs(services(3)), 28)
    with poll.watched.client.aws.watchers.one_more():
        poll.look()
    assert poll.paused == [30.0]


def test_many_tasks_are_read_when_services_have_moved_and_once_a_minute(
    clock: Callable[[float], None],
) -> None:
    poll = Poll(Ecs(services(3)), 40)
    assert poll.look().count("list_tasks") == 40
    clock(20)
    assert poll.look().count("list_tasks") == 0
    assert poll.watched.notes[1] == "tasks 20s old"
    poll.ecs.services = services(3, runningCount=2)
    assert poll.look().count("list_tasks") == 40
    clock(59)
    assert poll.look().count("list_tasks") == 0
    clock(2)
    assert poll.look().count("list_tasks") == 40


def test_throttling_doubles_the_period_and_says_so_until_it_is_over() -> None:
    poll = Poll(Ecs(services(3)))
    errors = [None, Throttled("slow down"), Throttled("slow down"), Unreachable("gone"), None, None]
    notes = []
    for error in errors:
        poll.look(error)
        notes.append(poll.watched.notes[0])
    assert poll.paused == [5.0, 10.0, 20.0, 20.0, 10.0, 5.0]
    assert notes[1] == "every 10s, throttled"
    assert notes[-1] == "every 5s"


@pytest.mark.parametrize(
    ("name", "arguments", "answer", "told"),
    [
        pytest.param("get_metric_data", {"MetricDataQueries": [{}] * 500}, {}, None, id="cheap"),
        pytest.param(
            "get_metric_data", {"MetricDataQueries": [{}] * 2000}, {}, "0.02", id="metrics"
        ),
        pytest.param(
            "get_query_results",
            {"queryId": "q"},
            {"status": "Complete", "statistics": {"bytesScanned": 6.0 * 2**30}},
            "0.03",
            id="logs",
        ),
        pytest.param(
            "get_query_results",
            {"queryId": "q"},
            {"status": "Running", "statistics": {"bytesScanned": 6.0 * 2**30}},
            None,
            id="logs that are still read",
        ),
    ],
)
def test_what_aws_charges_for_is_added_up(
    name: str, arguments: dict[str, Any], answer: dict[str, Any], told: str | None
) -> None:
    poll = Poll(Ecs(services(1)))
    client = SimpleNamespace(**{name: lambda **_: answer})
    reader = watched._Reader(client, "any", poll.answers)
    assert getattr(reader, name)(**arguments) == answer
    poll.watched.renew()  # which forgets answers, and no cost
    assert (f"about {told} USD so far" in poll.watched.notes) is (told is not None)
