"""A workload's page begins its parts with the causes."""

from __future__ import annotations

import msgspec
import pytest

from dashborion.models.cause import Code
from dashborion.models.workload import WorkloadDetail
from dashborion.render import Style, show_one
from dashborion.render.views.workloads import WORKLOADS
from dashborion.streams import Streams
from tests.support.causes import cause
from tests.support.render_samples import NOW, workload


def page(*causes: object, tty: bool) -> list[str]:
    detail = WorkloadDetail(
        **msgspec.structs.asdict(workload()),
        instances=[],
        causes=list(causes),  # type: ignore[arg-type]
        reasons=[],
        autoscaling=None,
        revisions=[],
        events=[],
    )
    streams = Streams.test(tty=tty, width=120)
    show_one(streams, WORKLOADS, detail, Style(), now=NOW)
    return streams.out.getvalue().splitlines()  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("tty", [True, False], ids=["terminal", "pipe"])
def test_causes_are_a_table(tty: bool) -> None:
    many = cause(instances=["a", "b", "c", "d"], count=9)
    lines = page(many, cause(Code.BUDGET), tty=tty)
    begin = lines.index("Causes")
    headers, first, second = lines[begin + 1 : begin + 4]
    assert headers.split()[:3] == ["CAUSE", "REASON", "COUNT"]
    assert first.startswith("out of memory")
    assert "a, b, c, +1 more" in first
    assert second.startswith("a disruption budget allows no eviction")


def test_without_causes_there_is_no_table() -> None:
    assert "Causes" not in page(tty=True)
