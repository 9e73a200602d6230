"""The base class of all models, and what makes Structs safe to decode on several threads."""

from __future__ import annotations

import threading
from typing import Any, Protocol, TypeVar

import msgspec
from msgspec import Struct

T = TypeVar("T")

_ready: set[Any] = set()
_lock = threading.Lock()


class Model(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """The base class of all models: frozen, with camelCase names in JSON.

    ``gc=False``: they hold no reference cycles, and lists have very many of them.
    """


def ready(type_: type[T]) -> type[T]:
    """Prepare a type, and return it: to be called before threads decode it.

    msgspec builds the decoding plan of a Struct on first use, without a lock: a thread
    that decodes the same type meanwhile reads an incomplete plan, and the interpreter
    crashes (seen with msgspec 0.18 to 0.20: once in a few hundred commands).
    """
    with _lock:
        if type_ not in _ready:
            msgspec.json.Decoder(type_)
            _ready.add(type_)
    return type_


class Placed(Protocol):
    """Anything that is in an environment, or in none that is known."""

    @property
    def project(self) -> str | None: ...
    @property
    def environment(self) -> str | None: ...


def environment_label(item: Placed) -> str:
    """``project/name`` of the environment that something is in, or the name alone."""
    return f"{item.project}/{item.environment}" if item.project else item.environment or ""
