"""What a wait for a rollout is for: its end, or a point on the way there. Pure."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from dashborion.errors import Conflict, UsageError, short
from dashborion.models.rollout import RolloutState
from dashborion.orchestrators.changing import RolloutProgress, WorkloadToChange

GOALS = ("done", "shifted", "paused", "stage:NAME")
_UNSHIFTED = frozenset({"rolling", "recreate", "on-delete", "code-deploy", "external"})


class Until(Struct, frozen=True):
    """A goal: ``done``, ``shifted`` (all production traffic), ``paused``, or a ``stage``."""

    goal: Literal["done", "shifted", "paused", "stage"] = "done"
    stage: str = ""

    @classmethod
    def parse(cls, text: str) -> Until:
        """What was typed for ``--until``.

        Raises:
            UsageError: it is no goal.
        """
        word, _, stage = text.partition(":")
        if word == "stage" and stage:
            return cls("stage", stage.upper())
        for goal in ("done", "shifted", "paused"):
            if text == goal:
                return cls(goal)
        raise UsageError(f"--until '{short(text)}': use {', '.join(GOALS[:-1])} or {GOALS[-1]}")

    def require_possible(self, workload: WorkloadToChange) -> None:
        """Check that the rollouts of a workload can come there.

        Raises:
            UsageError: they have no such stage, or direct no traffic.
        """
        name, strategy = workload.workload.name, workload.workload.rollout.strategy
        if self.goal == "shifted" and (strategy is None or strategy in _UNSHIFTED):
            raise UsageError(
                f"--until shifted: rollouts of {name} direct no traffic: they are {strategy}",
                hint="use --until done",
            )
        if self.goal == "stage" and self.stage not in map(str.upper, workload.stages):
            known = ", ".join(workload.stages)
            raise UsageError(
                f"--until: rollouts of {name} have no stage {short(self.stage)}",
                hint=f"its stages are {known}" if known else f"it has none: they are {strategy}",
            )

    def is_reached(self, seen: RolloutProgress, workload: WorkloadToChange) -> bool:
        """Whether a rollout is there or past it; what ended badly is not.

        Raises:
            Conflict: it was to be paused, and is complete.
        """
        if self.goal == "paused":
            if seen.done:
                raise Conflict(f"{workload.workload.name} is complete: nothing of it is paused")
            return seen.rollout.state is RolloutState.PAUSED
        if seen.done or seen.ended not in (None, "paused"):
            return seen.done
        if self.goal == "shifted":
            traffic = seen.rollout.traffic
            return traffic is not None and (traffic.production or 0) >= 100
        stages = [one.upper() for one in workload.stages]
        now = (seen.rollout.stage or "").upper()
        if self.goal == "stage" and now in stages:
            return stages.index(now) >= stages.index(self.stage)
        return False


DONE = Until()
