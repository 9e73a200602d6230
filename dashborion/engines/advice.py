"""Commands that causes advise, made ready to be typed: where they are to run, and quoted. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from msgspec.structs import replace

from dashborion.models.cause import Advice, Cause

_OWN = "dashborion"
_WITHOUT_NAMESPACE = ({"ecs", "env"}, {"nodes", "namespaces"})  # groups, and kinds of `k8s`


def addressed(
    causes: Sequence[Cause], *, options: Sequence[str], label: str, namespace: str | None
) -> list[Cause]:
    """The causes with commands that find the same objects wherever they are typed.

    Args:
        causes: with commands as adapters know them, without a place.
        options: global options that were typed and are needed again.
        label: of the environment.
        namespace: where the object is, unless that is the environment's own.
    """
    return [
        replace(cause, advice=[_addressed(one, options, label, namespace) for one in cause.advice])
        for cause in causes
    ]


def _addressed(advice: Advice, options: Sequence[str], label: str, namespace: str | None) -> Advice:
    """With each word quoted: a name that an API gives may be code to a shell."""
    if advice.command is None:
        return advice
    try:
        words = shlex.split(advice.command)
    except ValueError:  # a quotation mark in a name
        return replace(advice, command=None)
    if words[:1] == [_OWN]:
        groups, kinds = _WITHOUT_NAMESPACE
        has_namespace = groups.isdisjoint(words[1:2]) and kinds.isdisjoint(words[2:3])
        place = ["-e", label, *(["-n", namespace] if namespace and has_namespace else [])]
        end = words.index("--") if "--" in words else len(words)
        words = [_OWN, *options, *words[1:end], *place, *words[end:]]
    return replace(advice, command=shlex.join(words))
