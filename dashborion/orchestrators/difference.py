"""How two revisions differ, field by field, and which fields' values are hidden. Pure.

Works on the API's own objects, so a field that nobody thought of is found too.
This is the only place that decides what is private in them: dry runs and comparisons of
revisions of every orchestrator show what comes from here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from dashborion.models.definition import Difference, DifferenceKind

HIDDEN, ABSENT = "(hidden)", "(none)"

# Fields below which every value is hidden, in a task definition or a pod template: values of
# variables, references to secrets, and free text in which people keep passwords and tokens.
# Commands and arguments are shown, as `describe` shows them.
_PRIVATE = frozenset({
    "env", "environment", "secrets", "secretOptions",
    "repositoryCredentials", "credentialsParameter", "credentialSpecs",
    "options", "driverOpts", "volumeAttributes", "properties",  # of drivers, plugins and proxies
    "dockerLabels", "dockerVolumeConfiguration.labels", "annotations", "httpHeaders",
})  # fmt: skip
# Fields whose keys are the user's own words: `env` is no list of variables there.
_PUBLIC = frozenset({"labels", "matchLabels", "nodeSelector", "dnsConfig.options"})
_PUBLIC_OPTIONS = "awslogs-"  # log groups and streams; other drivers' options may be tokens

# Lists of containers, and the fields of variables in the words of ``models.definition``.
_CONTAINERS = ("containerDefinitions", "containers", "initContainers", "ephemeralContainers")
_WORDS = {"env": "variables", "environment": "variables", "entryPoint": "command"}

# What tells the items of a list apart, in order of preference.
_IDENTITIES = ("name", "containerName", "containerPort", "containerPath", "mountPath", "key")


class Step(Struct, frozen=True):
    """One step down into a definition: a key, or the name of an item in a list."""

    name: str
    is_item: bool = False


Path = tuple[Step, ...]


class FieldChange(Struct, frozen=True):
    """One field that differs; a value is None where the field is missing.

    ``hidden`` values must not be shown. When ``reordered``, the same items stand
    in another order, and the values are the items' names.
    """

    path: Path
    before: Any
    after: Any
    hidden: bool = False
    reordered: bool = False


def changed_fields(before: Any, after: Any, path: Path = ()) -> Iterator[FieldChange]:
    """The smallest fields that differ, in the order of the definitions.

    Items of a list are compared by their names, if they have some; other lists
    are compared as wholes, and an empty one is as good as none. Of an object that
    was added or removed every field is a change of its own, so that each is hidden
    or shown by itself.
    """
    before, after = (None if value == [] else value for value in (before, after))
    if before == after:
        return
    old, new = _members(before), _members(after)
    if old is None or new is None or not (old or new):
        leaves = [*_leaves(path, before), *_leaves(path, after)]
        yield FieldChange(path, before, after, hidden=any(map(_is_private, leaves)))
        return
    is_list = isinstance(before, list) or isinstance(after, list)
    differs = False
    for key in dict.fromkeys([*old, *new]):
        for change in changed_fields(old.get(key), new.get(key), (*path, Step(key, is_list))):
            differs = True
            yield change
    if not differs:
        yield FieldChange(path, list(old), list(new), reordered=True)


def differences(before: Any, after: Any) -> list[str]:
    """Lines such as ``spec.containers[app].image: web:1 -> web:2``; none if nothing differs."""
    return [_line(change) for change in changed_fields(before, after)]


def compared(before: Any, after: Any, *, values: bool = False) -> list[Difference]:
    """The same for people and scripts; ``values`` shows what is hidden, too."""
    found = (change for change in changed_fields(before, after) if not change.reordered)
    return [_difference(change, values=values) for change in found]


def _difference(change: FieldChange, *, values: bool) -> Difference:
    """``containerDefinitions[app].environment[MODE].value``: of app, ``variables.MODE``."""
    before, after = text(change.before), text(change.after)
    hidden = change.hidden and not values
    container, names = None, [step.name for step in change.path]
    for index, step in enumerate(change.path[:-1]):
        if step.name in _CONTAINERS and not step.is_item and change.path[index + 1].is_item:
            container, names = names[index + 1], names[index + 2 :] or ["container"]
            break
    if container is not None and names[0] in (*_WORDS, "secrets"):
        is_value = len(names) > 2 and names[-1] in ("value", "valueFrom")
        names = [_WORDS.get(names[0], names[0]), *names[1 : -1 if is_value else None]]
    kind = DifferenceKind.CHANGED
    if before is None or after is None:
        kind = DifferenceKind.ADDED if before is None else DifferenceKind.REMOVED
    return Difference(
        field=".".join(names),
        container=container,
        left=None if hidden else before,
        right=None if hidden else after,
        kind=kind,
        hidden=hidden,
    )


def text(value: Any) -> str | None:
    """A value as it is shown: strings as they are, the rest as JSON, None if it is missing."""
    return value if value is None or isinstance(value, str) else json.dumps(value, default=str)


def _members(value: Any) -> Mapping[str, Any] | None:
    """A mapping's values by key, a list's items by name, None if the value has neither.

    The field that names an item is left out of it.
    """
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return value
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        return None
    for identity in _IDENTITIES:
        names = [str(item[identity]) for item in value if item.get(identity) is not None]
        if len(set(names)) == len(value):
            items = [{key: item[key] for key in item if key != identity} for item in value]
            return dict(zip(names, items, strict=True))
    return None


def _leaves(path: Path, value: Any) -> Iterator[Path]:
    """The paths of all plain values in a value that is shown as a whole."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _leaves((*path, Step(key)), item)
    elif isinstance(value, list) and value:
        for item in value:
            yield from _leaves((*path, Step("", is_item=True)), item)
    else:
        yield path


def _is_private(path: Path) -> bool:
    parent = ""
    keys = [step.name for step in path if not step.is_item]
    for key in keys:
        field = f"{parent}.{key}"
        if key in _PRIVATE or field in _PRIVATE:
            public_option = parent == "logConfiguration" and keys[-1].startswith(_PUBLIC_OPTIONS)
            return field not in _PUBLIC and not public_option
        if key in _PUBLIC:
            return False
        parent = key
    return False


def _line(change: FieldChange) -> str:
    path = "".join(f"[{step.name}]" if step.is_item else f".{step.name}" for step in change.path)
    path = path.removeprefix(".")
    if change.reordered:
        return f"{path}: order {', '.join(change.before)} -> {', '.join(change.after)}"
    values = (change.before, change.after)
    before, after = (
        ABSENT if value is None else HIDDEN if change.hidden else text(value) for value in values
    )
    return f"{path}: {before} -> {after}"
