"""A change ends in one line on a terminal; a pipe and JSON have the whole object."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from dashborion.models.kinds import WorkloadType
from dashborion.models.rollout import Change, Revision, Rollout, RolloutState
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
        "rollout": None, "type": WorkloadType.DEPLOYMENT,
    }  # fmt: skip
    return Change(**base | more)


def revision(number: str, tag: str, **old: float) -> Revision:
    made = NOW - timedelta(**old)
    image = f"registry.example/media/web:{tag}"
    return Revision(revision=number, current=False, images=[image], created_at=made, message=None)


def rollout(state: RolloutState, message: str | None = None) -> Rollout:
    return Rollout(state=state, revision="7", message=message)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        pytest.param({}, "✓ media/staging deployment/web scaled 2 → 4", id="sent"),
        pytest.param(
            {"rollout": rollout(RolloutState.COMPLETE, "4 of 4 available"), "seconds": 4.2},
            "✓ media/staging deployment/web scaled 2 → 4, 4 of 4 available after 4 s",
            id="done",
        ),
        pytest.param(
            {
                "action": "deploy",
                "before": "app=registry.example/media/web:1, proxy=envoy:1",
                "after": "app=registry.example/media/web:2, proxy=envoy:1",
                "rollout": rollout(RolloutState.FAILED, "no image"),
                "seconds": 4.2,
            },
            "✗ media/staging deployment/web deployed app=web:1, proxy=envoy:1 → "
            "app=web:2, proxy=envoy:1, failed: no image",
            id="failed",
        ),
        pytest.param(
            {"rollout": rollout(RolloutState.PROGRESSING)},
            "… media/staging deployment/web scaled 2 → 4, progressing",
            id="under way",
        ),
        pytest.param(
            {"dry_run": True}, "· media/staging would scale deployment/web 2 → 4", id="dry run"
        ),
        pytest.param(
            {"after": 2},
            "✓ media/staging deployment/web is left as it is: 2 replicas",
            id="nothing to do",
        ),
        pytest.param(
            {
                "action": "rollback",
                "before": "7",
                "after": "5",
                "revisions": [revision("7", "8.3.0", minutes=9), revision("5", "8.2.0", hours=50)],
            },
            "✓ media/staging deployment/web rolled back 7 (web:8.3.0, 9m) → 5 (web:8.2.0, 2d2h)",
            id="images and age of both revisions",
        ),
        pytest.param(
            {
                "action": "pause",
                "before": "progressing",
                "after": "paused",
                "rollout": rollout(RolloutState.PAUSED, "it waits"),
            },
            "✓ media/staging deployment/web paused",
            id="a pause",
        ),
        pytest.param(
            {
                "action": "continue",
                "before": "paused",
                "after": "progressing",
                "rollout": rollout(RolloutState.PAUSED, "paused at BAKE"),
            },
            "… media/staging deployment/web continued, paused: paused at BAKE",
            id="to the next pause",
        ),
        pytest.param(
            {"action": "abort", "before": "7", "after": "5", "dry_run": True},
            "· media/staging would abort deployment/web 7 → 5",
            id="an abort",
        ),
        pytest.param(
            {
                "action": "stop",
                "type": None,
                "instance": "web-1",
                "before": "running",
                "after": "terminating",
            },
            "✓ media/staging web-1 is terminating",
            id="an instance",
        ),
        pytest.param(
            {
                "action": "stop",
                "type": None,
                "instance": "web-1",
                "before": "running",
                "after": "terminating",
                "dry_run": True,
            },
            "· media/staging would stop web-1",
            id="an instance, dry run",
        ),
    ],
)
def test_a_change_is_one_line(more: dict[str, Any], expected: str) -> None:
    assert shown(change(**more)) == f"{expected}\n"


def test_a_pipe_gets_the_whole_object() -> None:
    assert "Before:      2\n" in shown(change(), tty=False)
    assert '"before": 2' in shown(change(), format_=Format.JSON)


def test_what_an_api_calls_itself_cannot_write_to_the_terminal() -> None:
    assert "\x1b" not in shown(change(rollout=rollout(RolloutState.FAILED, "\x1b[2J")))
