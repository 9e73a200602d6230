"""A workload's revisions, oldest first, and which one is current."""

from __future__ import annotations

import pytest

from dashborion.orchestrators.kubernetes import normalise, wire
from tests.unit.kubernetes.raw_kubernetes import Raw, container, decode, metadata, owner
from tests.unit.kubernetes.raw_kubernetes_workloads import template

NUMBER = "deployment.kubernetes.io/revision"


def replicaset(number: str | None, image: str = "app:1", **annotations: str) -> wire.ReplicaSet:
    numbered = {NUMBER: number} if number is not None else {}
    change = {"annotations": (numbered | annotations) or None}
    spec = {"replicas": 0, "template": template([container("app", image=image)])}
    return decode(wire.ReplicaSet, {"metadata": metadata(f"web-{number}", change), "spec": spec})


def snapshot(name: str, revision: int, **change: object) -> wire.ControllerRevision:
    data = {"spec": {"template": {"$patch": "replace", **template()}}}
    return decode(
        wire.ControllerRevision,
        {"metadata": metadata(name), "revision": revision, "data": data} | change,
    )


def test_replicasets_are_ordered_by_number_and_not_as_text() -> None:
    found = normalise.revisions([replicaset(n) for n in ("10", "9", "2")], "web", "10")
    assert [(one.revision, one.current) for one in found] == [
        ("2", False),
        ("9", False),
        ("10", True),
    ]


def test_after_a_rollback_the_current_one_is_the_deployments() -> None:
    found = normalise.revisions([replicaset("3"), replicaset("4")], "web", "3")
    assert [(one.revision, one.current) for one in found] == [("3", True), ("4", False)]


@pytest.mark.parametrize("number", [None, ""])
def test_a_replicaset_without_a_number_is_not_history(number: str | None) -> None:
    assert normalise.revisions([replicaset(number)], "web", None) == []


def test_a_number_that_is_none_comes_first_and_breaks_nothing() -> None:
    found = normalise.revisions([replicaset("1"), replicaset("²"), replicaset("x")], "web", "1")
    assert {one.revision for one in found[:2]} == {"²", "x"}


def test_images_times_and_the_cause() -> None:
    cause = {"kubernetes.io/change-cause": "kubectl set image"}
    (found,) = normalise.revisions([replicaset("1", "app:2", **cause)], "web", "1")
    assert (found.images, found.message) == (["app:2"], "kubectl set image")
    assert str(found.created_at) == "2024-05-01 08:00:00+00:00"


def test_without_a_cause_the_message_is_null() -> None:
    (found,) = normalise.revisions([replicaset("1")], "web", "1")
    assert found.message is None


def test_controller_revisions_are_ordered_by_number_and_named_by_hash() -> None:
    items = [snapshot("web-c", 10), snapshot("web-a", 9), snapshot("web-b", 2)]
    found = normalise.revisions(items, "web", None)
    assert [one.revision for one in found] == ["b", "a", "c"]
    assert [one.current for one in found] == [False, False, True]
    assert found[0].images == ["registry.example.com/app:1.4.2"]


def test_the_current_controller_revision_is_the_one_that_the_set_says() -> None:
    items = [snapshot("web-a", 1), snapshot("web-b", 2)]
    found = normalise.revisions(items, "web", "a")
    assert [(one.revision, one.current) for one in found] == [("a", True), ("b", False)]


def test_only_the_whole_name_is_cut_off() -> None:
    (found,) = normalise.revisions([snapshot("web-web-a", 1)], "web", None)
    assert found.revision == "web-a"


def test_a_controller_revision_without_data_has_no_images() -> None:
    (found,) = normalise.revisions([snapshot("web-a", 1, data=None)], "web", None)
    assert found.images == []


def test_no_revisions() -> None:
    assert normalise.revisions([], "web", None) == []


@pytest.mark.parametrize(
    ("owners", "kept"),
    [
        pytest.param([owner("Deployment", "web")], True, id="controlled"),
        pytest.param([owner("Deployment", "web") | {"controller": False}], False, id="only owned"),
        pytest.param([owner("Deployment", "web", "uid-before")], False, id="of one before"),
        pytest.param(None, False, id="orphaned"),
    ],
)
def test_history_is_what_the_workload_itself_controls(
    owners: list[Raw] | None, *, kept: bool
) -> None:
    item = decode(wire.ReplicaSet, {"metadata": metadata("web-1", {"ownerReferences": owners})})
    assert normalise.owned_by([item], "uid-web") == ([item] if kept else [])
