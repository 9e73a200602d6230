"""A change in one line, for people: what was done, from what to what, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from dashborion.models.base import environment_label
from dashborion.models.kinds import KIND_OF
from dashborion.models.rollout import Change, Revision, RolloutState
from dashborion.render.cells import painted, plain
from dashborion.render.columns import BAD, BUSY, GOOD, short_image
from dashborion.streams import Streams, age

# What would be done, and what was.
_WORDS: Mapping[str, tuple[str, str]] = {
    "scale": ("scale", "scaled"), "restart": ("restart", "restarted"),
    "deploy": ("deploy", "deployed"), "rollback": ("roll back", "rolled back"),
    "stop": ("stop", "stopped"), "start": ("start", "started"),
    "continue": ("continue", "continued"), "abort": ("abort", "aborted"),
    "pause": ("pause", "paused"), "resume": ("resume", "resumed"),
}  # fmt: skip
# Where both sides say nothing to people: ids, and states that the word itself says.
_ALONE = frozenset({"restart", "continue", "pause", "resume"})
_MARKS = {GOOD: ("✓", "done:"), BAD: ("✗", "failed:"), BUSY: ("…", "unfinished:")}


def line(streams: Streams, change: Change, now: datetime) -> str:
    """``✓ media/staging deployment/web scaled 2 → 4, 4 of 4 available after 4 s``.

    With a word for the mark where there is no Unicode.
    """
    name = plain(change.instance or change.workload)
    if change.type is not None:
        name = f"{KIND_OF[change.type]}/{name}"
    would, done = _WORDS.get(change.action, (change.action, change.action))
    before, after = _sides(change, now)
    if change.before == change.after and change.before is not None:
        unit = " replicas" if change.action in ("scale", "stop", "start") else ""
        words = f"{name} is left as it is: {before}{unit}"
    else:
        words = f"would {would} {name}" if change.dry_run else f"{name} {done}"
        is_instance = change.instance is not None
        if is_instance and not change.dry_run:  # it was only asked to end
            words = f"{name} is {after}"
        elif change.action not in _ALONE and not is_instance:
            words += f" {before} {'→' if streams.unicode else '->'} {after}"
    if change.rollout is not None and change.action != "pause":  # which is what it should be
        words += f", {_ended(change)}"
    return f"{_mark(streams, change)} {plain(environment_label(change))} {words}\n"


def _sides(change: Change, now: datetime) -> tuple[str, str]:
    """What there was and what there is: of images their ends, of revisions what they are."""
    if change.revisions:
        before, after = (_revision(one, now) for one in change.revisions)
        return before, after
    sides = (change.before, change.after)
    if change.action == "deploy":
        before, after = (", ".join(_image(one) for one in str(side).split(", ")) for side in sides)
        return plain(before), plain(after)
    return plain(change.before), plain(change.after)


def _image(text: str) -> str:
    """``container=image`` or an image, without the registry."""
    container, equals, image = text.rpartition("=")
    return f"{container}{equals}{short_image(image) or ''}"


def _revision(revision: Revision, now: datetime) -> str:
    images = [short_image(image) or "" for image in revision.images]
    made = age(revision.created_at, now) if revision.created_at else None
    return plain(f"{revision.revision} ({', '.join(filter(None, (*images, made)))})")


def _ended(change: Change) -> str:
    """How the rollout stands, and how long it took to come there."""
    rollout = change.rollout
    if rollout is None:
        return ""
    told = plain(rollout.message) if rollout.message else None
    if rollout.state is not RolloutState.COMPLETE:
        return ": ".join(filter(None, (str(rollout.state), told)))
    after = f" after {change.seconds:.0f} s" if round(change.seconds or 0) else ""
    return f"{told or rollout.state}{after}"


def _mark(streams: Streams, change: Change) -> str:
    is_waited = change.rollout is not None and change.action != "pause"
    state = change.rollout.state if change.rollout and is_waited else RolloutState.COMPLETE
    style = {RolloutState.COMPLETE: GOOD, RolloutState.FAILED: BAD}.get(state, BUSY)
    if change.dry_run:
        style = BUSY
    sign = _MARKS[style][0 if streams.unicode else 1]
    if change.dry_run:
        sign = "·" if streams.unicode else "dry run:"
    return painted(streams, sign, style)
