"""What the adapters' timelines have in common: words for what changed. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from dashborion.models.definition import Difference

_MOST = 3  # fields that are named
_DIGITS = 12  # of a digest


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
