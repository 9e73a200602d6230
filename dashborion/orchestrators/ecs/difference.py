"""What changed from one task definition to another. Pure.

Works on the API's own objects, so that a setting that nobody thought of is
found too. Lists of named things (containers, variables, volumes) are compared
by name, others as wholes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from dashborion.models.ecs import Changed

# What says which revision it is, or follows from the rest.
_OF_THE_REVISION = frozenset({
    "taskDefinitionArn", "revision", "status", "registeredAt", "registeredBy", "deregisteredAt",
    "requiresAttributes", "compatibilities",
})  # fmt: skip
_IDENTITIES = ("name", "containerName", "containerPort", "containerPath", "key")
_PRIVATE = frozenset({"environment", "secrets", "secretOptions"})
_OPTIONS = frozenset({"options", "driverOpts"})
_PUBLIC_OPTIONS = "awslogs-"  # other drivers' options may be tokens and passwords
WHOLE = "task definition"


def differences(
    before: Mapping[str, Any], after: Mapping[str, Any], *, values: bool
) -> list[Changed]:
    """In the order of the definitions; variables and secrets with their ``values`` if asked."""
    found = []
    for path, old, new in _walk((), _without(before), _without(after)):
        where, field = _told(path)
        hidden = not values and _is_private(path)
        found.append(
            Changed(
                where=where,
                field=field,
                change="added" if old is None else "removed" if new is None else "changed",
                before=None if hidden else _text(old),
                after=None if hidden else _text(new),
                hidden=hidden,
            )
        )
    return found


def _without(definition: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in definition.items() if key not in _OF_THE_REVISION}


def _walk(
    path: tuple[str, ...], before: Any, after: Any
) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """Down to the smallest things that differ; None is what is not there.

    A whole container that was added is so many settings that were: none of them
    is shown as part of something larger, so each is hidden or not on its own.
    """
    old, new = _named(before), _named(after)
    if {type(old), type(new)} <= {dict, type(None)}:
        old, new = old or {}, new or {}
        for key in dict.fromkeys([*old, *new]):
            yield from _walk((*path, key), old.get(key), new.get(key))
    elif before != after:
        yield path, before, after


def _named(value: Any) -> Any:
    """A list of things that have names, by their names; anything else as it is."""
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        return value
    for identity in _IDENTITIES:
        names = [one.get(identity) for one in value]
        if None not in names and len({str(name) for name in names}) == len(names):
            return {
                str(name): {key: item for key, item in one.items() if key != identity}
                for name, one in zip(names, value, strict=True)
            }
    return value


def _told(path: tuple[str, ...]) -> tuple[str, str]:
    """``containerDefinitions, app, environment, MODE`` as ``container app``, ``environment MODE``.

    A variable's one value is the variable itself.
    """
    where = WHOLE
    if path[0] == "containerDefinitions" and len(path) > 1:
        where, path = f"container {path[1]}", path[2:]
    if path and path[-1] in ("value", "valueFrom") and len(path) > 1:
        path = path[:-1]
    return where, " ".join(path)


def _is_private(path: tuple[str, ...]) -> bool:
    if _OPTIONS & set(path):
        return not path[-1].startswith(_PUBLIC_OPTIONS)
    return bool(_PRIVATE & set(path))


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, default=str)
