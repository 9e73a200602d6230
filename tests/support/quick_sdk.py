"""AWS' SDK for a process that runs thousands of commands: what it works out anew for each session.

A session registers some 130 handlers; for each of them botocore looks up its event's name in a
table of 150 patterns, and reads the handler's signature; and it decodes the descriptions of the
APIs. All that depends on the program alone, and was two thirds of what the tests of ECS cost.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from botocore import hooks
from botocore.loaders import Loader


def remember() -> None:
    """From now on, in this process, each is worked out once."""
    aliaser = hooks.EventAliaser(hooks.HierarchicalEmitter())
    hooks.EventAliaser._alias_event_name = staticmethod(functools.cache(aliaser._alias_event_name))
    hooks.accepts_kwargs = functools.partial(_accepts_kwargs, hooks.accepts_kwargs)
    Loader.load_data_with_path = _read_once(Loader.load_data_with_path)


def _accepts_kwargs(original: Callable[[Any], Any], handler: Any) -> Any:
    code = getattr(handler, "__code__", None)  # a function's, or a method's
    return original(handler) if code is None else code.co_flags & inspect.CO_VARKEYWORDS


def _read_once(original: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    """What a loader has read, for all loaders of the same folders."""
    known: dict[Any, Any] = {}

    def load(loader: Any, name: str) -> Any:
        key = (type(loader), *loader.search_paths, name)
        if key not in known:
            known[key] = original(loader, name)
        return known[key]

    return load
