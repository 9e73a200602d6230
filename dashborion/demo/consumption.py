"""What a container uses: a function of its name and the time, so that everybody sees the same.

Shares of what it may use. Most go up and down in a few minutes, one does nothing, and the memory of
one that is killed for it climbs until then. Pure.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping

from dashborion.demo.behaviour import Behaviour, Moment

_BUSY: Mapping[str, tuple[float, float]] = {
    "player": (0.01, 0.1), "recommendations": (0.01, 0.1), "database": (0.85, 0.93),
    "checkout": (0.8, 0.6),
}  # fmt: skip
_PERIOD = 300.0  # seconds
_START = 0.35  # of its limit that a leaking container takes at once


def shares(name: str, instance: str, at: float) -> tuple[float, float]:
    """Of CPU and of memory; ``at`` is a time in seconds."""
    digest = hashlib.md5(name.encode(), usedforsecurity=False).digest()
    own = hashlib.md5(f"{instance}/{name}".encode(), usedforsecurity=False).digest()
    cpu, memory = _BUSY.get(name, (0.2 + digest[0] / 512, 0.3 + digest[1] / 640))
    turn = 2 * math.pi * (at / _PERIOD + own[0] / 256)
    return cpu * (1 + 0.2 * math.sin(turn)), memory * (1 + 0.05 * math.sin(turn + own[1]))


def climbing(memory: float, age: float, lasts: float | None) -> float:
    """The share of memory of a run that is ``age`` old and killed when it ``lasts`` so long."""
    return memory if lasts is None else min(1.0, _START + (1 - _START) * max(0.0, age) / lasts)


def lasts(behaviour: Behaviour, moment: Moment) -> float | None:
    """How long the present run lasts before it has used up its memory; None for ever."""
    goes_on = behaviour.ends is not None and moment.restarts >= behaviour.ends
    return None if goes_on or behaviour.reason != "OOMKilled" else behaviour.runs_for
