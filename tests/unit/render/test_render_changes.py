"""A change ends in one line on a terminal; a pipe and JSON have the whole object."""

from __future__ import annotations

from typing import Any

import pytest

from dashborion.models.rollout import Change, Rollout, RolloutState
from dashborion.render import Format, Style, show_one
from dashborion.render.views.workloads import CHANGES
from dashborion.streams import Streams
from tests.support.render_samples import NOW


def shown(change: Change, *, tty: bool = True, format_: Format | None = None) -> str:
    streams = Streams.test(tty=tty)
    show_one(streams, CHANGES, change, Style(format=format_), now=NOW)
    return streams.out.getvalue()  # type: ignore[attr-defined, no-any-return]


def change(**more: Any) -> Change:
    base: dict[str, Any] = {
        "action": "scale", "project": "media", "environment": "staging", "namespace": "media",
        "workload": "web", "instance": None, "before": 2, "after": 4, "dry_run": False,
        "rollout": None,
    }  # fmt: skip
    return Change(**base | more)


def rollout(state: RolloutState, message: str | None = None) -> Rollout:
    return Rollout(state=state, revision="7", message=message)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, "✓ media/staging web scaled 2 → 4"),
        (
            {"rollout": rollout(RolloutState.COMPLETE, "4 of 4 available")},
            "✓ media/staging web scaled 2 → 4, complete, 4 of 4 available",
        ),
        (
            {"action": "deploy", "rollout": rollout(RolloutState.FAILED, "no image")},
            "✗ media/staging web deployed 2 → 4, failed, no image",
        ),
        (
            {"rollout": rollout(RolloutState.PROGRESSING)},
            "… media/staging web scaled 2 → 4, progressing",
        ),
        ({"dry_run": True}, "· media/staging would scale web 2 → 4"),
        ({"after": 2}, "✓ media/staging web is left as it is: 2"),
        (
            {"action": "stop", "instance": "web-1", "before": "running", "after": "terminating"},
            "✓ media/staging web-1 stopped running → terminating",
        ),
    ],
    ids=["sent", "done", "failed", "under way", "dry run", "nothing to do", "an instance"],
)
def test_a_change_is_one_line(more: dict[str, Any], expected: str) -> None:
    assert shown(change(**more)) == f"{expected}\n"


def test_a_pipe_gets_the_whole_object() -> None:
    assert "Before:      2\n" in shown(change(), tty=False)
    assert '"before": 2' in shown(change(), format_=Format.JSON)


def test_what_an_api_calls_itself_cannot_write_to_the_terminal() -> None:
    assert "\x1b" not in shown(change(rollout=rollout(RolloutState.FAILED, "\x1b[2J")))
