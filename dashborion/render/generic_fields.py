"""The fields and tables of any model, derived from its attributes: for objects of one orchestrator.

Everything that the JSON has is shown: a new attribute needs no line here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from dashborion.render.cells import Cell
from dashborion.render.columns import View, environment_label
from dashborion.render.views import ecs, kubernetes

_FIRST = ("name", "project", "environment", "namespace")
_LAST = ("labels", "created_at")
_UPPER_CASE = {"ip": "IP", "ips": "IPs", "cpu": "CPU", "os": "OS", "arn": "ARN", "tls": "TLS"}
_LABELS = {"ingress_class": "Class"}
_VIEWS: Mapping[type[Any], View] = {**kubernetes.PARTS, **ecs.PARTS}


def fields(item: Any) -> list[tuple[str, Cell]]:
    """Label and value of each attribute that fits on a line, labels and age last."""
    names = [name for name in item.__struct_fields__ if name not in (*_FIRST, *_LAST)]
    first: list[tuple[str, Cell]] = [("Name", item.name), ("Environment", environment_label(item))]
    if hasattr(item, "namespace"):
        first.append(("Namespace", item.namespace))
    ordered = [*names, *(name for name in _LAST if hasattr(item, name))]
    return first + [(label(name), line(getattr(item, name))) for name in ordered]


def sections(item: Any) -> list[tuple[str, View, Sequence[Any]]]:
    """A title and a table for each list of objects."""
    return [
        (label(name), _VIEWS[type(value[0])], value)
        for name in item.__struct_fields__
        if isinstance(value := getattr(item, name), list) and value and type(value[0]) in _VIEWS
    ]


def texts(item: Any) -> list[tuple[str, str]]:
    """A title and a body for each text of several lines: the values of a ConfigMap."""
    data: Mapping[str, str] = getattr(item, "data", {})
    sizes: Mapping[str, int] = getattr(item, "binary_data", {})
    return [
        *((f"Data: {key}", value) for key, value in sorted(data.items())),
        *((f"Data: {key}", f"({size} bytes)") for key, size in sorted(sizes.items())),
    ]


def label(name: str) -> str:
    """``External IPs`` for ``external_ips``."""
    if name in _LABELS:
        return _LABELS[name]
    words = [_UPPER_CASE.get(word, word) for word in name.removesuffix("_at").split("_")]
    return " ".join([words[0][0].upper() + words[0][1:], *words[1:]])


def line(value: Any) -> Cell:
    """The value on one line; None if it is unknown or has a table or a text of its own."""
    if isinstance(value, dict):
        if any(not isinstance(text, str) or "\n" in text for text in value.values()):
            return None
        return ", ".join(f"{key}={text}" for key, text in sorted(value.items()))
    if isinstance(value, list):
        if any(isinstance(entry, msgspec.Struct) for entry in value):
            return None
        return ", ".join(map(str, value)) or None
    if value is None or isinstance(value, bool | int | float | datetime):
        return value
    return str(value)
