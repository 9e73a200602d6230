"""How two definitions differ, a line for each field; values of environment variables hidden."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

HIDDEN = "(hidden)"
_ENVIRONMENT = ("env", "environment")  # what Kubernetes and ECS call the list of variables
_ABSENT = object()


def differences(before: Any, after: Any) -> list[str]:
    """Lines such as ``spec.containers[app].image: web:1 -> web:2``; none when nothing differs.

    Items of a list are told apart by their names where they have some, so that
    one more among them is one line.
    """
    return _between(before, after, "", in_environment=False)


def _between(before: Any, after: Any, path: str, *, in_environment: bool) -> list[str]:
    if before == after:
        return []
    one, other = _members(before), _members(after)
    if one is None or other is None or not (one or other):  # a plain value on one side at least
        hide = in_environment and path.endswith(".value")
        return [f"{path}: {_shown(before, hide=hide)} -> {_shown(after, hide=hide)}"]
    lines = []
    is_list = isinstance(before, list) or isinstance(after, list)
    for key in dict.fromkeys([*one, *other]):
        step = f"[{key}]" if is_list else f".{key}" if path else key
        lines += _between(
            one.get(key, _ABSENT),
            other.get(key, _ABSENT),
            path + step,
            in_environment=in_environment or key in _ENVIRONMENT,
        )
    return lines or [f"{path}: order {', '.join(one)} -> {', '.join(other)}"]


def _members(value: Any) -> Mapping[str, Any] | None:
    """A mapping as it is, a list by its items' names or places, None of anything else."""
    if value is _ABSENT:
        return {}
    if isinstance(value, Mapping):
        return value
    if not isinstance(value, list):
        return None
    names = [one.get("name") if isinstance(one, Mapping) else None for one in value]
    if None in names or len(set(names)) < len(names):
        names = [str(place) for place in range(len(value))]
    return dict(zip(map(str, names), value, strict=True))


def _shown(value: Any, *, hide: bool) -> str:
    if value is _ABSENT:
        return "(none)"
    if hide or (isinstance(value, Mapping | list) and value):
        return HIDDEN
    return value if isinstance(value, str) else json.dumps(value, default=str)
