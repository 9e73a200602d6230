"""pending until every regular container has started and while one waits; running; stopped."""

from __future__ import annotations

import pytest

from dashborion.models.instance import InstanceStatus
from dashborion.orchestrators.kubernetes.instances import instance_status
from tests.unit.kubernetes.raw_kubernetes import Raw, pod, reported, running, terminated, waiting

PENDING, RUNNING, STOPPED = InstanceStatus.PENDING, InstanceStatus.RUNNING, InstanceStatus.STOPPED
DELETED = {"deletionTimestamp": "2024-05-01T10:00:00Z"}
TWO = {"containers": [{"name": "app"}, {"name": "log"}]}


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        pytest.param([running("app"), running("log")], RUNNING, id="all run"),
        pytest.param([running("app", ready=False), running("log")], RUNNING, id="one is unready"),
        pytest.param([running("app"), waiting("log", "ContainerCreating")], PENDING, id="creating"),
        pytest.param([running("app"), waiting("log", "CrashLoopBackOff")], PENDING, id="back-off"),
        pytest.param([waiting("app", "ImagePullBackOff"), running("log")], PENDING, id="no image"),
        pytest.param([running("app"), reported("log", {})], PENDING, id="one without a state"),
        pytest.param([running("app"), terminated("log", 0)], RUNNING, id="one completed"),
        pytest.param([running("app"), terminated("log", 1)], RUNNING, id="one failed"),
        pytest.param([terminated("app", 1), terminated("log", 1)], PENDING, id="between two runs"),
        pytest.param([running("app")], PENDING, id="one not heard of yet"),
        pytest.param([], PENDING, id="none heard of yet"),
    ],
)
def test_a_pods_status_follows_its_regular_containers(
    statuses: list[Raw], expected: InstanceStatus
) -> None:
    item = pod(spec=TWO, status={"containerStatuses": statuses})
    assert instance_status(item) is expected


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
@pytest.mark.parametrize("statuses", [None, [waiting("app", "ContainerCreating")], [running()]])
def test_a_finished_pod_is_stopped_whatever_its_containers_say(
    phase: str, statuses: list[Raw] | None
) -> None:
    item = pod(status={"phase": phase, "containerStatuses": statuses})
    assert instance_status(item) is STOPPED


def test_init_containers_do_not_make_a_pod_run() -> None:
    item = pod(waiting(reason="PodInitializing"), init=[running("migrate")])
    assert instance_status(item) is PENDING


def test_a_failing_sidecar_does_not_stop_a_pod_from_running() -> None:
    proxy = waiting("proxy", "CrashLoopBackOff", started=True)
    assert instance_status(pod(running(), init=[proxy], sidecars={"proxy"})) is RUNNING


def test_a_terminating_pod_runs_until_its_last_container_has_ended() -> None:
    half = [terminated("app", 0), running("log")]
    ended = [terminated("app", 0), terminated("log", 143)]
    assert instance_status(pod(*half, meta=DELETED)) is RUNNING
    assert instance_status(pod(*ended, meta=DELETED)) is STOPPED


def test_a_terminating_pod_that_never_started_is_pending() -> None:
    assert instance_status(pod(waiting(reason="ContainerCreating"), meta=DELETED)) is PENDING


def test_a_pod_on_a_lost_node_is_as_it_was_last_heard_of() -> None:
    assert instance_status(pod(status={"phase": "Unknown", "reason": "NodeLost"})) is RUNNING
