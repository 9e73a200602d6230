"""Which pods of a workload are read when some have finished, or all."""

from __future__ import annotations

import msgspec
import pytest

from dashborion.models.kinds import WorkloadType
from dashborion.models.query import Name
from dashborion.orchestrators.kubernetes import wire
from dashborion.orchestrators.kubernetes.log_targets import PodGroup, is_meant
from dashborion.orchestrators.logs import Wanted


def pod(name: str, phase: str, minute: int) -> wire.Pod:
    ended = {"exitCode": 1, "finishedAt": f"2026-01-01T00:{minute:02}:00Z"}
    state = {"terminated": ended} if phase != "Running" else {"running": {}}
    plain = {
        "metadata": {"name": name, "namespace": "media", "uid": name},
        "spec": {"containers": [{"name": "app", "image": "example.test/app"}]},
        "status": {"phase": phase, "containerStatuses": [{
            "name": "app", "state": state, "ready": False, "restartCount": 0,
            "image": "example.test/app", "imageID": "", "lastState": {},
        }]},
    }  # fmt: skip
    return msgspec.convert(plain, wire.Pod, strict=False)


@pytest.mark.parametrize(
    ("phases", "expected"),
    [
        pytest.param({"web-a": "Running", "web-b": "Failed"}, {}, id="one runs"),
        pytest.param({"web-a": "Failed", "web-b": "Succeeded"}, {"media/web": "web-b"}, id="none"),
        pytest.param({"web-a": "Failed", "db-a": "Running"}, {"media/web": "web-a"}, id="another"),
        pytest.param({}, {}, id="no pods"),
    ],
)
def test_of_pods_that_have_all_finished_the_last_is_read(
    phases: dict[str, str], expected: dict[str, str]
) -> None:
    pods = [pod(name, phase, minute) for minute, (name, phase) in enumerate(phases.items())]
    group = PodGroup(
        client=None,  # type: ignore[arg-type] # it asks nobody
        environment=None,  # type: ignore[arg-type]
        workload_of=lambda one: one.metadata.name.partition("-")[0],
        list_pods=lambda _: pods,
        wanted=Wanted(),
        none_message="",
    )
    last = group.newest_finished([*reversed(pods)])
    assert {name: one.metadata.name for name, one in last.items()} == expected


@pytest.mark.parametrize(
    ("pattern", "meant"),
    [("web", True), ("w*", True), ("media/*", True), ("m*/w?b", True), ("deploy/w*", True),
     ("sts/web", False), ("other/web", False), ("we", False),
     ("arn:aws:ecs:eu-west-3:123456789012:service/c/web", False)],
)  # fmt: skip
def test_a_workload_is_meant_by_its_name_kind_and_namespace(pattern: str, meant: bool) -> None:
    name = Name("web", WorkloadType.DEPLOYMENT, "media")
    assert is_meant(name, [Name.parse(pattern)]) is meant
    assert is_meant(name, [])
