"""JSON Schema of what ``-o json`` prints, generated from the models."""

from __future__ import annotations

from typing import Any

import msgspec

from dashborion import models
from dashborion.errors import UsageError, suggestion
from dashborion.native import ecs, kubernetes

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_BASES = (models.Model, ecs.EcsObject, kubernetes.ClusterObject, kubernetes.NamespacedObject)
_REF = "#/$defs/{name}"


def known() -> dict[str, type[models.Model]]:
    """The models by name. A list prints an array of them, a description one."""
    return {
        name: found
        for module in (models, kubernetes, ecs)
        for name, found in sorted(vars(module).items())
        if isinstance(found, type) and issubclass(found, models.Model) and found not in _BASES
    }


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


def _definitions(types: list[type[models.Model]]) -> dict[str, Any]:
    """Every property is required: what is unknown is null, and never left out."""
    _, found = msgspec.json.schema_components(types, ref_template=_REF)
    return {
        name: one | ({"required": sorted(one["properties"])} if "properties" in one else {})
        for name, one in sorted(found.items())
    }
