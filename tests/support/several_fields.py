"""Several fields of an object changed in one go, where a command for each costs too much."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

_AT_ONCE = 4

Change = TypeVar("Change", bound=tuple[object, ...])


def batches(changes: Iterable[Change], *, at_once: int = _AT_ONCE) -> list[list[Change]]:
    """Each change once, in as few batches as can be without one hiding another.

    Args:
        changes: tuples that begin with the path of what they change. Of those that share a batch
            none lies within another, and the last come first: elements of a list may go.
        at_once: how many share a batch at most.
    """
    made: list[list[Change]] = []
    is_open: list[list[Change]] = []
    for change in changes:
        for batch in is_open:
            if not any(_lies_within(change[0], other[0]) for other in batch):
                batch.insert(0, change)
                break
        else:
            batch = [change]
            made.append(batch)
            is_open.append(batch)
        is_open = [batch for batch in is_open if len(batch) < at_once]
    return made


def _lies_within(path: object, other: object) -> bool:
    assert isinstance(path, Sequence)
    assert isinstance(other, Sequence)
    shorter = min(len(path), len(other))
    return path[:shorter] == other[:shorter]
