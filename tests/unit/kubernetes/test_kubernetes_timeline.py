"""Which rollouts and which scaling ReplicaSets, revisions and events tell of."""

from __future__ import annotations

from typing import Any

import pytest

from dashborion.engines.timeline import in_order
from dashborion.models.query import Found
from dashborion.orchestrators.kubernetes import normalise, timeline, turnover, wire
from dashborion.orchestrators.kubernetes.happened import WorkloadPast
from tests.unit.kubernetes.raw_kubernetes import ENVIRONMENT, decode
from tests.unit.kubernetes.raw_kubernetes_workloads import deployment

A, B = "web-a", "web-b"
FIELDS: dict[str, Any] = {"f:spec": {"f:template": {"f:spec": {}}}}


def at(minute: int) -> str:
    return f"2026-11-27T12:{minute:02}:00Z"


def kept(name: str, number: int, made: int, former: str = "", written: int | None = None) -> Any:
    notes = {"deployment.kubernetes.io/revision": str(number)}
    if former:
        notes["deployment.kubernetes.io/revision-history"] = former
    fields = [{"manager": "kube-controller-manager", "time": at(written)}] if written else []
    meta = {"name": name, "creationTimestamp": at(made), "annotations": notes}
    plain = {"metadata": {**meta, "managedFields": fields}}
    return Found(decode(wire.ReplicaSet, plain), plain)


def scaled(
    name: str, before: int | None, after: int, minute: int, words: str = "replica set {}"
) -> wire.Event:
    way = "down" if before is not None and before > after else "up"
    came = "" if before is None else f" from {before}"
    told = {
        "reason": "ScalingReplicaSet",
        "message": f"Scaled {way} {words.format(name)}{came} to {after}",
        "firstTimestamp": at(minute),
        "lastTimestamp": at(minute),
        "metadata": {"name": f"{name}.{minute}"},
    }
    return decode(wire.Event, told)


def item(minute: int) -> wire.Deployment:
    written = [{"manager": "helm", "time": at(minute), "fieldsV1": FIELDS}]
    return deployment(meta={"managedFields": written})


TWICE = [kept(A, 3, 0, "1"), kept(B, 4, 10, "2")]


@pytest.mark.parametrize(
    ("sets", "events", "expected"),
    [
        pytest.param([kept(A, 1, 0), kept(B, 2, 10)], [], [(A, 0), (B, 10)], id="two revisions"),
        pytest.param(
            [kept(B, 2, 10), kept(A, 3, 0, "1")], [], [(A, 0), (B, 10), (A, 40)],
            id="a rollback is not told at the creation of what it goes back to",
        ),
        pytest.param(
            TWICE, [scaled(A, 0, 2, 20), scaled(B, 2, 0, 21)],
            [(A, 0), (B, 10), (A, 20), (B, 40)], id="gone back to when it was scaled from zero",
        ),
        pytest.param(
            TWICE, [scaled(A, 0, 2, 20, "ReplicaSet {} (revision 1)")],
            [(A, 0), (B, 10), (A, 20), (B, 40)], id="as Argo Rollouts says it",
        ),
        pytest.param(
            TWICE, [scaled(A, 2, 3, 15), scaled(B, 1, 0, 20)],
            [(A, 0), (B, 10), (A, 20), (B, 40)],
            id="or when the other one was scaled down, though somebody scaled it up before",
        ),
        pytest.param(
            [kept(A, 3, 0, "1", written=25), TWICE[1]], [], [(A, 0), (B, 10), (A, 25), (B, 40)],
            id="or when the controller wrote its number",
        ),
        pytest.param(
            [kept(A, 6, 0, "1,3", written=40), kept(B, 5, 10, "2,4", written=35)], [],
            [(A, 0), (B, 10), (A, None), (B, None), (B, 35), (A, 40)],
            id="which it has for the last time only",
        ),
        pytest.param(
            [kept(A, 5, 0, "1,3"), kept(B, 6, 10, "2,4")],
            [scaled(A, 0, 2, 20), scaled(A, 0, 2, 30), scaled(A, 2, 0, 25)],
            [(A, 0), (B, 10), (A, None), (B, 25), (A, 30), (B, 40)],
            id="of several times, events have the last",
        ),
        pytest.param(
            [kept(A, 3, 0, "1", written=45), TWICE[1]], [],
            [(A, 0), (B, 10), (A, None), (B, 40)],
            id="nobody says when, if the controller wrote to it later",
        ),
    ],
)  # fmt: skip
def test_when_revisions_were_rolled_out(
    sets: list[Found[normalise.Kept]], events: list[wire.Event], expected: list[Any]
) -> None:
    found = turnover.rollouts(item(40), sets, events)
    minutes = [(one.kept.item.metadata.name, one.at and one.at.minute) for one in found]
    assert minutes == expected


