"""JSON Schema of what ``-o json`` prints, generated from the models."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import msgspec

from dashborion.errors import UsageError, suggestion
from dashborion.models import (
    change,
    ecs,
    endpoint,
    environment,
    event,
    instance,
    kubernetes,
    log,
    rollout,
    workload,
)
from dashborion.models.base import Model

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_COMMON = (workload, instance, endpoint, event, rollout, change, log, environment)
_BASES = (Model, ecs.EcsObject, kubernetes.ClusterObject, kubernetes.NamespacedObject)
_REF = "#/$defs/{name}"


def known() -> dict[str, type[Model]]:
    """The models by name. A list prints an array of them, a description one."""
    common = {name: found for module in _COMMON for name, found in _models_in(module)}
    native = {name: found for module in (kubernetes, ecs) for name, found in _models_in(module)}
    return dict(sorted(common.items())) | native


def _models_in(module: ModuleType) -> list[tuple[str, type[Model]]]:
    return [
        (name, found)
        for name, found in sorted(vars(module).items())
        if isinstance(found, type) and issubclass(found, Model) and found not in _BASES
    ]


def document(name: str | None = None) -> dict[str, Any]:
    """One model's schema with what it refers to, or all of them as ``$defs``.

    Raises:
        UsageError: no model of that name, in either case.
    """
    if name is None:
        return {"$schema": DIALECT, "$defs": _definitions(list(known().values()))}
    found = next((type_ for one, type_ in known().items() if one.lower() == name.lower()), None)
    if found is None:
        names = list(known())
        raise UsageError(f"no schema '{name}'", hint=suggestion(name, names, most=len(names)))
    reference = _REF.format(name=found.__name__)
    return {"$schema": DIALECT, "$ref": reference, "$defs": _definitions([found])}


def _definitions(types: list[type[Model]]) -> dict[str, Any]:
    """Every property is required: what is unknown is null, and never left out."""
    _, found = msgspec.json.schema_components(types, ref_template=_REF)
    return {
        name: one | ({"required": sorted(one["properties"])} if "properties" in one else {})
        for name, one in sorted(found.items())
    }
