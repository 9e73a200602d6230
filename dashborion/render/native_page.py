"""A description of something that one orchestrator has: every field of the model, none by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from dashborion.models.event import Event
from dashborion.render import views
from dashborion.render.cells import Cell
from dashborion.render.native_views import PARTS

_FIRST = ("name", "project", "environment", "namespace")
_LAST = ("labels", "created_at")
_UPPER = {"ip": "IP", "ips": "IPs", "cpu": "CPU", "os": "OS", "arn": "ARN", "tls": "TLS"}
_NAMES = {"ingress_class": "Class"}
_VIEWS: Mapping[type[Any], views.View] = {**PARTS, Event: views.EVENTS}


def fields(item: Any) -> list[tuple[str, Cell]]:
    """Whatever fits on a line: where it is first, labels and age last."""
    names = [name for name in item.__struct_fields__ if name not in (*_FIRST, *_LAST)]
    place = item.environment if item.project is None else f"{item.project}/{item.environment}"
    found: list[tuple[str, Cell]] = [("Name", item.name), ("Environment", place)]
    if hasattr(item, "namespace"):
        found.append(("Namespace", item.namespace))
    ordered = [*names, *(name for name in _LAST if hasattr(item, name))]
    return found + [(label(name), _line(getattr(item, name))) for name in ordered]


def sections(item: Any) -> list[tuple[str, views.View, Sequence[Any]]]:
    """A table for each list of things."""
    return [
        (label(name), _VIEWS[type(value[0])], value)
        for name in item.__struct_fields__
        if isinstance(value := getattr(item, name), list) and value and type(value[0]) in _VIEWS
    ]


def texts(item: Any) -> list[tuple[str, str]]:
    """What is text of its own, with its title: a ConfigMap's values."""
    data: Mapping[str, str] = getattr(item, "data", {})
    sizes: Mapping[str, int] = getattr(item, "binary_data", {})
    return [
        *((f"Data: {key}", value) for key, value in sorted(data.items())),
        *((f"Data: {key}", f"({size} bytes)") for key, size in sorted(sizes.items())),
    ]


def label(name: str) -> str:
    """``External IPs`` of ``external_ips``."""
    if name in _NAMES:
        return _NAMES[name]
    words = [_UPPER.get(word, word) for word in name.removesuffix("_at").split("_")]
    return " ".join([words[0][0].upper() + words[0][1:], *words[1:]])


def _line(value: Any) -> Cell:
    """The value on one line; None for what has a table or text of its own, or is not there."""
    if isinstance(value, dict):
        plain = all(isinstance(one, str) and "\n" not in one for one in value.values())
        return ", ".join(f"{key}={one}" for key, one in sorted(value.items())) if plain else None
    if isinstance(value, list):
        if any(isinstance(one, msgspec.Struct) for one in value):
            return None
        return ", ".join(map(str, value)) or None
    if value is None or isinstance(value, bool | int | float | datetime):
        return value
    return str(value)
