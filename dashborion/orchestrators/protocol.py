"""What every orchestrator can do, and what a command lends to it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from dashborion.concurrency import Deadline
from dashborion.config import Environment
from dashborion.errors import DashborionError
from dashborion.models import (
    Check,
    Found,
    Instance,
    InstanceDetail,
    Name,
    Query,
    Workload,
    WorkloadDetail,
)


@dataclass(frozen=True)
class Call:
    """One attempt at one API operation, as ``-v`` shows it: no query, no header, no body."""

    operation: str
    outcome: str
    seconds: float


@dataclass(frozen=True)
class Runtime:
    """What a command lends to the adapters it connects.

    ``warn`` takes what is missing from an otherwise good answer; it and
    ``trace`` are called from several threads.
    """

    deadline: Deadline
    warn: Callable[[DashborionError], None] = lambda _: None
    trace: Callable[[Call], None] = lambda _: None
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    sleep: Callable[[float], None] = time.sleep


class Orchestrator(Protocol):
    """One environment, reachable through one adapter.

    Every method may raise ``AccessError`` and ``Unavailable``; all but
    ``check`` raise ``NotFound`` for a namespace or name that does not exist.
    """

    @property
    def environment(self) -> Environment:
        """The one that it reaches."""
        ...

    def workloads(self, query: Query) -> list[Found[Workload]]:
        """The workloads in a namespace or in all, unordered."""
        ...

    def workload(self, name: Name, query: Query) -> Found[WorkloadDetail]:
        """The one workload of that name; ``Ambiguous`` when there are several."""
        ...

    def instances(self, query: Query) -> list[Found[Instance]]:
        """The instances in a namespace or in all, or of one workload, unordered."""
        ...

    def instance(self, name: Name, query: Query) -> Found[InstanceDetail]:
        """The one instance of that id, name or unique prefix; else ``Ambiguous``."""
        ...

    def check(self) -> Check:
        """Whether the API answers, as whom, and what the credentials may do."""
        ...