def test_a_revision_of_a_statefulset_that_was_written_again_was_gone_back_to() -> None:
    def revision(name: str, number: int, made: int, written: int) -> Found[normalise.Kept]:
        fields = [{"manager": "kube-controller-manager", "time": at(written)}]
        meta = {"name": name, "creationTimestamp": at(made), "managedFields": fields}
        return Found(decode(wire.ControllerRevision, {"metadata": meta, "revision": number}))

    found = turnover.rollouts(
        decode(wire.StatefulSet, {"metadata": {"name": "db"}}),
        [revision("db-b", 2, 10, 10), revision("db-a", 3, 0, 30)],
    )
    told = [(one.kept.item.metadata.name, one.at and one.at.minute, one.again) for one in found]
    assert told == [("db-a", 0, False), ("db-b", 10, False), ("db-a", 30, True)]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        pytest.param([scaled(B, 0, 1, 10), scaled(A, 2, 1, 11), scaled(B, 1, 2, 12)], [],
                     id="a rollout"),
        pytest.param([scaled(B, 0, 2, 10), scaled(A, 2, 0, 11), scaled(B, 2, 5, 20)], [(2, 5)],
                     id="somebody, after a rollout"),
        pytest.param([scaled(B, 0, 2, 10), scaled(A, 2, 0, 11), scaled(B, 2, 0, 20),
                      scaled(B, 0, 3, 30)], [(2, 0), (0, 3)], id="somebody, to zero and back"),
        pytest.param([scaled(B, 0, 1, 10), scaled(A, 2, 3, 15)], [(2, 3)],
                     id="somebody, while a rollout is stuck: it never scales up the old one"),
        pytest.param([scaled(A, 2, 1, 10), scaled(B, 0, 1, 10)], [],
                     id="a rollout whose first events are of one second"),
        pytest.param([scaled(B, 2, 0, 50)], [], id="not known whether the old one was gone"),
        pytest.param([scaled(B, None, 5, 50)], [], id="a server that does not say from where"),
    ],
)  # fmt: skip
def test_who_scaled(events: list[wire.Event], expected: list[tuple[int, int]]) -> None:
    rolled = turnover.rollouts(item(10), [kept(A, 1, 0), kept(B, 2, 10)])
    found = turnover._by_somebody(turnover._scaled(events), rolled)
    assert [(one.before, one.after) for one in found] == expected


def test_a_rollout_without_a_time_is_not_taken_for_scaling() -> None:
    flapping = [kept(A, 5, 0, "1,3"), kept(B, 6, 10, "2,4")]
    rolled = turnover.rollouts(item(40), flapping)
    events = [scaled(A, 1, 2, 20), scaled(B, 2, 0, 21), scaled(A, 2, 0, 30)]
    assert not list(turnover._by_somebody(turnover._scaled(events), rolled))


