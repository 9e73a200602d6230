"""A workload's page: first how it is, then what is wrong, then what there is of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec

from dashborion.models.event import Event, EventType
from dashborion.models.instance import InstanceStatus
from dashborion.models.workload import WorkloadDetail, WorkloadStatus
from dashborion.render import Format, Style, show_one
from dashborion.render.views.workloads import WORKLOADS
from dashborion.streams import Streams
from tests.support.causes import cause
from tests.support.render_samples import NOW, instance, workload


def page(*, tty: bool = True, format_: Format | None = None, **more: Any) -> list[str]:
    base: dict[str, Any] = {
        "instances": [], "causes": [], "reasons": [], "autoscaling": None, "revisions": [],
        "events": [],
    }  # fmt: skip
    plain = msgspec.structs.asdict(workload(status=WorkloadStatus.DEGRADED))
    streams = Streams.test(tty=tty, width=120)
    show_one(
        streams, WORKLOADS, WorkloadDetail(**plain | base | more), Style(format=format_), now=NOW
    )
    return streams.out.getvalue().splitlines()  # type: ignore[attr-defined, no-any-return]


def event(minutes: int, message: str, type_: EventType = EventType.NORMAL) -> Event:
    return Event(
        timestamp=NOW - timedelta(minutes=minutes), type=type_, reason="R", message=message,
        object="pod/web-1", count=1,
    )  # fmt: skip


def below(lines: list[str], title: str) -> list[str]:
    """The rows of a table."""
    rest = lines[lines.index(title) + 2 :]
    return rest[: rest.index("")] if "" in rest else rest


def test_it_begins_with_what_is_wrong() -> None:
    lines = page(causes=[cause()])
    assert lines[:2] == ["Name:        web", "Status:      degraded: out of memory"]
    assert lines.index("Causes") < lines.index("Type:        k8s-deployment")


def test_what_runs_comes_first_then_the_newest_that_stopped_and_the_others_are_counted() -> None:
    stopped = [
        instance(f"old-{number}", status=InstanceStatus.STOPPED,
                 stopped_at=NOW - timedelta(minutes=number))
        for number in (5, 1, 3, 2, 4)
    ]  # fmt: skip
    rows = below(page(instances=[*stopped, instance("web-1")]), "Instances")
    assert [row.split()[0] for row in rows] == ["web-1", "old-1", "old-2", "old-3", "+2"]
    assert len(below(page(instances=stopped, tty=False), "Instances")) == 5


def test_the_last_ten_events_come_warnings_first_the_same_ones_as_one() -> None:
    told = [event(60 - number, f"m{number}") for number in range(12)]
    again = [event(50, "again", EventType.WARNING), event(2, "again", EventType.WARNING)]
    rows = below(page(events=[*told, *again]), "Events")
    assert len(rows) == 11
    assert rows[0].split() == ["2m", "(x2", "over", "48m)", "warning", "R", "web-1", "again"]
    assert rows[-1] == "+3 older"
    assert len(below(page(events=[*told, *again], tty=False), "Events")) == 14


def test_a_page_is_aligned_in_a_pipe_with_whole_times() -> None:
    lines = page(instances=[instance("web-1"), instance("web-12345")], tty=False)
    first, second = below(lines, "Instances")
    assert first.index("1/1") == second.index("1/1")
    assert "\t" not in "\n".join(lines)
    assert any("Z" in line for line in lines if line.startswith("Created:"))
    assert page(tty=False, format_=Format.TABLE) == page()
