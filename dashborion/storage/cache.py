"""Caches of API answers: small, private, bounded files.

A cache that cannot be read counts as empty, one that cannot be written is not
kept: neither is worth an error. Processes that write at once take turns.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from dashborion.models.base import ready
from dashborion.storage.files import (
    CACHE_LOCK_SECONDS,
    cache_folder,
    locked,
    read_own,
    write_private,
)

T = TypeVar("T")

MOST_ENTRIES = 5000
MOST_BYTES = 8 << 20


@dataclass(frozen=True)
class FileCache(Generic[T]):
    """A mapping of text to values of one type, in one file.

    ``keys`` are the endpoint, account, region and so on. The file's name is made of
    them, so that no account sees another one's objects.
    """

    kind: str
    keys: tuple[str, ...]
    type_: type[T]

    @property
    def path(self) -> Path:
        digest = hashlib.sha256("\0".join(self.keys).encode(errors="surrogateescape")).hexdigest()[
            :24
        ]
        return cache_folder() / f"{self.kind}-{digest}.msgpack"

    def read(self) -> dict[str, T]:
        """The entries, the oldest first; none if the file is missing, too large or broken."""
        try:
            content = read_own(self.path, most_bytes=MOST_BYTES)
            ready(self.type_)
            return msgspec.msgpack.decode(content, type=dict[str, self.type_])  # type: ignore[name-defined]
        except (OSError, msgspec.DecodeError, RecursionError):
            return {}

    def add(self, entries: Mapping[str, T]) -> None:
        """Add entries; beyond ``MOST_ENTRIES`` the oldest are dropped."""
        with suppress(OSError), locked(self.path, seconds=CACHE_LOCK_SECONDS):
            kept = self.read() | dict(entries)
            newest = dict(list(kept.items())[-MOST_ENTRIES:])
            write_private(self.path, msgspec.msgpack.encode(newest))
