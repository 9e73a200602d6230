"""Lines that CloudWatch takes in late, behind what was read already: each is printed once.

Here a token is a place in time, as with AWS: what comes behind it is not seen with the token.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from typing import Any

import pytest

from dashborion.orchestrators.ecs import follow, seen
from dashborion.orchestrators.ecs.seen import Seen, overlap_ms
from dashborion.orchestrators.ecs.wire import LogEvent
from tests.support.aws import point_at, skip_naps
from tests.support.aws_objects import CLUSTER, AwsObjects, definition, service, task
from tests.support.cli import Cli, Screen, lines
from tests.support.waiting import wait_for

GROUP, STREAM = "/docs/web", "p/app/{:032x}"
OPTIONS = {"awslogs-group": GROUP, "awslogs-region": "eu-west-3", "awslogs-stream-prefix": "p"}
APP = {
    "name": "app",
    "image": "example.test/app:1",
    "logConfiguration": {"logDriver": "awslogs", "options": OPTIONS},
}
ONE_BY_ONE = pytest.param(20, id="one by one")
TOGETHER = pytest.param(1, id="all but one together")


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A service of three tasks, polled without much waiting."""
    monkeypatch.setattr(follow, "POLL_SECONDS", 0.02)
    skip_naps(monkeypatch)
    tasks = [task(number, "web") for number in (1, 2, 3)]
    streams: dict[str, list[Any]] = {STREAM.format(number): [] for number in (1, 2, 3)}
    with AwsObjects(
        services=[service("web", count=3)],
        tasks=tasks,
        definitions=[definition("web", APP)],
        logs={GROUP: streams},
    ) as aws:
        point_at(monkeypatch, aws, cluster=CLUSTER)
        yield aws


def write(aws: AwsObjects, number: int, text: str, *, late: float = 0.0, clock: float = 0) -> None:
    """An event that is taken in now, ``late`` seconds after it was written."""
    now = time.time() + clock
    event = {"timestamp": int((now - late) * 1000), "message": text}
    event["ingestionTime"] = int(time.time() * 1000)
    aws.objects["logs"][GROUP][STREAM.format(number)].append(event)


@pytest.mark.parametrize("few", [ONE_BY_ONE, TOGETHER])
@pytest.mark.parametrize("clock", [0, 1800], ids=["right", "half an hour ahead"])
def test_every_late_line_comes_exactly_once(
    few: int, clock: int, aws: AwsObjects, dashborion: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "FEW", few)
    rng = random.Random(5)  # noqa: S311
    written: Counter[str] = Counter()
    is_done: list[bool] = []
    for number in (1, 2, 3):
        write(aws, number, f"before {number}", late=30)
        written[f"before {number}"] += 1

    def talk() -> None:
        wait_for("the first read", lambda: aws.spy.counts["logs:GetLogEvents"] > 3)
        for turn in range(60):
            number = rng.choice((1, 2, 3))
            text = rng.choice((f"said {turn}", "said the same"))
            late = rng.choice((0, 0, 0.1, 9.0, 50.0))
            for _ in range(rng.choice((1, 1, 2))):
                write(aws, number, text, late=late, clock=clock if number == 1 else 0)
                written[text] += 1
            time.sleep(0.01)
        is_done.append(True)
        write(aws, 1, "said last")
        written["said last"] += 1

    def is_heard(screen: Screen) -> bool:
        return bool(is_done) and screen.lines >= written.total()

    read = dashborion(
        "workloads logs web -f --no-prefix --tail -1", meanwhile=talk, enough=is_heard
    )
    heard = Counter(read.lines)
    assert heard - written == Counter(), "lines that were not written, or not so often"
    assert written - heard == Counter(), "lines that did not come"
    assert bool(aws.spy.counts["logs:FilterLogEvents"]) == (few == 1)


@pytest.mark.parametrize("few", [ONE_BY_ONE, TOGETHER])
def test_what_a_tail_leaves_out_is_not_taken_for_late(
    few: int, aws: AwsObjects, dashborion: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "FEW", few)
    monkeypatch.setattr(follow, "MOST_AT_FIRST", 50)
    for number in (1, 2, 3):
        for count in range(200):
            write(aws, number, f"old {count}", late=20 - count / 10)

    def talk() -> None:
        wait_for("some reads", lambda: aws.spy.counts["logs:GetLogEvents"] > 60)
        write(aws, 2, "new and late", late=0.5)

    read = dashborion("workloads logs web -f --no-prefix --tail 2", meanwhile=talk, enough=lines(7))
    assert sorted(read.lines) == sorted(["old 198", "old 199"] * 3 + ["new and late"])


def test_a_line_that_comes_after_its_tasks_end_is_still_read(
    aws: AwsObjects, dashborion: Cli
) -> None:
    def end() -> None:
        wait_for("the first read", lambda: aws.spy.counts["logs:GetLogEvents"] > 0)
        write(aws, 1, "on time")
        aws.objects["tasks"][0] |= {"lastStatus": "STOPPED", "desiredStatus": "STOPPED"}
        polls = aws.spy.counts["logs:GetLogEvents"]
        enough = polls + 2 * follow.DRAINED_POLLS
        wait_for("more", lambda: aws.spy.counts["logs:GetLogEvents"] > enough)
        write(aws, 1, "late", late=40)

    read = dashborion(f"instances logs {1:032x} -f", meanwhile=end)
    assert (read.exit_code, read.lines) == (0, ["on time", "late"])


def test_what_is_remembered_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen, "OVERLAPS_MS", ((100, 120_000), (1000, 15_000)))
    remembered = Seen()
    most = 0
    for second in range(300):
        batch = [LogEvent(second * 1000 + n, f"{n}", second * 1000 + n) for n in range(200)]
        assert remembered.onward(batch) == batch
        assert remembered.again(batch, Counter()) == []
        most = max(most, len(remembered))
    assert most < 3000
    assert [overlap_ms(count) for count in (0, 101, 1001)] == [120_000, 15_000, 2_000]
