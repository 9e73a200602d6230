"""What containers write: told from their runs when someone reads, so nothing is kept.

The same container writes the same lines at the same times, however often it is read. Before the
demo was started (``epoch``) it was quiet: a line every five minutes, then one every two seconds.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

_FIRST_WORDS = ("INFO  starting {name}", "INFO  configuration read", "INFO  listening on :8080")
_QUIET = timedelta(minutes=5)
_BUSY = timedelta(seconds=2)
_GREETING = timedelta(milliseconds=200)
_PATHS = ("/api/items", "/api/items/42", "/api/search?q=lamp", "/health", "/api/cart", "/metrics")


@dataclass(frozen=True)
class Line:
    at: datetime
    text: str


def lines(
    name: str, start: datetime, end: datetime | None, *, now: datetime, epoch: datetime, last: str
) -> list[Line]:
    """The log of one run of a container at ``now``; ``last`` is its last line."""
    until = min(now, end or now)
    written = [
        Line(start + number * _GREETING, words.format(name=name))
        for number, words in enumerate(_FIRST_WORDS)
    ]
    at = start + _BUSY
    number = len(written)
    while at < until:
        written.append(Line(at, _chatter(name, number)))
        at += _BUSY if at >= epoch else min(_QUIET, max(_BUSY, epoch - at))
        number += 1
    if end is not None and last:
        written.append(Line(end - timedelta(milliseconds=1), last))
    return [line for line in written if line.at < until or line.at == end]


def _chatter(name: str, number: int) -> str:
    digest = hashlib.md5(f"{name} {number}".encode(), usedforsecurity=False).digest()
    path = _PATHS[digest[0] % len(_PATHS)]
    if digest[1] < 12:
        return f"WARN  slow answer from the cache: {300 + digest[2]} ms"
    if digest[1] < 20:
        return f"ERROR GET {path} 502 {digest[2]} ms: upstream closed the connection"
    return f"INFO  GET {path} 200 {1 + digest[2] % 90} ms"
