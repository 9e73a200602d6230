"""Followed events come once each, whatever becomes of the connection; or it is said why not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.cli import Cli, lines
from tests.support.misbehaviour import Exchange, Fault, body, drop, hang, status
from tests.support.rich_objects import rich
from tests.support.stub_api import Api

FORBIDDEN = status(403, "jane may not watch events", reason="Forbidden")


def event(number: int, of: str = "uid-web", **more: Any) -> dict[str, Any]:
    """An event about the Deployment ``web``, or about another object."""
    return {
        "metadata": {"name": f"e{number}", "namespace": "default", "uid": f"e{number}",
                     "resourceVersion": str(100 + number)},
        "involvedObject": {"kind": "Deployment", "name": "web", "namespace": "default", "uid": of},
        "type": "Normal", "reason": "Scaled", "message": f"said {number}", "count": 1,
        "lastTimestamp": f"2026-03-01T12:00:{number:02d}Z",
    } | more  # fmt: skip


def listed(*events: dict[str, Any]) -> Fault:
    metadata = {"resourceVersion": "100"}
    return body({"kind": "List", "metadata": metadata, "items": list(events)})


def watched(*changes: tuple[str, dict[str, Any]], then: bytes = b"") -> Fault:
    """A watch that says this, and whose connection then breaks."""
    said = [json.dumps({"type": type_, "object": item}).encode() + b"\n" for type_, item in changes]
    return lambda exchange: exchange.begin({}, b"".join(said) + then)


def played(cluster: Api, *faults: Fault) -> None:
    """What the server does with one question about events after the other; then it hangs."""
    left = list(faults)

    def play(exchange: Exchange) -> None:
        (left.pop(0) if left else hang)(exchange)

    cluster.on("*/events", play)


EXPIRED = ("ERROR", {"kind": "Status", "code": 410, "message": "too old", "metadata": {}})
BOOKMARK = ("BOOKMARK", {"kind": "Event", "metadata": {"name": "", "resourceVersion": "200"}})
ADDED = [("ADDED", event(number)) for number in range(6)]
PLAYS = {
    "a watch that goes on": [listed(event(1)), watched(ADDED[2], ADDED[3])],
    "a broken connection": [listed(event(1)), watched(ADDED[2]), watched(ADDED[2], ADDED[3])],
    "a line that is cut": [
        listed(event(1)),
        watched(ADDED[2], then=b'{"type": "ADDED", "obj'),
        watched(ADDED[3]),
    ],
    "a line that is no JSON": [listed(event(1)), watched(ADDED[2], then=b"!\n"), watched(ADDED[3])],
    "a version that is too old": [
        listed(event(1)),
        watched(ADDED[2], EXPIRED),
        listed(event(1), event(2), event(3)),
    ],
    "410 at once": [listed(event(1)), status(410), listed(event(1), event(2)), watched(ADDED[3])],
    "a bookmark and a deletion": [
        listed(event(1)),
        watched(ADDED[2], ("DELETED", event(1)), BOOKMARK),
        watched(ADDED[3]),
    ],
    "nobody who answers": [listed(event(1)), *[drop] * 5, watched(ADDED[2], ADDED[3])],
    "a namesake's event": [
        listed(event(1), event(9, "uid-of-another")),
        watched(("ADDED", event(8, "uid-of-a-third")), ADDED[2], ADDED[3]),
    ],
}


@pytest.fixture(autouse=True)
def whole(cluster: Api) -> None:
    cluster.objects = rich()


def follow(dashborion: Cli, count: int = 3) -> Any:
    return dashborion("workloads events deployment/web -f -o json", enough=lines(count))


@pytest.mark.parametrize("faults", PLAYS.values(), ids=PLAYS)
def test_every_event_comes_once_and_in_order(
    dashborion: Cli, cluster: Api, faults: list[Fault]
) -> None:
    played(cluster, *faults)
    seen = follow(dashborion)
    assert [json.loads(line)["message"] for line in seen.lines] == ["said 1", "said 2", "said 3"]


def test_a_watch_goes_on_from_the_newest_version(dashborion: Cli, cluster: Api) -> None:
    played(cluster, listed(event(1)), watched(ADDED[2], BOOKMARK), watched(ADDED[3]))
    follow(dashborion)
    versions = [one.query.get("resourceVersion") for one in cluster.to("events")]
    assert versions[:3] == [None, "100", "200"]


def test_an_event_that_happens_again_is_printed_with_its_new_count(
    dashborion: Cli, cluster: Api
) -> None:
    again = event(1, count=7)
    again["metadata"]["resourceVersion"] = "300"
    played(cluster, listed(event(1)), watched(("MODIFIED", again)))
    seen = follow(dashborion, 2)
    assert [json.loads(line)["count"] for line in seen.lines] == [1, 7]


def test_the_events_of_a_new_pod_are_the_workloads(dashborion: Cli, cluster: Api) -> None:
    about = {"kind": "Pod", "name": "web-5d9-x", "namespace": "default", "uid": "uid-web-5d9-x"}
    pods = cluster.objects["pods"]
    cluster.objects["pods"] = []

    def start(exchange: Exchange) -> None:
        cluster.objects["pods"] = pods
        watched(("ADDED", event(2, involvedObject=about)))(exchange)

    played(cluster, listed(event(1)), start)
    seen = follow(dashborion, 2)
    assert [json.loads(line)["object"] for line in seen.lines] == [
        "deployment/web", "pod/web-5d9-x",
    ]  # fmt: skip


def test_without_the_right_to_watch_they_are_asked_for_and_that_is_said(
    dashborion: Cli, cluster: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashborion.orchestrators.kubernetes.list_watch.POLL_SECONDS", 0.01)
    lists = [listed(*[event(one) for one in range(1, number)]) for number in (3, 3, 4)]
    played(cluster, listed(event(1)), FORBIDDEN, *lists)
    seen = follow(dashborion)
    assert [json.loads(line)["message"] for line in seen.lines] == ["said 1", "said 2", "said 3"]
    assert seen.err.count("jane may not watch events") == 1
