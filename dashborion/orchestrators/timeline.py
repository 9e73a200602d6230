"""What the adapters' timelines have in common: entries, and words for what changed. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dashborion.models.cause import Severity
from dashborion.models.definition import Difference
from dashborion.models.timeline import Entry, EntryKind, Source
from dashborion.models.workload import Workload

_MOST = 3  # fields that are named
_DIGITS = 12  # of a digest


def entry(
    item: Workload,
    kind: EntryKind,
    at: datetime | None,
    summary: str,
    source: Source,
    *,
    severity: Severity = Severity.INFO,
    **more: Any,
) -> Entry:
    """An entry about a workload; ``more`` are further fields."""
    return Entry(
        timestamp=at,
        project=item.project,
        environment=item.environment,
        namespace=item.namespace,
        workload=item.name,
        kind=kind,
        severity=severity,
        summary=summary,
        source=source,
        **more,
    )


def in_words(differences: Sequence[Difference]) -> str:
    """``image web:1 -> 2, variables.MODE``; images first, further fields are counted.

    Containers are named where several differ.
    """
    are_several = len({one.container for one in differences}) > 1
    ordered = sorted(differences, key=lambda one: one.field != "image")
    told = list(dict.fromkeys(_word(one, named=are_several) for one in ordered))
    left = len(told) - _MOST
    return ", ".join([*told[:_MOST], *([f"+{left} more"] if left > 0 else [])])


def _word(one: Difference, *, named: bool) -> str:
    of = f"{one.container}: " if one.container and named else ""
    if one.field != "image" or one.hidden or one.left is None or one.right is None:
        return of + one.field
    left, right = _short(str(one.left)), _short(str(one.right))
    repository = left.rpartition(":")[0]
    return f"{of}image {left} -> {right.removeprefix(f'{repository}:') if repository else right}"


def _short(image: str) -> str:
    """Without the registry, the digest cut."""
    base, at, digest = image.rsplit("/", 1)[-1].partition("@sha256:")
    return f"{base}{at}{digest[:_DIGITS]}"
