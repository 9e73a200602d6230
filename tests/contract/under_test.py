"""What the suite has to know of an orchestrator; everything else must be the same for all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.support.cli import Cli, Result


@dataclass(frozen=True)
class UnderTest:
    """One environment with the fleet of ``tests/support`` in it, and what is called how there.

    Names of workloads are such as every command takes: with their namespace. ``refuse`` takes all
    rights away, ``unplug`` leaves nobody to answer; both last for the test.
    """

    environment: str
    orchestrator: str
    kind: str  # what stands before a workload's name, as in kind/name
    type: str
    other_types: frozenset[str]
    namespaces: tuple[str, str]
    selector: str  # that only the healthy workload fits
    healthy: str  # two instances, an autoscaler, a way in from outside
    degraded: str  # its one container crashes
    stopped: str
    rolling: str  # half way from one revision to the next
    refuse: Callable[[], None]
    unplug: Callable[[], None]
    dashborion: Cli

    def __call__(
        self, command: str, *, tty: bool = False, width: int = 200, fails_with_rows: bool = False
    ) -> Result:
        """Type a command about this environment."""
        words = f"{command} -e {self.environment}"
        return self.dashborion(
            words, tty=tty, width=width, fails_with_rows=fails_with_rows, seconds=20
        )

    @property
    def types(self) -> frozenset[str]:
        return self.other_types | {self.type}


def bare(name: str) -> str:
    """A name without its namespace."""
    return name.rpartition("/")[2]
