"""What a pod's definition refers to and is not there: configuration and volumes."""

from __future__ import annotations

import pytest

from dashborion.orchestrators.kubernetes import wire
from tests.unit.kubernetes.raw_kubernetes import Raw, pod, running, waiting
from tests.unit.kubernetes.raw_kubernetes_causes import NOW, ago, codes, event, found

MISSING = 'MountVolume.SetUp failed for volume "v" : configmap "settings" not found'
SUMMARY = "Unable to attach or mount volumes: unmounted volumes=[v]: timed out"
BUSY = 'Multi-Attach error for volume "v" Volume is already used by pod(s) b'


def mount(message: str, at: str = ago(seconds=30), first: str = ago(minutes=9)) -> Raw:
    return event("FailedMount", message, container=None, at=at, first=first)


def unmade(**more: object) -> wire.Pod:
    status = {"phase": "Pending"}
    return pod(waiting(reason="ContainerCreating"), status=status, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("message", "code", "key"),
    [
        ('secret "key" not found', "config-missing", 'secret "key" not found'),
        ("couldn't find key b in Secret media/key", "config-key", "couldn't find key b in secret"),
        ("container has runAsNonRoot and image will run as root", "run-as-root", "runasnonroot"),
        ("of a kind that nobody knows", "create-failed", "app"),
    ],
)
def test_a_definition_that_makes_no_container(message: str, code: str, key: str) -> None:
    (finding,) = found(pod(waiting(reason="CreateContainerConfigError", message=message)))
    assert (finding.code, finding.key, finding.message) == (code, key, message)


@pytest.mark.parametrize(
    ("events", "code", "message"),
    [
        ([mount(MISSING)], "config-missing", MISSING),
        ([mount(MISSING, ago(minutes=1)), mount(SUMMARY)], "config-missing", MISSING),
        ([mount(MISSING, ago(minutes=40)), mount(SUMMARY)], "mount", SUMMARY),
        ([event("FailedAttachVolume", BUSY, container=None, first=ago(minutes=9))],
         "volume-in-use", BUSY),
    ],
    ids=["plain", "summed-up", "mended", "attached-elsewhere"],
)  # fmt: skip
def test_a_volume_that_cannot_be_mounted(events: list[Raw], code: str, message: str) -> None:
    (finding,) = found(unmade(), events=events)
    assert (finding.code, finding.message, finding.severity) == (code, message, None)


@pytest.mark.parametrize(
    ("message", "severity"), [(BUSY, "warning"), (SUMMARY, "warning"), (MISSING, None)]
)
def test_what_may_mend_by_itself_is_a_warning_first(message: str, severity: str | None) -> None:
    (finding,) = found(unmade(), events=[mount(message, first=ago(seconds=40))])
    assert finding.severity == severity


@pytest.mark.parametrize(
    ("item", "events"),
    [
        (unmade(), [mount(MISSING, ago(minutes=1)), event("Pulling", at=ago(seconds=5))]),
        (pod(running()), [mount(MISSING)]),
        (unmade(meta={"deletionTimestamp": ago(seconds=5)}), [mount(MISSING)]),
    ],
    ids=["mounted-since", "runs", "deleted"],
)
def test_mounts_that_are_no_cause(item: wire.Pod, events: list[Raw]) -> None:
    assert codes(item, events=events, now=NOW) == []


def test_a_pod_with_init_containers_waits_for_its_volumes_too() -> None:
    waits = waiting("before", reason="PodInitializing")
    item = pod(waiting(reason="PodInitializing"), init=[waits], status={"phase": "Pending"})
    assert codes(item, events=[mount(MISSING)]) == ["config-missing"]
