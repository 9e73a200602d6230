"""Pods that say nothing, at which lists do not look any further."""

from __future__ import annotations

from typing import Any

import pytest

from dashborion.orchestrators.kubernetes import wire
from dashborion.orchestrators.kubernetes.instances import is_well
from tests.unit.kubernetes.raw_kubernetes import pod, running, terminated, waiting

READY = [{"type": type_, "status": "True"} for type_ in ("PodScheduled", "Ready")]
UP = {"phase": "Running"}
ENDED: Any = {"lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}


def well(*statuses: dict[str, object], **more: object) -> wire.Pod:
    return pod(*statuses, **({"status": UP, "conditions": READY} | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(well(), id="one container"),
        pytest.param(well(running("a"), running("b")), id="two"),
        pytest.param(well(init=[terminated("setup")]), id="after its init container"),
    ],
)
def test_a_pod_that_runs_and_is_ready(one: wire.Pod) -> None:
    assert is_well(one)


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(well(status={"phase": "Pending"}), id="it does not run yet"),
        pytest.param(well(conditions=[]), id="nobody has said anything of it"),
        pytest.param(well(conditions=[{"type": "Ready", "status": "False"}]), id="not ready"),
        pytest.param(
            well(conditions=[*READY, {"type": "PodResizePending", "status": "True"}]),
            id="a condition that says more",
        ),
        pytest.param(well(status=UP | {"reason": "NodeLost"}), id="a reason of its own"),
        pytest.param(well(status=UP | {"resize": "Deferred"}), id="a resize that waits"),
        pytest.param(well(waiting(reason="CrashLoopBackOff")), id="a container waits"),
        pytest.param(well(running(ready=False)), id="a container is not ready"),
        pytest.param(well(running(**ENDED)), id="a container has ended before"),
        pytest.param(well(init=[running("mesh", **ENDED)], sidecars=["mesh"]), id="a sidecar has"),
        pytest.param(
            well(meta={"deletionTimestamp": "2024-05-01T09:00:00Z"}), id="it is being deleted"
        ),
    ],
)
def test_a_pod_that_says_more_is_looked_at(one: wire.Pod) -> None:
    assert not is_well(one)
