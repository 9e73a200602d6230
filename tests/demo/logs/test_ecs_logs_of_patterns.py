"""Many services in one stream: by pattern and tag, with those that are made meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from tests.support.cli import Cli, lines
from tests.support.fleet_on_ecs import Fleet
from tests.support.waiting import wait_for

MINE = {"team": "chat"}


def service(fleet: Fleet, name: str, *, desired: int = 1, tasks: int = 1, **more: Any) -> list[str]:
    """A service whose tasks have written a line each; their ids."""
    with fleet.aws.lock:
        definition = fleet.define(name)
        fleet.cluster.service(name, definition, desired=desired, **more)
        ids = [str(fleet.add(name, definition).id) for _ in range(tasks)]
    for id_ in ids:
        write(fleet, name, id_, f"{name} speaks")
    return ids


def write(fleet: Fleet, name: str, id_: str, text: str) -> None:
    group = f"/ecs/{fleet.cluster.name}/{name}"
    fleet.region.log_stream(group, f"{name}/app/{id_}", [(datetime.now(UTC), text)])


def stop(fleet: Fleet, name: str, id_: str, *, ago: int = 0) -> None:
    # moto's Task has no such attribute until the demo gives it one
    (task,) = [cast("Any", one) for one in fleet.tasks[name] if one.id == id_]
    with fleet.aws.lock:
        task.last_status = task.desired_status = "STOPPED"
        task.stopped_at = datetime.now(UTC) - timedelta(seconds=ago)


@pytest.mark.parametrize(
    ("asked", "heard"),
    [
        pytest.param("'chat-*'", {"chat-a", "chat-b"}, id="pattern"),
        pytest.param("'*-a' 'chat-?'", {"chat-a", "chat-b"}, id="patterns"),
        pytest.param("chat-a 'chat-[b]'", {"chat-a", "chat-b"}, id="name and pattern"),
        pytest.param("-l team=chat", {"chat-a"}, id="tag"),
        pytest.param("'chat-*' -l team!=chat", {"chat-b"}, id="pattern and tag"),
        pytest.param("'talk/chat-*'", {"chat-b"}, id="namespace"),
        pytest.param("chat-a -A", {"chat-a"}, id="all namespaces"),
        pytest.param("'service/chat-a*'", {"chat-a"}, id="kind"),
    ],
)
def test_services_are_chosen(asked: str, heard: set[str], fleet: Fleet, dashborion: Cli) -> None:
    service(fleet, "chat-a", tags=MINE)
    service(fleet, "chat-b", tags={"namespace": "talk"})
    seen = dashborion(f"workloads logs {asked} -o json")
    assert seen.exit_code == 0
    assert {line.partition(" speaks")[0] for line in map(said, seen.lines)} == heard


def said(line: str) -> str:
    return line.partition('"message":"')[2].removesuffix('"}')


@pytest.mark.parametrize(
    ("asked", "code", "words"),
    [
        pytest.param("", 2, ["no workload was named", "'web*'", "-A"], id="nothing"),
        pytest.param("'nope-*'", 3, ["no workload fits 'nope-*'", "-f waits"], id="no match"),
        pytest.param("-l team=nope", 3, ["no workload fits -l team=nope"], id="no tag"),
        pytest.param("webb 'nope-*'", 3, ["no workload 'webb'", "web"], id="name of none"),
        pytest.param("'web*' -n nope", 3, ["no namespace 'nope'"], id="namespace"),
        pytest.param("'deployment/*'", 3, ["no workload fits"], id="another kind"),
        pytest.param("'web' -A --max-streams 1", 2, ["--max-streams 4"], id="too many"),
    ],
)
def test_what_cannot_be_read_is_told(
    asked: str, code: int, words: list[str], fleet: Fleet, dashborion: Cli
) -> None:
    seen = dashborion(f"workloads logs {asked}")
    assert (seen.exit_code, seen.out) == (code, "")
    for word in words:
        assert word in seen.err


@pytest.mark.parametrize("asked", ["'chat-*'", "-l team=chat"])
def test_a_service_that_is_made_joins_and_one_that_is_gone_leaves(
    asked: str, fleet: Fleet, dashborion: Cli
) -> None:
    (old,) = service(fleet, "chat-a", tags=MINE)

    def go_on() -> None:
        wait_for("the first", lambda: "chat-a speaks" in dashborion.said_so_far(out=True))
        service(fleet, "other")
        (new,) = service(fleet, "chat-b", tags=MINE)
        wait_for("the second", lambda: "chat-b speaks" in dashborion.said_so_far(out=True))
        stop(fleet, "chat-a", old)
        write(fleet, "chat-a", old, "chat-a says good-bye")
        wait_for("its end", lambda: "workload chat-a left" in dashborion.said_so_far())
        write(fleet, "chat-b", new, "chat-b goes on")

    seen = dashborion(f"workloads logs {asked} -f --no-prefix", meanwhile=go_on, enough=lines(4))
    assert sorted(seen.lines) == [
        "chat-a says good-bye", "chat-a speaks", "chat-b goes on", "chat-b speaks",
    ]  # fmt: skip
    assert "following chat-a; new workloads that match join" in seen.err
    assert "workload chat-b joined" in seen.err
    assert "other" not in seen.err


def test_a_pattern_that_fits_nothing_yet_is_waited_for(fleet: Fleet, dashborion: Cli) -> None:
    def begin() -> None:
        wait_for("it", lambda: "waiting for some" in dashborion.said_so_far())
        service(fleet, "chat-a")

    seen = dashborion("workloads logs 'chat-*' -f --no-prefix", meanwhile=begin, enough=lines(1))
    assert seen.lines == ["chat-a speaks"]
    assert "no workload fits 'chat-*'; waiting for some" in seen.err


@pytest.mark.parametrize("options", ["", "-f"])
@pytest.mark.parametrize("asked", ["chat-a", "'chat-*'"])
def test_a_service_whose_tasks_have_all_stopped_reads_the_last_of_them(
    asked: str, options: str, fleet: Fleet, dashborion: Cli
) -> None:
    first, last = service(fleet, "chat-a", desired=0, tasks=2)
    for id_, ago in ((first, 60), (last, 5)):
        stop(fleet, "chat-a", id_, ago=ago)
        write(fleet, "chat-a", id_, f"the end of {id_}")
    enough = {"enough": lines(2)} if options else {}
    seen = dashborion(f"workloads logs {asked} --no-prefix {options}", **enough)  # type: ignore[arg-type]
    assert sorted(seen.lines) == ["chat-a speaks", f"the end of {last}"]
    assert f"chat-a has no running instance: chat-a-{last[:6]} is the one that stopped" in seen.err
    assert seen.exit_code == (130 if options else 0)


def test_readers_of_one_region_share_two_reads_a_second(fleet: Fleet, dashborion: Cli) -> None:
    """A poll takes a second or more; here hundredths of one."""
    names = [f"chat-{n}" for n in range(6)]
    for name in names:
        service(fleet, name)
    told: list[tuple[int, int]] = []

    def polls() -> int:
        return int(fleet.aws.spy.counts["logs:GetLogEvents"]) // len(names)

    def watch() -> None:
        wait_for("the first", lambda: len(dashborion.said_so_far(out=True).splitlines()) == 6)
        begun = polls()
        told.append((begun, calls(fleet.aws.spy.counts)))
        wait_for("polls", lambda: polls() > begun + 60)
        told.append((polls(), calls(fleet.aws.spy.counts)))
        write(fleet, names[0], str(fleet.tasks[names[0]][0].id), "enough")

    dashborion(f"workloads logs {' '.join(names)} -f", meanwhile=watch, enough=lines(7))
    (begun, before), (ended, after) = told
    assert 0 < after - before <= 2 * (ended - begun) + 4 * len(names)


def calls(counts: Mapping[str, int]) -> int:
    return sum(count for name, count in counts.items() if name.startswith("ecs:"))
