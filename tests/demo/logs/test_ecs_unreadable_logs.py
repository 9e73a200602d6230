"""One log of several that cannot be read is named with what to do; the others are printed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from dashborion.demo.ecs.aws_protocol import AwsRequest, refusal
from dashborion.demo.http_server import Answer
from dashborion.orchestrators.ecs import follow
from tests.support.aws import point_at, skip_naps
from tests.support.aws_objects import (
    CLUSTER,
    REGION,
    AwsObjects,
    Json,
    definition,
    service,
    task,
)
from tests.support.cli import Cli, lines
from tests.support.waiting import PATIENCE_SECONDS, wait_for

NOW = 1_795_000_100_000


def awslogs(group: str | None, region: str = REGION) -> Json:
    options = {"awslogs-region": region, "awslogs-stream-prefix": "p"}
    return {
        "logDriver": "awslogs",
        "options": options | ({"awslogs-group": group} if group else {}),
    }


def driver(name: str, **options: str) -> Json:
    return {"logDriver": name, "options": options}


@dataclass(frozen=True)
class Odd:
    """A log configuration, and the error that its log group answers with."""

    configuration: Json | None
    error: tuple[str, str, int] | None = None


IA = "The log group /odd is of log-group-class INFREQUENT_ACCESS. GetLogEvents is not supported."
DENIED = "User: arn:aws:iam::123456789012:user/docs is not authorized to perform: logs:GetLogEvents"
HERE = awslogs("/odd")
ODD = [
    pytest.param(Odd(HERE, ("InvalidOperationException", IA, 400)),
                 ["INFREQUENT_ACCESS", "Logs Insights"], 1, id="infrequent access"),
    pytest.param(Odd(HERE, ("AccessDeniedException", DENIED, 400)),
                 ["/odd", "allow logs:GetLogEvents"], 4, id="denied"),
    pytest.param(Odd(HERE, ("InternalFailure", "on fire", 500)), ["on fire"], 6, id="500"),
    pytest.param(Odd(awslogs("/gone")), ["no log group '/gone'"], 1, id="group deleted"),
    pytest.param(Odd(awslogs("/odd", "${AWS_REGION}")),
                 ["'${AWS_REGION}', which is no region", "task definition"], 1, id="no region"),
    pytest.param(Odd(awslogs(None)), ["awslogs-group"], 1, id="no group"),
    pytest.param(Odd(driver("splunk", **{"splunk-url": "https://splunk.example"})),
                 ["splunk", "https://splunk.example"], 1, id="splunk"),
    pytest.param(Odd(driver("gelf", **{"gelf-address": "udp://[::1]:12201"})),
                 ["udp://[::1]:12201"], 1, id="gelf"),
    pytest.param(Odd(driver("awsfirelens", Name="datadog")), ["datadog"], 1, id="firelens"),
    pytest.param(Odd(driver("none")), ["none"], 1, id="none"),
    pytest.param(Odd(None), ["no log driver"], 1, id="no driver"),
]  # fmt: skip


class Aws(AwsObjects):
    """Two services: ``good``, and ``both`` whose second container's log is odd."""

    def __init__(self, odd: Odd, *, alone: bool = False) -> None:
        app = {"name": "app", "logConfiguration": awslogs("/good")}
        side: Json = {"name": "side"}
        if odd.configuration is not None:
            side["logConfiguration"] = odd.configuration
        event = {"timestamp": NOW, "message": "fine", "ingestionTime": NOW}
        streams = {f"p/app/{number:032x}": [event] for number in (1, 2)}
        super().__init__(
            services=[service("good"), service("both")],
            tasks=[task(1, "good"), task(2, "both")],
            definitions=[
                definition("good", app),
                definition("both", *([] if alone else [app]), side),
            ],
            logs={"/good": streams, "/odd": {}},
        )
        if odd.error is not None:
            self.faults.add("logs:*", self._fail(*odd.error))

    @staticmethod
    def _fail(code: str, message: str, status: int) -> Any:
        def fault(request: AwsRequest, do: Any) -> Answer:
            is_odd = request.params["logGroupName"] == "/odd"
            answer: Answer = refusal(request, code, message, status) if is_odd else do()
            return answer

        return fault


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(follow, "POLL_SECONDS", 0.02)
    skip_naps(monkeypatch)
    started: list[Aws] = []

    def start(odd: Odd, **more: bool) -> Aws:
        aws = Aws(odd, **more)
        aws.__enter__()
        started.append(aws)
        point_at(monkeypatch, aws, cluster=CLUSTER)
        return aws

    yield start
    for aws in started:
        aws.__exit__(None, None, None)


