"""``ENV:NAME``: the environment that a name brings with it, as ``-o name`` prints it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress

from msgspec import Struct
from msgspec.structs import replace

from dashborion.config.environments import (
    AD_HOC_ECS,
    AD_HOC_KUBERNETES,
    Choice,
    ChoiceInputs,
    ad_hoc,
    choose,
    of_name,
)
from dashborion.config.targets import AwsClusterTarget, Environment
from dashborion.errors import UsageError, listing, short

# What a prefix may leave. Only the namespaces of ECS, which are values of tags, may have colons,
# and task definitions are FAMILY:REVISION.
_NAME = re.compile(r"arn:.+|([^/]+/)*[^/:]+(:\d+)?", re.DOTALL)
_REGION = re.compile(r"[a-z0-9-]+")
_REVISION = re.compile(r"[^/:]+:\d+")


class PlainName(Struct, frozen=True):
    """A NAME without its environment; ``labels`` of those it can be in, None for all chosen."""

    name: str
    labels: frozenset[str] | None = None


class Chosen(Struct, frozen=True):
    """The environments of a command, and its NAMEs by how they were typed."""

    environments: tuple[Environment, ...]
    names: Mapping[str, PlainName]


def choose_with_names(choice: Choice, inputs: ChoiceInputs) -> Chosen:
    """The environments that were chosen, or those that the names bring with them.

    Raises:
        UsageError: no environment matches, or a name's is not among those of ``-e`` and ``-p``.
    """
    split = {typed: split_name(typed, choice, inputs) for typed in choice.names}
    brought = {one.label: one for one, _ in split.values() if one is not None}
    if not brought:
        return Chosen(choose(choice, inputs), {})
    is_each_brought = all(one is not None for one, _ in split.values())
    is_chosen = bool(choice.patterns) or choice.all_environments
    chosen = () if is_each_brought and not is_chosen else choose(choice, inputs)
    labels = frozenset(one.label for one in chosen)
    for typed, (environment, _) in split.items():
        if environment is None:
            continue
        is_other_project = choice.project not in (None, environment.project)
        if (is_chosen and environment.label not in labels) or is_other_project:
            options = listing(sorted(labels)) if is_chosen else f"project {choice.project}"
            raise UsageError(
                f"'{short(typed)}' is in {environment.label}, and the options choose {options}",
                hint="omit -e and -p, or the environment in front of the name",
            )
    names = {
        typed: PlainName(name, labels if one is None else frozenset({one.label}))
        for typed, (one, name) in split.items()
    }
    kept = {} if is_each_brought else {one.label: one for one in chosen}
    return Chosen(tuple((kept | brought).values()), names)


def choose_quietly(choice: Choice, inputs: ChoiceInputs) -> tuple[Environment, ...]:
    """The environments, without messages; empty if none matches."""
    try:
        return choose_with_names(choice, replace(inputs, note=lambda _: None)).environments
    except UsageError:
        return ()


def split_name(typed: str, choice: Choice, inputs: ChoiceInputs) -> tuple[Environment | None, str]:
    """The longest text before a colon that is an environment, and the NAME that it leaves.

    Raises:
        UsageError: the text is an environment of several projects.
    """
    if typed.startswith("arn:") or (choice.of_definitions and _REVISION.fullmatch(typed)):
        return None, typed
    for colon in reversed([at for at, char in enumerate(typed) if char == ":"]):
        before, name = typed[:colon], typed[colon + 1 :]
        if _NAME.fullmatch(name) and (environment := environment_of(before, choice, inputs)):
            return environment, name
    return None, typed


def environment_of(text: str, choice: Choice, inputs: ChoiceInputs) -> Environment | None:
    """The environment of exactly that text: of a whole label, whatever ``-p`` is, or ad hoc.

    Raises:
        UsageError: it is a name in several projects.
    """
    for known in inputs.config.environments:
        if known.label == text:
            return known
    if text.startswith((AD_HOC_ECS, AD_HOC_KUBERNETES)):
        with suppress(UsageError):
            found = ad_hoc(text, inputs)
            target = found.target
            if not (isinstance(target, AwsClusterTarget) and _is_no_cluster(target)):
                return found
    return of_name(text, choice, inputs)


def _is_no_cluster(target: AwsClusterTarget) -> bool:
    return bool(target.contradiction) or not _REGION.fullmatch(target.region or "-")
