"""Lists as the server prints them for kubectl, and the resources that an API version serves."""

from __future__ import annotations

from typing import Any

from dashborion.orchestrators.kubernetes.wire.meta import ListMeta, Meta, Object, Wire


class ApiResource(Wire, frozen=True):
    name: str


class ApiResources(Wire, frozen=True):
    """What a group's version serves."""

    resources: list[ApiResource] | None = None


class TableRow(Wire, frozen=True):
    """What the server prints of one object, cell by cell, and the object's metadata."""

    cells: list[Any]
    object: Object

    @property
    def metadata(self) -> Meta:
        return self.object.metadata


class Table(Wire, frozen=True):
    """A list as the server prints it for kubectl: without the objects' bodies."""

    rows: list[TableRow] | None
    metadata: ListMeta = ListMeta()
