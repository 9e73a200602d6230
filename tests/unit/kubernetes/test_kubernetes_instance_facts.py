"""Where an instance is, since when, how well, and whose."""

from __future__ import annotations

import pytest

from dashborion.models.kinds import WorkloadType
from dashborion.models.query import Name
from dashborion.orchestrators.kubernetes.instances import Owned
from tests.unit.kubernetes.raw_kubernetes import (
    Raw,
    condition,
    ending,
    instance,
    pod,
    reported,
    running,
    terminated,
    waiting,
)


def test_the_identity_of_an_instance() -> None:
    owned = Owned(Name("web", WorkloadType.DEPLOYMENT, "media"), "uid-web", "7")
    found = instance(pod(), owned)
    assert (found.id, found.name) == ("web-7d9c5b8f6d-x2x9p", "web-7d9c5b8f6d-x2x9p")
    assert (found.project, found.environment, found.namespace) == ("rubix", "staging", "media")
    assert (found.orchestrator, found.workload, found.revision) == ("kubernetes", "web", "7")


def test_a_bare_pod_has_no_workload_and_no_revision() -> None:
    found = instance(pod())
    assert (found.workload, found.revision) == (None, None)


def test_the_node_address_and_times_of_an_instance() -> None:
    found = instance(pod(meta={"labels": {"topology.kubernetes.io/zone": "eu-west-3a"}}))
    assert (found.ip, found.node, found.zone) == ("10.1.0.12", "node-a", "eu-west-3a")
    assert str(found.created_at) == "2024-05-01 08:00:00+00:00"
    assert str(found.started_at) == "2024-05-01 08:00:02+00:00"
    assert found.stopped_at is None


@pytest.mark.parametrize(
    ("status", "ip"),
    [
        ({"podIP": "10.0.0.1", "podIPs": None}, "10.0.0.1"),
        ({"podIP": None, "podIPs": [{"ip": "fd00::1"}]}, "fd00::1"),
        ({"podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}]},
         "10.0.0.1,fd00::1"),
    ],
)  # fmt: skip
def test_an_address_may_be_in_either_field(status: Raw, ip: str) -> None:
    assert instance(pod(status=status)).ip == ip


@pytest.mark.parametrize("nothing", ["", None])
def test_an_unscheduled_pod_is_nowhere(nothing: str | None) -> None:
    item = pod(
        spec={"nodeName": nothing},
        status={
            "podIP": nothing,
            "podIPs": None,
            "startTime": None,
            "phase": "Pending",
            "containerStatuses": [],
        },
        meta={"labels": None},
    )
    found = instance(item)
    assert (found.ip, found.node, found.zone, found.started_at) == (None, None, None, None)


@pytest.mark.parametrize(
    ("conditions", "ready", "health"),
    [
        pytest.param([condition("Ready")], True, "healthy", id="ready"),
        pytest.param([condition("Ready", "False")], False, "unhealthy", id="unready"),
        pytest.param([condition("Ready", "Unknown")], False, "unhealthy", id="unknown"),
        pytest.param([condition("ContainersReady")], False, None, id="unsaid"),
    ],
)
def test_readiness_is_the_pods_condition(
    conditions: list[Raw], ready: bool, health: str | None
) -> None:
    found = instance(pod(conditions=conditions))
    assert (found.ready, found.health) == (ready, health)


def test_a_readiness_gate_makes_a_pod_unready_whose_containers_all_are() -> None:
    gate = condition("Ready", "False", reason="ReadinessGatesNotReady", message="gate")
    found = instance(pod(running(ready=True), conditions=[gate]))
    assert (found.ready, found.containers[0].ready, found.message) == (False, True, "gate")


def test_only_a_running_instance_has_a_health() -> None:
    item = pod(waiting(reason="CrashLoopBackOff"), conditions=[condition("Ready", "False")])
    assert instance(item).health is None


def test_a_finished_instance_stopped_with_its_last_container() -> None:
    early = {"terminated": ending(0, finishedAt="2024-05-01T08:30:00Z")}
    late = {"terminated": ending(0, finishedAt="2024-05-01T08:45:00Z")}
    item = pod(reported("a", late), reported("b", early), status={"phase": "Succeeded"})
    assert str(instance(item).stopped_at) == "2024-05-01 08:45:00+00:00"


def test_an_end_without_a_time_is_unknown() -> None:
    gone = {"terminated": ending(137, "ContainerStatusUnknown", finishedAt=None)}
    item = pod(reported("app", gone), status={"phase": "Failed"})
    assert instance(item).stopped_at is None


def test_a_container_between_two_runs_has_not_stopped_its_instance() -> None:
    assert instance(pod(terminated(code=1, reason="Error"))).stopped_at is None


def test_an_instance_that_failed_to_initialize_stopped_with_its_init_container() -> None:

    item = pod(
        waiting(reason="PodInitializing"),
        init=[terminated("migrate", 1, "Error")],
        conditions=[condition("Initialized", "False")],
        status={"phase": "Failed"},
        spec={"restartPolicy": "Never"},
    )
    found = instance(item)
    assert (found.status, found.reason) == ("stopped", "Init:Error")
    assert str(found.stopped_at) == "2024-05-01 09:00:00+00:00"
