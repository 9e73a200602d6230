"""``instances exec`` in a task that can run no command now: its state is said, no right blamed."""

from __future__ import annotations

import pytest

from tests.support.aws_objects import CREATED, AwsObjects, Json, task
from tests.support.cli import Cli

AGENT = {"name": "ExecuteCommandAgent", "lastStatus": "RUNNING"}
APP = {"name": "app", "lastStatus": "RUNNING", "managedAgents": [AGENT]}
SIDE = {"name": "side", "lastStatus": "RUNNING", "managedAgents": [AGENT]}
OVER = {"lastStatus": "STOPPED", "desiredStatus": "STOPPED", "stoppedAt": CREATED + 60}
EXITED = {
    "stopCode": "EssentialContainerExited",
    "stoppedReason": "Essential container in task exited",
    "containers": [{"name": "app", "lastStatus": "STOPPED", "exitCode": 1}],
}


@pytest.mark.parametrize(
    ("state", "words"),
    [
        pytest.param(
            OVER | EXITED,
            "has stopped: Error: app exited with 1",
            id="stopped",
        ),
        pytest.param(OVER, "has stopped", id="stopped, nobody knows why"),
        pytest.param(
            OVER | {"enableExecuteCommand": False}, "has stopped", id="stopped, and exec was off"
        ),
        pytest.param({"desiredStatus": "STOPPED"}, "is stopping", id="stopping"),
        pytest.param(
            {"desiredStatus": "STOPPED", "lastStatus": "DEACTIVATING",
             "stoppedReason": "Scaling activity initiated by x"},
            "is stopping: Scaling activity initiated by x",
            id="stopping, for a reason",
        ),
        pytest.param({"lastStatus": "PENDING"}, "is pending", id="pending"),
        pytest.param({"lastStatus": "PROVISIONING"}, "is pending", id="provisioning"),
        pytest.param(
            {"containers": [{"name": "app", "lastStatus": "STOPPED", "exitCode": 3}, SIDE]},
            "container 'app' has stopped: exit code 3",
            id="a container that ended alone",
        ),
        pytest.param(
            {"containers": [{"name": "app", "lastStatus": "PENDING"}, SIDE]},
            "container 'app' has not started yet",
            id="a container that waits for another",
        ),
    ],
)  # fmt: skip
def test_a_task_that_can_run_no_command_now(
    dashborion: Cli, aws: AwsObjects, state: Json, words: str
) -> None:
    item = {"enableExecuteCommand": True, "containers": [APP, SIDE]} | state
    aws.objects["tasks"] = [task(1, "web", **item)]
    seen = dashborion(f"instances exec {1:032x} -c app -- ls")
    assert (seen.exit_code, words in seen.err) == (1, True), seen.err
    assert "role" not in seen.err
    assert "allow" not in seen.err
    assert aws.spy.counts["ecs:ExecuteCommand"] == 0


def test_a_task_run_by_hand_without_it(dashborion: Cli, aws: AwsObjects) -> None:
    aws.objects["tasks"] = [task(1, "web", group="family:web", containers=[APP])]
    seen = dashborion(f"instances exec {1:032x} -- ls")
    assert (seen.exit_code, "aws ecs run-task --enable-execute-command" in seen.err) == (1, True)
