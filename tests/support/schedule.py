"""Which tests one worker runs all of: those that share what is costly to start.

xdist has marks for it, which pytest 9.2 keeps from reaching the scheduler (xdist 3.8 writes them
behind a node id that is not read any more). The ids themselves say enough.
"""

from __future__ import annotations

import re
from typing import Any

from xdist.scheduler import LoadScopeScheduling

_TOGETHER = {
    "a real node": re.compile(r"tests/real/node/"),
    # Two fleets, all of which suffers: each is made once, instead of by every worker.
    "a broken namespace": re.compile(r"test_demo_breaks\.py::test_the_kubernetes_api"),
    "a broken shop": re.compile(r"test_demo_breaks\.py::"),
    "a demo that several look at": re.compile(r"demo/process/test_demo_(examples|isolation)"),
    "thousands of random objects": re.compile(r"agrees_with_the_printer"),
    # Both versions, wherever their tests are; one of these raises a quota that others wait for.
    "a control plane": re.compile(r"tests/real/|\[(current|oldest)(_kubernetes)?\b"),
}


class Together(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Every test by itself, but for those that belong together."""

    def _reschedule(self, node: Any) -> None:
        """Before all that a worker was given is counted, after each test, what is done goes."""
        given = self.assigned_work[node]
        for scope in [scope for scope, tests in given.items() if all(tests.values())]:
            del given[scope]
        super()._reschedule(node)

    def _split_scope(self, nodeid: str) -> str:
        return next((name for name, ids in _TOGETHER.items() if ids.search(nodeid)), nodeid)
