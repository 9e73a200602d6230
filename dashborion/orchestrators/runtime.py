"""What a command lends to the adapters it connects."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeVar

from msgspec import Struct, field

from dashborion.concurrency import Deadline
from dashborion.errors import DashborionError

T_co = TypeVar("T_co", covariant=True)


class Call(Struct, frozen=True):
    """One attempt at one API operation, as ``-v`` shows it: no query, no header, no body."""

    operation: str
    outcome: str
    seconds: float


class Runtime(Struct, frozen=True):
    """What a command lends to the adapters it connects.

    ``warn`` takes why decoration is missing from an otherwise good answer (an endpoint,
    an autoscaler, tags); ``incomplete`` why rows or log lines may be missing, which the
    exit code tells, too. They and ``trace`` are called from several threads.
    """

    deadline: Deadline
    warn: Callable[[DashborionError], None] = lambda _: None
    incomplete: Callable[[DashborionError], None] = lambda _: None
    trace: Callable[[Call], None] = lambda _: None
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