def of_set(verb: str, number: int, minute: int, times: int | None = None) -> wire.Event:
    word = verb.title() if number else verb  # of newer and of older servers
    said = {
        "reason": "SuccessfulCreate" if verb == "create" else "SuccessfulDelete",
        "message": f"{word} Pod db-{number} in StatefulSet db successful",
        "involvedObject": {"kind": "StatefulSet", "name": "db"},
        "firstTimestamp": at(minute),
        "lastTimestamp": at(times or minute),
        "metadata": {"name": f"db.{verb}{number}{minute}"},
    }
    return decode(wire.Event, said)


def of_pod(reason: str, number: int, minute: int) -> wire.Event:
    about = {"kind": "Pod", "name": f"db-{number}"}
    said = {"reason": reason, "involvedObject": about, "firstTimestamp": at(minute)}
    return decode(wire.Event, {**said, "metadata": {"name": f"db-{number}.{minute}"}})


@pytest.mark.parametrize(
    ("count", "events", "expected"),
    [
        pytest.param(4, [of_set("create", 2, 10), of_pod("Scheduled", 2, 10),
                         of_set("create", 3, 11)], [(2, 4, 10)], id="out"),
        pytest.param(1, [of_set("delete", 2, 10), of_set("delete", 1, 11)], [(3, 1, 10)], id="in"),
        pytest.param(0, [of_set("delete", 0, 10)], [(1, 0, 10)], id="to zero"),
        pytest.param(2, [of_set("create", 1, 10), of_set("create", 2, 11), of_set("delete", 2, 20)],
                     [(1, 3, 10), (3, 2, 20)], id="out and in"),
        pytest.param(2, [of_set("create", 0, 10), of_set("create", 1, 11)], [], id="made"),
        pytest.param(2, [of_set("delete", 1, 10), of_set("create", 1, 11)], [], id="a rollout"),
        pytest.param(2, [of_set("delete", 1, 10, 30), of_set("create", 1, 11, 31)], [],
                     id="two rollouts"),
        pytest.param(2, [of_set("delete", 1, 10)], [], id="a rollout that has begun"),
        pytest.param(2, [of_pod("Killing", 1, 9), of_set("create", 1, 10)], [],
                     id="a pod that somebody deleted"),
    ],
)  # fmt: skip
def test_who_scaled_a_statefulset(
    count: int, events: list[wire.Event], expected: list[tuple[int, int, int]]
) -> None:
    item = decode(wire.StatefulSet, {"metadata": {"name": "db"}, "spec": {"replicas": count}})
    plain = normalise.workload(item, ENVIRONMENT, [])
    found = sorted(turnover._of_set(WorkloadPast(plain=plain, item=item, events=events)))
    assert [(one.before, one.after, one.at.minute) for one in found] == expected


def test_the_config_maps_that_a_template_refers_to() -> None:
    template = {
        "spec": {
            "containers": [
                {
                    "envFrom": [{"configMapRef": {"name": "a"}}, {"secretRef": {"name": "hush"}}],
                    "env": [{"valueFrom": {"configMapKeyRef": {"name": "b", "key": "k"}}}],
                }
            ],
            "volumes": [
                {"name": "v", "configMap": {"name": "c"}},
                {"name": "w", "projected": {"sources": [{"configMap": {"name": "d"}}]}},
                {"name": "x", "secret": {"secretName": "hush"}},
            ],
        }
    }
    assert timeline.config_maps_of(template) == {"a", "b", "c", "d"}


def test_the_last_changes_of_an_autoscaler_without_those_of_its_status() -> None:
    writes = [
        {"manager": "ops", "time": at(20), "fieldsV1": {"f:spec": {"f:maxReplicas": {}}}},
        {"manager": "kube-controller-manager", "time": at(30), "fieldsV1": {"f:status": {}}},
    ]
    scaler = decode(wire.TracedAutoscaler, {"metadata": {"name": "web", "managedFields": writes}})
    item = deployment()
    plain = normalise.workload(item, ENVIRONMENT, [])
    (found,) = timeline.entries(WorkloadPast(plain=plain, item=item, autoscalers=[scaler]))
    assert found.summary == "horizontalpodautoscaler/web last changed"
    assert (str(found.kind), found.actor and found.actor.name) == ("config", "ops")


