"""A watched list is told whole, whatever becomes of the watch: nothing lost, nothing doubled."""

from __future__ import annotations

import json
import threading
from collections import Counter
from typing import Any

import pytest

from tests.support.cli import Cli, Screen
from tests.support.misbehaviour import Exchange, Fault, body, drop, hang, status
from tests.support.rich_objects import rich
from tests.support.stub_api import Api
from tests.support.waiting import PATIENCE_SECONDS

FORBIDDEN = status(403, "jane may not watch pods", reason="Forbidden")
Change = tuple[str, dict[str, Any]]


def pod(name: str, version: int, *, restarts: int = 0) -> dict[str, Any]:
    state = {"name": "app", "ready": True, "restartCount": restarts, "state": {"running": {}}}
    return {
        "metadata": {"name": name, "namespace": "default", "uid": name,
                     "resourceVersion": str(version)},
        "spec": {"containers": [{"name": "app", "image": "app:1"}]},
        "status": {"phase": "Running", "containerStatuses": [state],
                   "conditions": [{"type": "Ready", "status": "True"}]},
    }  # fmt: skip


def listed(*pods: dict[str, Any]) -> Fault:
    return body({"kind": "PodList", "metadata": {"resourceVersion": "100"}, "items": list(pods)})


def watched(*changes: Change, then: bytes = b"") -> Fault:
    """A watch that says this, and whose connection then breaks."""
    said = [json.dumps({"type": type_, "object": item}).encode() + b"\n" for type_, item in changes]
    return lambda exchange: exchange.begin({}, b"".join(said) + then)


SHOWN = threading.Event()  # whether the first list is


def played(cluster: Api, *faults: Fault) -> None:
    """What the server does with one question about pods after the other; then it hangs.

    The second one it answers when the first list is shown.
    """
    left = list(faults)

    def play(exchange: Exchange) -> None:
        if len(left) < len(faults):
            SHOWN.wait(PATIENCE_SECONDS)
        (left.pop(0) if left else hang)(exchange)

    cluster.on("*/pods", play)


FIRST = listed(pod("a", 1), pod("b", 2))
A_GONE = ("DELETED", pod("a", 101))
B_AGAIN = ("MODIFIED", pod("b", 102, restarts=1))
C_NEW = ("ADDED", pod("c", 103))
EXPIRED = ("ERROR", {"kind": "Status", "code": 410, "message": "too old", "metadata": {}})
BOOKMARK = ("BOOKMARK", {"kind": "Pod", "metadata": {"name": "", "resourceVersion": "200"}})
ODD = ("ADDED", {"metadata": {"name": "d", "uid": "d", "resourceVersion": "104"}, "spec": 7})
AFTER = listed(pod("b", 102, restarts=1), pod("c", 103))
PLAYS = {
    "a watch that goes on": [FIRST, watched(A_GONE, B_AGAIN, C_NEW)],
    "a broken connection": [FIRST, watched(A_GONE), watched(B_AGAIN), watched(B_AGAIN, C_NEW)],
    "a line that is cut": [
        FIRST,
        watched(A_GONE, then=b'{"type": "ADDED", "obj'),
        watched(B_AGAIN, C_NEW),
    ],
    "a version that is too old": [FIRST, watched(A_GONE, EXPIRED), AFTER],
    "410 at once": [FIRST, status(410), AFTER],
    "a bookmark": [FIRST, watched(A_GONE, BOOKMARK), watched(B_AGAIN, C_NEW)],
    "nobody who answers": [FIRST, *[drop] * 5, watched(A_GONE, B_AGAIN, C_NEW)],
    "a server that has enough": [
        FIRST,
        status(429, headers={"Retry-After": "1"}),
        watched(A_GONE, B_AGAIN, C_NEW),
    ],
    "an object that cannot be read": [FIRST, watched(A_GONE, ODD), watched(B_AGAIN, C_NEW)],
    "credentials that are refused for a while": [
        FIRST,
        *[status(401)] * 3,
        watched(A_GONE, B_AGAIN, C_NEW),
    ],
    "no right to watch": [FIRST, FORBIDDEN, AFTER, AFTER],
    "nothing to watch": [FIRST, status(405), AFTER, AFTER],
}


