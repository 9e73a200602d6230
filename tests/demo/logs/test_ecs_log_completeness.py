"""The promise on ECS: late events, equal moments, throttling, late streams, tasks that stop."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from moto.ecs.models import Task

from dashborion.orchestrators.ecs import follow
from tests.support.aws import skip_naps
from tests.support.cli import Cli, Screen
from tests.support.fleet_on_ecs import Fleet
from tests.support.waiting import wait_for

SEED = 11
ROUNDS, TASKS = 60, 9
LATE_SECONDS = 40


@pytest.fixture(autouse=True)
def awake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody sleeps between botocore's attempts; a task is drained a little longer."""
    skip_naps(monkeypatch)
    monkeypatch.setattr(follow, "DRAINED_POLLS", 60)


@dataclass
class Writer:
    """Nine tasks' containers, as CloudWatch Logs gets to know of their lines."""

    fleet: Fleet
    random: random.Random = field(default_factory=lambda: random.Random(SEED))  # noqa: S311
    written: Counter[str] = field(default_factory=Counter)
    is_done: threading.Event = field(default_factory=threading.Event)
    tasks: list[Task] = field(default_factory=list)

    def __post_init__(self) -> None:
        definition = self.fleet.define("chatty")
        with self.fleet.aws.lock:
            self.fleet.cluster.service("chatty", definition, desired=TASKS)
            self.tasks = [self.fleet.add("chatty", definition) for _ in range(TASKS)]

    def write(self, task: Task, count: int) -> None:
        """A batch of events, some with the same moment, some from a while ago."""
        now = datetime.now(UTC)
        moments = [now - timedelta(seconds=self.random.choice((0, 0, self.random.random(),
                   self.random.random() * LATE_SECONDS))) for _ in range(count)]  # fmt: skip
        events = [(at, f"said {task.id[:6]} {self.written.total() + n}")
                  for n, at in enumerate(moments)]  # fmt: skip
        self.written.update(text for _, text in events)
        name = f"chatty/app/{task.id}"
        self.fleet.region.log_stream(f"/ecs/{self.fleet.cluster.name}/chatty", name, events)

    def talk(self) -> None:
        """The last task's stream comes to be late, one task stops, another starts."""
        # A task that has stopped before the command lists the tasks is not followed.
        spy = self.fleet.aws.spy
        wait_for("the first read", lambda: spy.counts["logs:GetLogEvents"] > 0)
        early, late = self.tasks[:-1], self.tasks[-1]
        for turn in range(ROUNDS):
            for task in early if turn < ROUNDS / 2 else [*early, late]:
                self.write(task, self.random.randrange(4))
            if turn % 7 == 0:
                for operation in ("GetLogEvents", "FilterLogEvents"):
                    times = self.random.randrange(10)  # more than are tried
                    self.fleet.aws.faults.throttle(f"logs:{operation}", times)
            if turn == ROUNDS // 3:
                self._stop(early[0])
            if turn == ROUNDS // 2:
                with self.fleet.aws.lock:
                    early.append(self.fleet.add("chatty", self.fleet.define("chatty")))
            time.sleep(0.02)
        last = f"said {late.id[:6]} last of all"
        self.written[last] += 1
        self.is_done.set()
        group = f"/ecs/{self.fleet.cluster.name}/chatty"
        self.fleet.region.log_stream(group, f"chatty/app/{late.id}", [(datetime.now(UTC), last)])

    def _stop(self, task: Task) -> None:
        told: dict[str, Any] = {
            "_status": "STOPPED", "desired_status": "STOPPED", "stopped_at": datetime.now(UTC),
        }  # fmt: skip
        with self.fleet.aws.lock:
            vars(task).update(told)

    def is_heard(self, screen: Screen) -> bool:
        return self.is_done.is_set() and screen.lines >= self.written.total()


@pytest.fixture
def writer(fleet: Fleet) -> Iterator[Writer]:
    yield Writer(fleet)
    fleet.aws.faults.clear()


@pytest.mark.parametrize(
    "few", [pytest.param(20, id="one by one"), pytest.param(2, id="all but two together")]
)
def test_every_line_comes_exactly_once(
    few: int, writer: Writer, dashborion: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "FEW", few)
    for task in writer.tasks[:-1]:
        writer.write(task, 5)
    seen = dashborion(
        "workloads logs chatty -f --no-prefix --tail -1",
        meanwhile=writer.talk,
        enough=writer.is_heard,
    )
    heard = Counter(seen.out.splitlines())
    assert heard - writer.written == Counter(), "lines that were not written, or not so often"
    assert writer.written - heard == Counter(), "lines that did not come"
    assert seen.exit_code == 130
    together = writer.fleet.aws.spy.counts["logs:FilterLogEvents"]
    assert bool(together) == (few == 2)
