"""What need not be asked for twice: small, private, bounded files.

A cache that cannot be read is empty, one that cannot be written is not kept:
neither is worth an error. Two writers may lose each other's entries, never
produce a broken file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from dashborion.models.ready import ready
from dashborion.storage.files import cache_folder, write_private

T = TypeVar("T")

MOST_ENTRIES = 5000
MOST_BYTES = 8 << 20


@dataclass(frozen=True)
class Shelf(Generic[T]):
    """A mapping of text to values of one type, in one file.

    ``keys`` say whose it is (endpoint, account, region …): they become the
    file's name, so that nobody is shown another account's objects.
    """

    kind: str
    keys: tuple[str, ...]
    type_: type[T]

    @property
    def path(self) -> Path:
        digest = hashlib.sha256("\0".join(self.keys).encode()).hexdigest()[:24]
        return cache_folder() / f"{self.kind}-{digest}.msgpack"

    def read(self) -> dict[str, T]:
        """What is kept, the oldest first; nothing if the file is missing, foreign or broken."""
        try:
            with self.path.open("rb") as file:
                content = file.read(MOST_BYTES + 1)
            if len(content) > MOST_BYTES:
                return {}
            ready(self.type_)
            return msgspec.msgpack.decode(content, type=dict[str, self.type_])  # type: ignore[name-defined]
        except (OSError, msgspec.DecodeError):
            return {}

    def add(self, entries: Mapping[str, T]) -> None:
        """Keep these too; beyond the bound the oldest are forgotten."""
        kept = self.read() | dict(entries)
        newest = dict(list(kept.items())[-MOST_ENTRIES:])
        try:
            write_private(self.path, msgspec.msgpack.encode(newest))
        except OSError:
            return
