"""The wait for a rollout: one loop for all kinds and orchestrators.

The judgement is the adapters'; the patience is here. Waiting ends when the
rollout is done, when it ended badly, when its instances fail in a way that
time does not mend, or at the timeout. What the API could not answer is asked
again: a throttled or lost connection is not a failed rollout.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from dashborion.errors import (
    RolloutFailed,
    RolloutPending,
    Unavailable,
)
from dashborion.orchestrators.protocol import Look, Trouble

TIMEOUT_SECONDS = 600.0
POLL_SECONDS = 2.0


@dataclass(frozen=True)
class Patience:
    """When to give up: crashes in all, and how long in seconds the rest may last."""

    crashes: int = 2
    pull_seconds: float = 20.0
    placement_seconds: float = 30.0
    timeout_seconds: float = TIMEOUT_SECONDS


@dataclass
class Wait:
    """One wait. ``look`` asks once, ``report`` is told each change of the message."""

    look: Callable[[], Look]
    report: Callable[[str], None]
    patience: Patience = field(default_factory=Patience)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _since: dict[tuple[str, str], float] = field(default_factory=dict)
    _said: str = ""
    _end: float | None = None
    last: Look | None = None

    def left(self) -> float:
        """Seconds until the timeout; all of it before the wait began."""
        if self._end is None:
            return self.patience.timeout_seconds
        return max(0.0, self._end - self.clock())

    def until_done(self) -> Look:
        """Look until the rollout is done.

        Raises:
            RolloutFailed: it failed, was rolled back, superseded, or its object deleted.
            RolloutPending: the time is up, or it is paused.
        """
        self._end = self.clock() + self.patience.timeout_seconds
        while True:
            look = self._try()
            if look is not None:
                self.last = look
                self._say(look.message)
                if look.done:
                    return look
                self._end_if_hopeless(look)
            if self.left() <= 0:
                where = self.last.message if self.last else "nothing was heard of it"
                raise RolloutPending(
                    f"not finished after {self.patience.timeout_seconds:g} seconds: {where}",
                    hint="it goes on; `dashborion workloads status NAME --wait` takes it up again",
                )
            self.sleep(min(POLL_SECONDS, self.left()))

    def _try(self) -> Look | None:
        try:
            return self.look()
        except Unavailable as error:
            self._say(f"asking again: {error.message}")
            return None

    def _end_if_hopeless(self, look: Look) -> None:
        if look.ended == "paused":
            raise RolloutPending(look.message)
        if look.ended is not None:
            raise RolloutFailed(look.message, code=look.ended)
        reason = self._hopeless(look.troubles)
        if reason:
            raise RolloutFailed(f"{reason}; {look.message}")

    def _hopeless(self, troubles: Sequence[Trouble]) -> str | None:
        """Why it is no use to wait on, grouped and counted; None as long as it is."""
        crashes = [one for one in troubles if one.kind == "crash"]
        if sum(one.count for one in crashes) >= self.patience.crashes:
            return grouped(crashes)
        limits = {
            "pull": self.patience.pull_seconds,
            "placement": self.patience.placement_seconds,
        }
        now = self.clock()
        lasting = {(one.instance, one.kind) for one in troubles if one.kind in limits}
        self._since = {key: self._since.get(key, now) for key in lasting}
        long = [
            one
            for one in troubles
            if one.kind in limits and now - self._since[one.instance, one.kind] >= limits[one.kind]
        ]
        return grouped(long) if long else None

    def _say(self, message: str) -> None:
        if message != self._said:
            self._said = message
            self.report(message)


def grouped(troubles: Sequence[Trouble]) -> str:
    """``CrashLoopBackOff x3 (web-1, web-2): its message``, reason by reason."""
    reasons: dict[str, list[Trouble]] = {}
    for trouble in troubles:
        reasons.setdefault(trouble.reason, []).append(trouble)
    parts = []
    for reason, members in reasons.items():
        names = list(dict.fromkeys(one.instance for one in members if one.instance))
        shown = ", ".join(names[:3]) + (f" +{len(names) - 3} more" if len(names) > 3 else "")
        message = next((one.message for one in reversed(members) if one.message), None)
        where = f" ({shown})" if shown else ""
        parts.append(
            f"{reason} x{sum(one.count for one in members)}{where}"
            + (f": {message}" if message else "")
        )
    return "; ".join(parts)
