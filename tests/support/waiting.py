"""How long tests wait: for a condition, and never for a machine to be quick.

What a test expects comes within milliseconds on a machine with nothing else to do. The bounds
here are for one that has: they end a test which would otherwise never end.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE_SECONDS = 240.0
"""Nothing that works takes so long: servers that are silent are so for this time."""

Answer = TypeVar("Answer")


def wait_for(
    description: str,
    predicate: Callable[[], Answer],
    seconds: float = PATIENCE_SECONDS,
    *,
    interval: float = 0.05,
) -> Answer:
    """Ask until the answer is true, and return it.

    Raises:
        TimeoutError: it never was; names what was waited for.
    """
    deadline = time.monotonic() + seconds
    while not (answer := predicate()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {seconds:g} s still waiting for {description}")
        time.sleep(interval)
    return answer
