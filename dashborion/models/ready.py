"""Prepares types for decoding with msgspec on several threads.

msgspec builds the decoding plan of a Struct on first use, without a lock: a thread
that decodes the same type meanwhile reads an incomplete plan, and the interpreter
crashes (seen with msgspec 0.18 to 0.20: once in a few hundred commands).
"""

from __future__ import annotations

import threading
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_ready: set[Any] = set()
_lock = threading.Lock()


def ready(type_: type[T]) -> type[T]:
    """Prepare a type, and return it: to be called before threads decode it."""
    if type_ not in _ready:
        with _lock:
            if type_ not in _ready:
                msgspec.json.Decoder(type_)
                _ready.add(type_)
    return type_
