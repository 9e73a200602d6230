"""Which rollouts and which scaling ReplicaSets, revisions and events tell of."""

from __future__ import annotations

from typing import Any

import pytest

from dashborion.models.query import Found
from dashborion.orchestrators.kubernetes import normalise, timeline, turnover, wire
from tests.unit.kubernetes.raw_kubernetes import decode
from tests.unit.kubernetes.raw_kubernetes_workloads import deployment

A, B = "web-a", "web-b"
FIELDS = {"f:spec": {"f:template": {"f:spec": {}}}}


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


def scaled(name: str, before: int | None, after: int, minute: int) -> wire.Event:
    way = "down" if before is not None and before > after else "up"
    came = "" if before is None else f" from {before}"
    told = {
        "reason": "ScalingReplicaSet",
        "message": f"Scaled {way} replica set {name}{came} to {after}",
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
            TWICE, [scaled(A, 2, 3, 15), scaled(B, 1, 0, 20)],
            [(A, 0), (B, 10), (A, 20), (B, 40)],
            id="or when the other one was scaled down, though somebody scaled it up before",
        ),
        pytest.param(
            [kept(A, 3, 0, "1", written=25), TWICE[1]], [], [(A, 0), (B, 10), (A, 25), (B, 40)],
            id="or when the controller wrote its number",
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
        pytest.param([scaled(B, 0, 1, 10), scaled(A, 2, 3, 15)], [(2, 3)],
                     id="somebody, while a rollout is stuck: it never scales up the old one"),
        pytest.param([scaled(B, 2, 0, 50)], [], id="not known whether the old one was gone"),
        pytest.param([scaled(B, None, 5, 50)], [], id="a server that does not say from where"),
    ],
)  # fmt: skip
def test_who_scaled(events: list[wire.Event], expected: list[tuple[int, int]]) -> None:
    rolled = turnover.rollouts(item(10), [kept(A, 1, 0), kept(B, 2, 10)])
    found = turnover._by_somebody(turnover._scaled(events), rolled)
    assert [(one.before, one.after) for one in found] == expected


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
