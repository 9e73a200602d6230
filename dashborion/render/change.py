"""A change in one line, for people: what was done, from what to what, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping

from dashborion.models.rollout import Change, RolloutState
from dashborion.render.cells import painted, plain
from dashborion.render.columns import BAD, BUSY, GOOD, environment_label
from dashborion.streams import Streams

_DONE: Mapping[str, str] = {
    "scale": "scaled", "restart": "restarted", "deploy": "deployed", "rollback": "rolled back",
    "stop": "stopped",
}  # fmt: skip
_MARKS = {GOOD: ("✓", "done:"), BAD: ("✗", "failed:"), BUSY: ("…", "unfinished:")}


def line(streams: Streams, change: Change) -> str:
    """``✓ media/staging web scaled 2 → 4, complete``; with a word where there is no Unicode."""
    name = plain(change.instance or change.workload)
    arrow = "→" if streams.unicode else "->"
    if change.dry_run:
        words = f"would {change.action} {name}"
    else:
        words = f"{name} {_DONE.get(change.action, change.action)}"
    if change.before == change.after and change.before is not None:
        words = f"{name} is left as it is: {plain(change.before)}"
    elif change.action != "restart":  # which ids replaced which ids says nothing to people
        words += f" {plain(change.before)} {arrow} {plain(change.after)}"
    rollout = change.rollout
    if rollout is not None:
        told = f"{rollout.state}, {plain(rollout.message)}" if rollout.message else rollout.state
        words += f", {told}"
    return f"{_mark(streams, change)} {plain(environment_label(change))} {words}\n"


def _mark(streams: Streams, change: Change) -> str:
    state = change.rollout.state if change.rollout is not None else RolloutState.COMPLETE
    style = {RolloutState.COMPLETE: GOOD, RolloutState.FAILED: BAD}.get(state, BUSY)
    if change.dry_run:
        style = BUSY
    sign = _MARKS[style][0 if streams.unicode else 1]
    if change.dry_run:
        sign = "·" if streams.unicode else "dry run:"
    return painted(streams, sign, style)
