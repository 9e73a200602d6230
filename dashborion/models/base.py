"""The base class of all models."""

from __future__ import annotations

from msgspec import Struct


class Model(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """The base class of all models: frozen, with camelCase names in JSON.

    ``gc=False``: they hold no reference cycles, and lists have very many of them.
    """
