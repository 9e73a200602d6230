"""Types made ready for msgspec, one after the other.

msgspec works out how to decode a Struct when it first meets it, in full view of
other threads: one that meets the same type meanwhile reads a half-made plan and
takes the interpreter down with it (seen with msgspec 0.18 to 0.20: once in a few
hundred commands that decode on several threads).
"""

from __future__ import annotations

import threading
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_ready: set[Any] = set()
_lock = threading.Lock()


def ready(type_: type[T]) -> type[T]:
    """The type itself, with everything in it worked out: to be called before threads decode."""
    if type_ not in _ready:
        with _lock:
            if type_ not in _ready:
                msgspec.json.Decoder(type_)
                _ready.add(type_)
    return type_
