"""The common ground of all models."""

from __future__ import annotations

from msgspec import Struct


class Model(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """The common ground of all models: frozen, camelCase in JSON, without cycles."""
