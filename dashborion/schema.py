"""The JSON Schema of what ``-o json`` prints, generated from the models."""

from __future__ import annotations

from inspect import cleandoc
from types import ModuleType
from typing import Any

import msgspec

from dashborion.errors import UsageError, suggestion
from dashborion.models import (
    cause,
    definition,
    ecs,
    environment,
    event,
    exec_check,
    health,
    instance,
    kubernetes,
    log,
    managed,
    rollout,
    run,
    timeline,
    usage,
    workload,
)
from dashborion.models.base import Model

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_COMMON = (
    workload, instance, event, rollout, definition, cause, log, environment, health, usage,
    exec_check, run, timeline, managed,
)  # fmt: skip
_BASES = (Model, ecs.EcsObject, kubernetes.ClusterObject, kubernetes.NamespacedObject)
_REF = "#/$defs/{name}"


def known() -> dict[str, type[Model]]:
    """The models by name: first the common ones, then those of one orchestrator."""
    common = {name: model for module in _COMMON for name, model in _models_in(module)}
    native = {name: model for module in (kubernetes, ecs) for name, model in _models_in(module)}
    return dict(sorted(common.items())) | native


def _models_in(module: ModuleType) -> list[tuple[str, type[Model]]]:
    return [
        (name, value)
        for name, value in sorted(vars(module).items())
        if isinstance(value, type) and issubclass(value, Model) and value not in _BASES
    ]


def document(name: str | None = None) -> dict[str, Any]:
    """The schema of one model with those that it refers to, or of all as ``$defs``.

    Raises:
        UsageError: there is no such model; upper and lower case are the same.
    """
    if name is None:
        return {"$schema": DIALECT, "$defs": _definitions(list(known().values()))}
    model = {known_name.lower(): model for known_name, model in known().items()}.get(name.lower())
    if model is None:
        names = list(known())
        raise UsageError(f"no schema '{name}'", hint=suggestion(name, names, most=len(names)))
    reference = _REF.format(name=model.__name__)
    return {"$schema": DIALECT, "$ref": reference, "$defs": _definitions([model])}


def _definitions(types: list[type[Model]]) -> dict[str, Any]:
    """The schemas by name. Every property is required: an unknown value is null."""
    _, schemas = msgspec.json.schema_components(types, ref_template=_REF)
    return {
        name: schema
        | ({"required": sorted(schema["properties"])} if "properties" in schema else {})
        | ({"description": cleandoc(schema["description"])} if "description" in schema else {})
        for name, schema in sorted(schemas.items())
    }