def node(name: str, status: str, turned: int, made: int = 0) -> wire.Node:
    ready = {"type": "Ready", "status": status, "lastTransitionTime": at(turned)}
    calm = {"type": "MemoryPressure", "status": "False", "lastTransitionTime": at(turned)}
    meta = {"name": name, "creationTimestamp": at(made)}
    return decode(wire.Node, {"metadata": meta, "status": {"conditions": [ready, calm]}})


@pytest.mark.parametrize(
    ("known", "on", "expected"),
    [
        pytest.param(node("a", "Unknown", 30), None, [("error", "node a: Ready is Unknown")],
                     id="lost"),
        pytest.param(node("a", "True", 30), None, [("info", "node a: Ready")], id="back"),
        pytest.param(node("a", "True", 1), None, [], id="new"),
        pytest.param(node("a", "False", 30), {"b"}, [], id="of others"),
    ],
)  # fmt: skip
def test_when_nodes_turned(known: wire.Node, on: set[str] | None, expected: list[Any]) -> None:
    place = {"project": None, "environment": "here"}
    found = timeline.of_nodes([known], [], place, on)
    assert [(str(one.severity), one.summary) for one in found] == expected


def pod(name: str, **container: Any) -> wire.Pod:
    status = {"phase": "Running", "containerStatuses": [{"name": "web", **container}]}
    meta = {"name": name, "creationTimestamp": at(0)}
    return decode(wire.Pod, {"metadata": meta, "status": status})


def ended(code: int, reason: str, minute: int) -> dict[str, Any]:
    return {"terminated": {"exitCode": code, "reason": reason, "finishedAt": at(minute)}}


def said(reason: str, message: str, about: str, minute: int) -> wire.Event:
    plain = {
        "metadata": {"name": f"{about}.{minute}"},
        "reason": reason,
        "message": message,
        "firstTimestamp": at(minute),
        "involvedObject": {"kind": "Pod" if about.count("-") == 2 else "ReplicaSet", "name": about},
    }
    return decode(wire.Event, plain)


def told(pods: list[wire.Pod], events: list[wire.Event]) -> list[tuple[Any, ...]]:
    plain = normalise.workload(deployment(), ENVIRONMENT, [])
    found = timeline.entries(WorkloadPast(plain=plain, item=deployment(), pods=pods, events=events))
    rows = [(one.kind, one.instance, one.summary, one.timestamp) for one in in_order(found)]
    return [(str(kind), name, text, when and when.minute) for kind, name, text, when in rows]


def test_containers_that_ended_and_pods_that_came_and_went() -> None:
    here = pod("web-a-1", restartCount=3, lastState=ended(137, "OOMKilled", 8))
    events = [
        said("SuccessfulCreate", "Created pod: web-a-1", "web-a", 0),
        said("SuccessfulCreate", "Created pod: web-a-2", "web-a", 1),
        said("Killing", "Stopping container web", "web-a-2", 5),
        said("Killing", "Container web failed liveness probe, will be restarted", "web-a-1", 6),
        said("SuccessfulCreate", "Created pod: web-b-1", "web-b", 2),
        said("SuccessfulDelete", "Deleted pod: web-b-1", "web-b", 9),
        said("Killing", "Stopping container web", "web-b-1", 9),
    ]
    assert told([here], events) == [
        ("instance", "web-a-1", "created", 0),
        ("instance", "web-a-2", "created", 1),
        ("instance", "web-b-1", "created", 2),
        ("instance", "web-a-2", "deleted", 5),
        ("restart", "web-a-1", "Container web failed liveness probe, will be restarted", 6),
        ("restart", "web-a-1", "ran out of memory (OOMKilled)", 8),
        ("instance", "web-b-1", "deleted by its controller", 9),
    ]