@pytest.fixture(autouse=True)
def quick(cluster: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster.objects = rich()
    SHOWN.clear()
    for name in ("list_watch.AGAIN_SECONDS", "list_watch.POLL_SECONDS", "watched.POLL_SECONDS"):
        monkeypatch.setattr(f"dashborion.orchestrators.kubernetes.{name}", 0.05)


def watch(dashborion: Cli, until: str = '"name":"c"', more: str = "") -> Any:
    command = f"instances list --watch -o json --interval 0 {more}"

    def enough(screen: Screen) -> bool:
        if '"synced"' in screen.getvalue():
            SHOWN.set()
        return until in screen.getvalue()

    return dashborion(command, enough=enough)


def told(seen: Any) -> list[tuple[str, str]]:
    found = map(json.loads, seen.lines)
    return [(one["change"], one.get("name") or one["environment"]) for one in found]


@pytest.mark.parametrize("faults", PLAYS.values(), ids=PLAYS)
def test_every_change_is_told_once(dashborion: Cli, cluster: Api, faults: list[Fault]) -> None:
    played(cluster, *faults)
    changes = told(watch(dashborion))
    assert changes[:2] == [("added", "a"), ("added", "b")]
    rows = Counter(one for one in changes if one[0] not in ("synced", "failed"))
    assert rows == Counter(
        {("added", "a"): 1, ("added", "b"): 1, ("deleted", "a"): 1, ("modified", "b"): 1,
         ("added", "c"): 1}
    )  # fmt: skip
    assert changes[2][0] == "synced"


def test_beyond_some_watches_lists_are_asked_for(
    dashborion: Cli, cluster: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashborion.orchestrators.kubernetes.watched.MOST_WATCHES", 0)
    played(cluster, FIRST, FIRST, AFTER)
    changes = told(watch(dashborion))
    assert changes[3:] == [("deleted", "a"), ("modified", "b"), ("added", "c")]
    assert not [one for one in cluster.requests if "watch" in one.query]


def test_an_environment_that_is_lost_deletes_nothing(dashborion: Cli, cluster: Api) -> None:
    played(cluster, FIRST, *[drop] * 10_000)
    seen = watch(dashborion, until="failed")
    *_, last = map(json.loads, seen.lines)
    assert (last["change"], last["error"]["code"]) == ("failed", "unreachable")
    assert "deleted" not in {change for change, _ in told(seen)}


def test_a_watch_asks_for_what_the_list_has_asked_for(dashborion: Cli, cluster: Api) -> None:
    played(cluster, FIRST, watched(A_GONE, BOOKMARK), watched(C_NEW))
    watch(dashborion, more="-l tier=front")
    first, *watches = [one.query for one in cluster.to("pods")]
    assert [one["resourceVersion"] for one in watches[:2]] == ["100", "200"]
    for name in ("labelSelector", "fieldSelector"):
        assert {one[name] for one in watches[:2]} == {first[name]}


def test_the_metadata_of_parents_are_watched_as_such(dashborion: Cli, cluster: Api) -> None:
    played(cluster, FIRST, watched(A_GONE), watched(C_NEW))
    watch(dashborion)
    watches = [one for one in cluster.to("replicasets") if "watch" in one.query]
    accepted = {one.headers["accept"] for one in watches}
    assert accepted == {"application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"}


def test_what_is_refused_at_first_is_an_error(dashborion: Cli, cluster: Api) -> None:
    cluster.on("*", status(403, "jane may not list pods", reason="Forbidden"))
    seen = dashborion("instances list --watch -o json")
    assert (seen.exit_code, seen.out, seen.error["code"]) == (4, "", "forbidden")
