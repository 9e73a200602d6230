"""One workload on its way through a change of several, and what is said of it meanwhile."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from msgspec.structs import replace

from dashborion.engines.answers import located
from dashborion.engines.change_parts import change_of, told_of
from dashborion.errors import DashborionError, NotApplicable
from dashborion.models.kinds import KIND_OF
from dashborion.models.rollout import Change, ChangeError, Outcome
from dashborion.orchestrators.changing import WorkloadToChange
from dashborion.streams import Streams

NOT_BEGUN = ChangeError(
    code="not-begun", message="not begun, as another one failed", hint="--keep-going goes on"
)
HALTED = ChangeError(code="not-begun", message="not begun, as this was interrupted", hint=None)
INTERRUPTED = ChangeError(
    code="interrupted", message="interrupted: the change may have been applied", hint=None
)


@dataclass(eq=False)
class Row:
    """One workload on its way."""

    target: WorkloadToChange
    change: Change | None = None
    error: DashborionError | None = None
    lines: list[str] = field(default_factory=list)
    warnings: list[DashborionError] = field(default_factory=list)
    known: frozenset[str] = frozenset()  # what the plan has said
    is_begun: bool = False

    @property
    def short(self) -> str:
        workload = self.target.workload
        return f"{KIND_OF[workload.type]}/{workload.name}"

    @property
    def label(self) -> str:
        return f"{self.short} in {self.target.environment.label}"

    @property
    def is_to_do(self) -> bool:
        return self.error is None and self.change is not None and self.change.outcome is None

    @property
    def why(self) -> str:
        """What was wrong with it, to be read beside its name."""
        message = self.error.message if self.error else ""
        return message.removeprefix(f"{self.target.workload.name}: ")

    @property
    def skipped_because(self) -> str | None:
        """Why nothing is sent for it, and nothing is wrong with that."""
        if isinstance(self.error, NotApplicable):
            return self.why
        unchanged = self.change.error if self.change and self.error is None else None
        return unchanged.message if unchanged else None

    def failed(self, error: DashborionError) -> None:
        name = self.target.workload.name
        if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", error.message):
            error.message = f"{name}: {error.message}"
        self.error = located(error, self.target.environment)

    def told(self, action: str, not_begun: ChangeError, *, dry_run: bool) -> Change:
        """What became of it; what was ``not_begun`` is skipped for that reason."""
        if self.change is not None and (self.error is None or self.change.outcome):
            return self.change
        made = self.change or change_of(
            self.target.workload, action, self.target.workload.desired, None, dry_run=dry_run
        )
        if self.error is None and self.is_begun:
            return replace(made, outcome=Outcome.FAILED, error=INTERRUPTED)
        if self.error is None:
            return replace(made, outcome=Outcome.SKIPPED, error=not_begun)
        is_skipped = isinstance(self.error, NotApplicable)
        outcome = Outcome.SKIPPED if is_skipped else Outcome.FAILED
        return replace(made, outcome=outcome, error=replace(told_of(self.error), message=self.why))


@dataclass(eq=False, repr=False)
class Kept(Streams):
    """Streams that keep what is announced and warned of, and hand on what was not ``known``."""

    hand_on: Callable[[str], None] = lambda _: None
    hand_on_warning: Callable[[DashborionError], None] = lambda _: None
    known: frozenset[str] = frozenset()
    kept: list[str] = field(default_factory=list)
    warned: list[DashborionError] = field(default_factory=list)

    @classmethod
    def instead_of(cls, streams: Streams, **more: Any) -> Self:
        """The same streams, but for a terminal's live line, of which there is one."""
        names = ("out", "err", "width", "structured", "workflow", "quiet", "_lock")
        return cls(**{name: getattr(streams, name) for name in names}, **more)

    def announce(self, message: str) -> None:
        self.kept.append(message)
        if message not in self.known:
            self.hand_on(message)

    def warn(self, error: DashborionError) -> None:
        self.warned.append(error)
        if error.message not in self.known:
            self.hand_on_warning(error)
