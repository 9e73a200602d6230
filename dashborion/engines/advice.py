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
        return replace(advice, command=command(words[1:], options, label, namespace))
    return replace(advice, command=shlex.join(words))


def command(words: Sequence[str], options: Sequence[str], label: str, namespace: str | None) -> str:
    """A command of our own, whole and quoted; the arguments are those of ``addressed``."""
    groups, kinds = _WITHOUT_NAMESPACE
    has_namespace = groups.isdisjoint(words[:1]) and kinds.isdisjoint(words[1:2])
    place = ["-e", label, *(["-n", namespace] if namespace and has_namespace else [])]
    end = words.index("--") if "--" in words else len(words)
    return shlex.join([_OWN, *options, *words[:end], *place, *words[end:]])
