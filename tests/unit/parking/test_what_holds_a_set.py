"""A StatefulSet whose pods end in turn: which of them keeps the others from ending."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from dashborion.orchestrators.kubernetes import wire
from dashborion.orchestrators.kubernetes.parking import _blocking

R, U, T = "ready", "unready", "Terminating"
SETS = {
    "all ready": ([R, R, R], None),
    "the only one that is not is the last": ([R, R, U], None),
    "two are not, and the last is one": ([R, U, U], "db-1"),
    "two are not, and the last is ready": ([U, U, R], None),
    "the last ends already": ([U, R, T], None),
    "the first and the last": ([U, R, U], "db-0"),
}


def members(states: list[str]) -> Any:
    return [
        (None, SimpleNamespace(name=f"db-{n}", ready=state == R, reason=state))
        for n, state in enumerate(states)
    ]


def a_set(policy: str) -> wire.StatefulSet:
    meta = wire.TracedMeta(name="db")
    return wire.StatefulSet(metadata=meta, spec=wire.StatefulSetSpec(pod_management_policy=policy))


@pytest.mark.parametrize(("states", "blocking"), SETS.values(), ids=SETS)
def test_the_first_pod_that_is_not_ready_holds_what_comes_behind(
    states: list[str], blocking: str | None
) -> None:
    assert _blocking(cast("Any", members(states)), a_set("OrderedReady")) == blocking
    assert _blocking(cast("Any", members(states)), a_set("Parallel")) is None
