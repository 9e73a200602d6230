"""What people read of a workload that is broken: whole pages at 80 and at 120 columns.

``python -m tests.unit.render.test_broken_pages`` writes them anew.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dashborion.models.cause import Code, LogTail
from dashborion.models.event import Event, EventType
from dashborion.models.instance import InstanceStatus
from dashborion.models.kinds import WorkloadType
from dashborion.models.limits import Limits, Probe, ProbeKind
from dashborion.models.rollout import Revision, Rollout, RolloutState
from dashborion.models.workload import Endpoint, EndpointType, WorkloadDetail, WorkloadStatus
from dashborion.render import Style, show_list, show_one
from dashborion.render.views.workloads import EVENTS, WORKLOADS
from dashborion.streams import Streams
from tests.support.causes import cause
from tests.support.render_samples import NOW, instance, workload

PAGES = Path(__file__).with_name("pages")
TASKS = [f"{number}0b048c92fc96bcf0fb2a1f2e3d4c5b6" for number in range(1, 7)]


def ago(minutes: float) -> Any:
    return NOW - timedelta(minutes=minutes)


def event(minutes: float, reason: str, message: str, about: str, **more: Any) -> Event:
    plain: dict[str, Any] = {
        "timestamp": ago(minutes), "first_seen": ago(minutes), "type": EventType.NORMAL,
        "reason": reason, "message": message, "object": about, "count": 1, "project": "shop",
        "environment": "staging", "namespace": "shop-staging", "workload": about.split("/")[1],
    }  # fmt: skip
    return Event(**plain | more)


def ecs_service() -> WorkloadDetail:
    about, said = "service/recommendations", "(service recommendations)"
    ended = [
        instance(
            f"recommendations-{one[:6]}", id=one, status=InstanceStatus.STOPPED, ready=False,
            reason="Error", message="recommendations exited with 1", revision="recommendations:7",
            created_at=ago(number + 1), stopped_at=ago(number),
        )
        for number, one in enumerate(TASKS[1:], 1)
    ]  # fmt: skip
    started = [
        event(number, "Started", f"{said} has started 1 tasks: (task {one}).", about)
        for number, one in reversed(list(enumerate(TASKS)))
    ]
    unable = f"{said} is unable to consistently start tasks successfully."
    plain = workload(
        "recommendations", project="shop", environment="staging", namespace="shop-staging",
        type=WorkloadType.ECS_SERVICE, status=WorkloadStatus.DEGRADED, desired=1, running=0,
        available=0, images=["registry.example/shop/recommendations:0.8.0"], cpu="256",
        memory="512", updated_at=ago(30),
        rollout=Rollout(state=RolloutState.PROGRESSING, revision="recommendations:7",
                        message="0 of 1 tasks running, 6 failed"),
        endpoints=[Endpoint(type=EndpointType.TARGET_GROUP, name="recommendations",
                            address="internal-recommendations-35957885.elb.example", port=443,
                            protocol="HTTPS", healthy=0, total=1,
                            url="https://recommendations.shop.example/")],
    )  # fmt: skip
    return WorkloadDetail(
        **msgspec.structs.asdict(plain),
        instances=[*ended, instance(f"recommendations-{TASKS[0][:6]}", revision="recommendations:7",
                                    status=InstanceStatus.PENDING, ready=False)],
        causes=[cause(Code.EXIT, reason="Error", message="recommendations exited with 1", count=5,
                      instances=[one.name for one in ended])],
        reasons=[], autoscaling=None,
        revisions=[Revision(revision="recommendations:7", current=True, created_at=ago(30),
                            images=["registry.example/shop/recommendations:0.8.0"], message=None)],
        limits=[Limits(container="recommendations", init=False, cpu="256", cpu_limit="256",
                       memory="512", memory_limit="512",
                       probes=[Probe(kind=ProbeKind.HEALTH, check="command", delay=None, period=30,
                                     timeout=5, failures=3)])],
        events=[event(20, "UnableToStartTasks", unable, about, type=EventType.WARNING), *started],
        log=[LogTail(instance=f"recommendations-{TASKS[1][:6]}", container="recommendations",
                     lines=["FATAL cannot reach the database"])],
    )  # fmt: skip


def deployment() -> WorkloadDetail:
    pods = [f"transcoder-7d9c5b6f4-{name}" for name in ("a1b2c", "d3e4f", "g5h6i")]
    uid = "a48332d1-bbc4-4b63-b693-549651912d2a"
    restarted = f"Back-off restarting failed container transcoder in pod {pods[2]}_media({uid})"
    plain = workload(
        "transcoder", project="media", environment="production", namespace="media", desired=2,
        status=WorkloadStatus.DEGRADED, available=2, images=["registry.example/transcoder:1.10.0"],
        updated_at=ago(40), endpoints=[],
        rollout=Rollout(state=RolloutState.FAILED, revision="2",
                        message='ReplicaSet "transcoder-7d9c5b6f4" has timed out progressing.'),
    )  # fmt: skip
    seen = {"project": "media", "environment": "production", "namespace": "media",
            "workload": "transcoder"}  # fmt: skip
    return WorkloadDetail(
        **msgspec.structs.asdict(plain),
        instances=[
            instance(pods[2], status=InstanceStatus.PENDING, ready=False, restarts=13,
                     reason="CrashLoopBackOff", revision="2", created_at=ago(40)),
            *(instance(pod, created_at=ago(1500)) for pod in pods[:2]),
        ],
        causes=[cause(Code.EXIT, reason="CrashLoopBackOff", message="transcoder exited with 1",
                      count=13, instances=[pods[2]])],
        reasons=[], autoscaling=None, revisions=[],
        limits=[Limits(container="transcoder", init=False, cpu="100m", cpu_limit=None,
                       memory="128Mi", memory_limit="256Mi",
                       probes=[Probe(kind=ProbeKind.READINESS, check="GET :8080/ready", delay=5,
                                     period=10, timeout=1, failures=3),
                               Probe(kind=ProbeKind.LIVENESS, check="TCP :8080", delay=0,
                                     period=10, timeout=1, failures=3)])],
        events=[
            event(40, "ScalingReplicaSet", "Scaled up replica set transcoder-7d9c5b6f4 to 1",
                  "deployment/transcoder", **seen),
            *(event(30, "Started", "Started container transcoder", f"pod/{pod}", **seen)
              for pod in pods),
            event(1, "BackOff", restarted, f"pod/{pods[2]}", count=9, first_seen=ago(40),
                  type=EventType.WARNING, **seen),
        ],
        log=[LogTail(instance=pods[2], container="transcoder", lines=["\x1b[31mFATAL\x1b[0m\x07"])],
    )  # fmt: skip


def drawn(name: str, width: int) -> str:
    streams = Streams.test(tty=True, width=width)
    if name == "events":
        told = [*deployment().events, *ecs_service().events]
        extra = frozenset({"project", "environment", "workload"})
        show_list(streams, EVENTS, told, Style(extra=extra), now=NOW)
    else:
        item = {"deployment": deployment, "ecs-service": ecs_service}[name]()
        show_one(streams, WORKLOADS, item, Style(), now=NOW)
    return str(streams.out.getvalue())  # type: ignore[attr-defined]


CASES = [(name, width) for name in ("deployment", "ecs-service", "events") for width in (80, 120)]


@pytest.mark.parametrize(("name", "width"), CASES, ids=str)
def test_what_is_read_of_what_is_broken(name: str, width: int) -> None:
    seen = drawn(name, width)
    assert max(map(len, seen.splitlines())) <= width
    assert seen == (PAGES / f"{name}-{width}.txt").read_text()


if __name__ == "__main__":
    for page, columns in CASES:
        (PAGES / f"{page}-{columns}.txt").write_text(drawn(page, columns))