@pytest.mark.parametrize(("odd", "words", "code"), ODD)
def test_one_container_of_several_costs_its_own_lines(
    odd: Odd, words: list[str], code: int, serve: Any, dashborion: Cli
) -> None:
    serve(odd)
    seen = dashborion("workloads logs both --no-prefix")
    assert (seen.exit_code, seen.out) == (5, "fine\n")
    for word in ("side", *words):
        assert word in seen.err


@pytest.mark.parametrize(("odd", "words", "code"), ODD)
def test_one_workload_of_several_costs_its_own_lines(
    odd: Odd, words: list[str], code: int, serve: Any, dashborion: Cli
) -> None:
    serve(odd, alone=True)
    seen = dashborion("workloads logs both good --no-prefix")
    assert (seen.exit_code, seen.out) == (5, "fine\n")
    for word in words:
        assert word in seen.err


@pytest.mark.parametrize(("odd", "words", "code"), ODD)
def test_alone_it_is_the_commands_failure(
    odd: Odd, words: list[str], code: int, serve: Any, dashborion: Cli
) -> None:
    serve(odd, alone=True)
    seen = dashborion("workloads logs both")
    assert (seen.exit_code, seen.out) == (code, "")
    for word in words:
        assert word in seen.err


@pytest.mark.parametrize(("odd", "words", "code"), [one for one in ODD if one.id != "500"])
def test_one_container_of_several_does_not_end_who_follows(
    odd: Odd, words: list[str], code: int, serve: Any, dashborion: Cli
) -> None:
    aws = serve(odd)

    def talk() -> None:
        wait_for(words[0], lambda: words[0] in dashborion.said_so_far())
        event = {"timestamp": NOW + 1, "message": "goes on", "ingestionTime": NOW + 1}
        aws.objects["logs"]["/good"][f"p/app/{2:032x}"].append(event)

    seen = dashborion("workloads logs both -f --no-prefix", meanwhile=talk, enough=lines(2))
    assert seen.lines == ["fine", "goes on"]


@pytest.mark.parametrize("more", ["", " -f"], ids=["snapshot", "following"])
def test_a_task_definition_that_may_not_be_read_is_why_its_log_cannot(
    serve: Any, dashborion: Cli, more: str
) -> None:
    serve(Odd(HERE)).faults.deny("ecs:DescribeTaskDefinition")
    seen = dashborion(f"workloads logs both{more}")
    assert (seen.exit_code, seen.out) == (4, "")
    assert "ecs:DescribeTaskDefinition" in seen.err.splitlines()[-1]


def test_a_stream_that_is_not_there_yet_is_no_failure(serve: Any, dashborion: Cli) -> None:
    serve(Odd(awslogs("/odd")))
    seen = dashborion("workloads logs both --no-prefix")
    assert (seen.exit_code, seen.out) == (0, "fine\n")
    assert "no log stream 'p/side/" in seen.err


def test_an_unknown_container_beside_a_known_one_is_not_found(serve: Any, dashborion: Cli) -> None:
    serve(Odd(awslogs("/odd")))
    seen = dashborion("workloads logs both -c app -c nope")
    assert (seen.exit_code, seen.out) == (3, "")
    assert "no container 'nope'" in seen.err
    assert "app, side" in seen.err


def test_a_group_that_does_not_answer_costs_its_own_lines(serve: Any, dashborion: Cli) -> None:
    aws = serve(Odd(HERE))
    silent = threading.Event()

    def hang(request: AwsRequest, do: Any) -> Answer:
        if request.params["logGroupName"] == "/odd":
            silent.wait(PATIENCE_SECONDS)
        answer: Answer = do()
        return answer

    aws.faults.add("logs:*", hang)
    seen = dashborion("workloads logs both --no-prefix", seconds=2.0)
    silent.set()
    assert (seen.exit_code, seen.out) == (5, "fine\n")
    assert "both-000000/side: no complete answer within 2 seconds" in seen.err
