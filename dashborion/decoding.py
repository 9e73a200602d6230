"""Types that msgspec may decode on several threads at once.

msgspec reads a type's fields when they are first needed. Two threads that need
the same type first end the process with a segmentation fault (seen with 0.22 in
``convert``), so that moment is kept to one thread.
"""

from __future__ import annotations

import threading
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_known: set[Any] = set()
_one_at_a_time = threading.Lock()


def ready(type_: type[T]) -> type[T]:
    """The type, when msgspec knows all that it has to of it and of those inside it."""
    if type_ not in _known:
        with _one_at_a_time:
            msgspec.json.Decoder(type_)
            _known.add(type_)
    return type_
