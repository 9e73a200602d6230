"""What steering an Argo Rollout writes: to its status, and only where something waits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from dashborion.config.places import server_place
from dashborion.errors import UsageError
from dashborion.models.query import Found
from dashborion.orchestrators.changing import Steering
from dashborion.orchestrators.kubernetes import normalise
from dashborion.orchestrators.kubernetes.argo_changes import RolloutToChange
from dashborion.orchestrators.kubernetes.argo_wire import Rollout
from tests.unit.kubernetes.raw_kubernetes import ENVIRONMENT

Raw = dict[str, Any]
STEPS = [{"setWeight": 20}, {"analysis": {}}, {"pause": {}}]
PAUSES = [{"reason": "CanaryPauseStep", "startTime": "2026-11-27T12:00:00Z"}]
DOUBTS = [{"reason": "InconclusiveAnalysisRun", "startTime": "2026-11-27T12:00:00Z"}]
INCONCLUSIVE = {"currentStepAnalysisRunStatus": {"status": "Inconclusive", "name": "x"}}
SAME = {"op": "test", "path": "/metadata/uid", "value": "u-1"}
SAME_HASH = {"op": "test", "path": "/status/currentPodHash", "value": "bb"}


@dataclass
class Recording:
    """As much of a client as one write needs."""

    sent: list[tuple[str, list[Raw]]] = field(default_factory=list)

    def write(self, _method: str, path: str, body: list[Raw], _type: str) -> Raw:
        self.sent.append((path.rpartition("/rollouts/")[2], body))
        return {"metadata": {}, "spec": {"template": {}}}


def plan(client: Recording, action: Steering, **status: Any) -> Any:
    raw: Raw = {
        "metadata": {"name": "web", "namespace": "shop", "uid": "u-1", "generation": 2},
        "spec": {"replicas": 4, "strategy": {"canary": {"steps": STEPS}}},
        "status": {"observedGeneration": "2", "currentPodHash": "bb", "stableRS": "aa"} | status,
    }
    item = msgspec.convert(raw, Rollout)
    target = RolloutToChange(
        environment=ENVIRONMENT,
        place=server_place("https://here"),
        workload=normalise.workload(item, ENVIRONMENT, []),
        autoscaling=None,
        newest=None,
        client=client,  # type: ignore[arg-type]
        found=Found(item, raw),
        scaling=[],
        neighbours=None,  # type: ignore[arg-type]
    )
    return target.plan_steering(action, None)


@pytest.mark.parametrize(
    ("action", "status", "operations"),
    [
        pytest.param(
            "continue", {"phase": "Paused", "pauseConditions": PAUSES, "currentStepIndex": 2},
            [{"op": "test", "path": "/status/pauseConditions", "value": PAUSES},
             {"op": "remove", "path": "/status/pauseConditions"}],
            id="a pause ends",
        ),
        pytest.param(
            "continue",
            {"phase": "Paused", "pauseConditions": DOUBTS, "controllerPause": True,
             "currentStepIndex": 1, "canary": INCONCLUSIVE},
            [{"op": "test", "path": "/status/pauseConditions", "value": DOUBTS},
             {"op": "remove", "path": "/status/pauseConditions"},
             {"op": "add", "path": "/status/controllerPause", "value": False},
             {"op": "add", "path": "/status/currentStepIndex", "value": 2}],
            id="an inconclusive analysis is passed, not run again",
        ),
        pytest.param(
            "resume", {"phase": "Degraded", "abort": True},
            [{"op": "test", "path": "/status/abort", "value": True},
             {"op": "replace", "path": "/status/abort", "value": False}],
            id="what was aborted is tried again",
        ),
    ],
)  # fmt: skip
def test_one_write_that_tests_what_was_shown(
    action: Steering, status: Raw, operations: list[Raw]
) -> None:
    client = Recording()
    planned = plan(client, action, **status)
    assert client.sent == []
    planned.send()
    assert client.sent == [("web/status", [SAME, SAME_HASH, *operations])]


@pytest.mark.parametrize(
    ("action", "status"),
    [
        pytest.param(
            "continue", {"phase": "Progressing", "currentStepIndex": 1},
            id="an analysis that runs is not skipped",
        ),
        pytest.param("continue", {"phase": "Degraded", "abort": True}, id="aborted"),
        pytest.param("resume", {"phase": "Paused", "pauseConditions": PAUSES}, id="no such pause"),
        pytest.param("abort", {"phase": "Degraded", "abort": True}, id="aborted already"),
        pytest.param("abort", {"phase": "Healthy", "stableRS": "bb"}, id="nothing under way"),
        pytest.param("abort", {"phase": "Progressing", "stableRS": ""}, id="nothing to go back to"),
    ],
)  # fmt: skip
def test_where_it_would_do_something_else_it_is_refused(action: Steering, status: Raw) -> None:
    client = Recording()
    with pytest.raises(UsageError):
        plan(client, action, **status)
    assert client.sent == []
