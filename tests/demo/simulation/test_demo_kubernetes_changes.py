"""What is changed through the API plays out, a step at a time, and stays."""

from datetime import datetime, timedelta

import pytest

from dashborion.demo.kubernetes.objects import MOST_PODS
from tests.support.api import Manifest
from tests.support.demo_cluster import DEPLOYMENTS, MERGE, PODS, ByHand
from tests.support.manifests import (
    autoscaler,
    container,
    daemon_set,
    deployment,
    job,
    pod,
    service,
    stateful_set,
)

RESTARTED = "kubectl.kubernetes.io/restartedAt"


@pytest.fixture
def hand() -> ByHand:
    return ByHand()


def _progressing(item: dict[str, dict[str, list[dict[str, str]]]]) -> str:
    conditions = {each["type"]: each["reason"] for each in item["status"]["conditions"]}
    return conditions["Progressing"]


def test_a_rollout_keeps_its_floor_and_its_ceiling(hand: ByHand) -> None:
    hand.cluster.put(deployment("web", replicas=4))
    hand.passes(6)
    hand.set_image("web", "example.com/app:2.0")
    seen = set()
    for _ in range(80):
        hand.passes(0.25)
        status = hand.deployment("web")["status"]
        seen.add(status.get("updatedReplicas", 0))
        assert status["availableReplicas"] >= 3
        assert status["replicas"] <= 5
    assert seen >= {1, 2, 3, 4}
    item = hand.deployment("web")
    assert item["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"
    assert _progressing(item) == "NewReplicaSetAvailable"
    assert {each["spec"]["containers"][0]["image"] for each in hand.pods("web")} == {
        "example.com/app:2.0"
    }


@pytest.mark.parametrize(
    ("given", "start"),
    [
        (container("pull"), "Back-off pulling image"),
        (container("pull"), "Failed to pull image"),
        (container("crash"), "Back-off restarting failed container"),
        (container(resources={"requests": {"cpu": "500"}}), "0/2 nodes are available"),
    ],
)
def test_what_waits_for_long_is_still_told_of(hand: ByHand, given: Manifest, start: str) -> None:
    hand.cluster.put(deployment("web", given))
    hand.passes(40)
    before, _ = _told(hand, start)
    for _ in range(60):  # an hour, a step each minute
        hand.now += timedelta(minutes=1)
        hand.cluster.tick(hand.now)
    count, last = _told(hand, start)
    assert count > before > 0
    assert hand.now - last <= timedelta(minutes=5)


def _told(hand: ByHand, start: str) -> tuple[int, datetime]:
    """How often the event whose message starts so was seen, and when last."""
    found = hand.get("/api/v1/namespaces/media/events")["items"]
    (event,) = (one for one in found if one["message"].startswith(start))
    series = event.get("series") or {"count": 1, "lastObservedTime": event["eventTime"]}
    count, last = event.get("count", series["count"]), event["lastTimestamp"]
    return count, datetime.fromisoformat(last or series["lastObservedTime"])


def test_a_change_is_seen_only_after_the_next_tick(hand: ByHand) -> None:
    hand.cluster.put(deployment("web"))
    hand.passes(5)
    hand.ask("PATCH", f"{DEPLOYMENTS}/web/scale", {"spec": {"replicas": 3}}, kind=MERGE)
    item = hand.deployment("web")
    assert item["status"]["observedGeneration"] < item["metadata"]["generation"]
    hand.passes(5)
    item = hand.deployment("web")
    assert item["status"]["observedGeneration"] == item["metadata"]["generation"]
    assert item["status"]["readyReplicas"] == 3
    hand.passes(60)
    assert hand.deployment("web")["spec"]["replicas"] == 3


def test_a_restart_replaces_every_pod(hand: ByHand) -> None:
    hand.cluster.put(deployment("web", replicas=2))
    hand.passes(5)
    before = {each["metadata"]["uid"] for each in hand.pods("web")}
    annotations = {"annotations": {RESTARTED: "2026-11-23T12:00:00Z"}}
    patch = {"spec": {"template": {"metadata": annotations}}}
    hand.ask("PATCH", f"{DEPLOYMENTS}/web", patch, kind=MERGE)
    hand.passes(15)
    after = {each["metadata"]["uid"] for each in hand.pods("web")}
    assert len(after) == 2
    assert not after & before


@pytest.mark.parametrize("image", ["crash", "pull", "unready"])
def test_a_bad_revision_gets_stuck_and_runs_into_its_deadline(hand: ByHand, image: str) -> None:
    hand.cluster.put(deployment("web", replicas=2, progressDeadlineSeconds=20))
    hand.passes(5)
    hand.set_image("web", f"example.com/{image}:1.0")
    hand.passes(10)
    assert hand.deployment("web")["status"]["availableReplicas"] == 2
    assert _progressing(hand.deployment("web")) == "ReplicaSetUpdated"
    hand.passes(20)
    assert _progressing(hand.deployment("web")) == "ProgressDeadlineExceeded"
    hand.set_image("web", "example.com/app:1.0")
    hand.passes(5)
    item = hand.deployment("web")
    assert _progressing(item) == "NewReplicaSetAvailable"
    assert item["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3"


def test_a_paused_deployment_waits(hand: ByHand) -> None:
    hand.cluster.put(deployment("web"))
    hand.passes(5)
    hand.ask("PATCH", f"{DEPLOYMENTS}/web", {"spec": {"paused": True}}, kind=MERGE)
    hand.set_image("web", "example.com/app:2.0")
    hand.passes(5)
    item = hand.deployment("web")
    assert (_progressing(item), item["status"].get("updatedReplicas", 0)) == ("DeploymentPaused", 0)
    hand.ask("PATCH", f"{DEPLOYMENTS}/web", {"spec": {"paused": False}}, kind=MERGE)
    hand.passes(8)
    assert hand.deployment("web")["status"]["updatedReplicas"] == 1


def test_a_crash_loop_backs_off_longer_and_longer(hand: ByHand) -> None:
    hand.cluster.put(deployment("crash", container("crash")))
    hand.passes(30)
    status = hand.pods("crash")[0]["status"]["containerStatuses"][0]
    assert status["restartCount"] == 3
    assert status["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert status["lastState"]["terminated"]["exitCode"] == 1
    events = hand.get("/api/v1/namespaces/media/events?fieldSelector=reason%3DBackOff")["items"]
    assert events[0]["involvedObject"]["kind"] == "Pod"
    assert events[0]["count"] > 1


def test_a_sidecar_stays_while_what_it_is_beside_is_tried_again(hand: ByHand) -> None:
    sidecar = container(name="proxy", restartPolicy="Always")
    hand.cluster.put(deployment("crash", container("crash"), init=[sidecar]))
    hand.passes(3)
    for _ in range(24):
        hand.passes(0.25)
        (proxy,) = hand.pods("crash")[0]["status"]["initContainerStatuses"]
        assert "running" in proxy["state"]


def test_out_of_memory_stays_visible_on_the_container_that_runs_again(hand: ByHand) -> None:
    hand.cluster.put(deployment("oom", container("oom")))
    hand.passes(30)
    status = hand.pods("oom")[0]["status"]["containerStatuses"][0]
    assert (status["restartCount"], status["ready"]) == (2, True)
    assert "running" in status["state"]
    assert status["lastState"]["terminated"]["reason"] == "OOMKilled"


def test_a_pod_that_fits_no_node_is_unschedulable(hand: ByHand) -> None:
    huge = container(resources={"requests": {"cpu": "500"}})
    hand.cluster.put(deployment("huge", huge))
    hand.passes(2)
    condition = hand.pods("huge")[0]["status"]["conditions"][0]
    assert (condition["type"], condition["reason"]) == ("PodScheduled", "Unschedulable")


def test_pods_that_are_on_their_way_out_are_counted(hand: ByHand) -> None:
    hand.cluster.put(deployment("web", replicas=3))
    hand.passes(5)
    hand.ask("PATCH", f"{DEPLOYMENTS}/web/scale", {"spec": {"replicas": 1}}, kind=MERGE)
    hand.passes(1)
    status = hand.deployment("web")["status"]
    assert (status["replicas"], status["terminatingReplicas"]) == (1, 2)
    hand.passes(5)
    assert hand.deployment("web")["status"]["terminatingReplicas"] == 0


def test_a_job_that_is_late_has_failed_when_its_pod_is_gone(hand: ByHand) -> None:
    late = job("late", container("terminating"))
    late["spec"]["activeDeadlineSeconds"] = 5
    hand.cluster.put(late)
    hand.passes(8)
    path = "/apis/batch/v1/namespaces/media/jobs/late"
    status = hand.get(path)["status"]
    assert [one["type"] for one in status["conditions"]] == ["FailureTarget"]
    assert (status["terminating"], status.get("active"), status.get("failed")) == (1, None, None)
    name = hand.get(PODS)["items"][0]["metadata"]["name"]
    hand.ask("DELETE", f"{PODS}/{name}?gracePeriodSeconds=0")
    hand.passes(1)
    status = hand.get(path)["status"]
    assert [one["type"] for one in status["conditions"]] == ["FailureTarget", "Failed"]
    assert (status["terminating"], status["failed"]) == (0, 1)


def test_a_stateful_set_rolls_from_the_last_to_the_first(hand: ByHand) -> None:
    path = "/apis/apps/v1/namespaces/media/statefulsets/db"
    hand.cluster.put(service("db", clusterIP="None"))
    hand.cluster.put(stateful_set("db", replicas=3))
    hand.passes(12)
    assert hand.get(path)["status"]["readyReplicas"] == 3
    containers = [{"name": "app", "image": "example.com/app:2.0"}]
    patch = {"spec": {"template": {"spec": {"containers": containers}}}}
    hand.ask("PATCH", path, patch, kind=MERGE)
    hand.passes(3)
    images = [each["spec"]["containers"][0]["image"] for each in hand.pods("db")]
    assert images[0] == images[1] == "example.com/app:1.0"
    status = hand.get(path)["status"]
    assert status["currentRevision"] != status["updateRevision"]
    hand.passes(20)
    status = hand.get(path)["status"]
    assert status["currentRevision"] == status["updateRevision"]
    assert status["updatedReplicas"] == 3


def test_a_daemon_set_has_a_pod_on_every_node(hand: ByHand) -> None:
    hand.cluster.put(daemon_set("agent"))
    hand.passes(5)
    status = hand.get("/apis/apps/v1/namespaces/media/daemonsets/agent")["status"]
    assert (status["desiredNumberScheduled"], status["numberAvailable"]) == (2, 2)
    assert {each["spec"]["nodeName"] for each in hand.pods("agent")} == {"node-1", "node-2"}


def test_a_deleted_pod_is_replaced_and_services_follow(hand: ByHand) -> None:
    hand.cluster.put(service("web"))
    hand.cluster.put(deployment("web"))
    hand.passes(5)
    name = hand.pods("web")[0]["metadata"]["name"]
    path = "/apis/discovery.k8s.io/v1/namespaces/media/endpointslices"
    assert hand.get(path)["items"][0]["endpoints"][0]["targetRef"]["name"] == name
    hand.ask("DELETE", f"{PODS}/{name}")
    hand.passes(5)
    (pod_now,) = hand.pods("web")
    assert pod_now["metadata"]["name"] != name
    (endpoint,) = hand.get(path)["items"][0]["endpoints"]
    assert endpoint["targetRef"]["name"] == pod_now["metadata"]["name"]


def test_deleting_a_deployment_deletes_its_pods(hand: ByHand) -> None:
    hand.cluster.put(deployment("web"))
    hand.passes(5)
    hand.ask("DELETE", f"{DEPLOYMENTS}/web")
    hand.passes(5)
    assert not hand.pods("web")
    assert not hand.get("/apis/apps/v1/namespaces/media/replicasets")["items"]


def test_an_autoscaler_holds_its_bounds(hand: ByHand) -> None:
    hand.cluster.put(deployment("web", replicas=3))
    hand.cluster.put(autoscaler("web", low=2, high=4))
    hand.ask("PATCH", f"{DEPLOYMENTS}/web/scale", {"spec": {"replicas": 9}}, kind=MERGE)
    hand.passes(5)
    assert hand.deployment("web")["status"]["replicas"] == 4


def test_jobs_and_bare_pods_come_to_their_end(hand: ByHand) -> None:
    hand.cluster.put(job("once", container("done")))
    hand.cluster.put(pod("failed", container("fail"), restartPolicy="Never"))
    hand.cluster.put(pod("stuck", container("terminating")))
    hand.passes(8)
    assert hand.get("/apis/batch/v1/namespaces/media/jobs/once")["status"]["succeeded"] == 1
    assert hand.get(f"{PODS}/failed")["status"]["phase"] == "Failed"
    hand.ask("DELETE", f"{PODS}/stuck")
    hand.passes(60)
    assert "deletionTimestamp" in hand.get(f"{PODS}/stuck")["metadata"]


def test_replicasets_and_events_are_limited(hand: ByHand) -> None:
    hand.cluster.put(deployment("web", container("crash"), replicas=6, revisionHistoryLimit=2))
    for number in range(8):
        hand.set_image("web", f"example.com/crash:{number}")
        hand.passes(15)
    assert len(hand.get("/api/v1/events")["items"]) <= 500
    sets = hand.get("/apis/apps/v1/namespaces/media/replicasets")["items"]
    assert len(sets) <= 5


@pytest.mark.parametrize("more", [{}, {"podManagementPolicy": "Parallel"}], ids=["set", "stateful"])
def test_scaling_cannot_fill_the_memory(hand: ByHand, more: dict[str, str]) -> None:
    """Bug: three billion replicas are made before anything is answered again."""
    many = 3_000_000_000
    item = stateful_set("web", replicas=many, **more) if more else deployment("web", replicas=many)
    hand.cluster.put(item)
    hand.passes(1)
    assert len(hand.pods("web")) == MOST_PODS


ROWS = "application/json;as=Table;g=meta.k8s.io;v=v1"


def test_a_revision_that_is_gone_back_to_is_the_newest_and_says_when(hand: ByHand) -> None:
    """As the real controllers write it: the number in the table, and the time of the write."""
    hand.cluster.put(daemon_set("agent"))
    hand.passes(6)
    path = "/apis/apps/v1/namespaces/media/daemonsets/agent"
    first = hand.get(path)["spec"]["template"]
    container = {**first["spec"]["containers"][0], "image": "example.com/app:2.0"}
    newer = {**first, "spec": {**first["spec"], "containers": [container]}}
    for template in (newer, first):
        hand.ask("PATCH", path, {"spec": {"template": template}}, kind=MERGE)
        hand.passes(20)
    _, found = hand.ask("GET", "/apis/apps/v1/namespaces/media/controllerrevisions", accept=ROWS)
    rows = {row["cells"][2]: row["object"]["metadata"] for row in found["rows"]}
    assert sorted(rows) == [2, 3]
    assert rows[3]["creationTimestamp"] < rows[2]["creationTimestamp"]
    (written,) = rows[3]["managedFields"]
    assert written["time"] > rows[2]["creationTimestamp"]


def test_a_replica_set_that_is_gone_back_to_remembers_its_number(hand: ByHand) -> None:
    hand.cluster.put(deployment("web"))
    hand.passes(6)
    for image in ("example.com/app:2.0", "example.com/app:1.0"):
        hand.set_image("web", image)
        hand.passes(20)
    sets = hand.get("/apis/apps/v1/namespaces/media/replicasets")["items"]
    notes = [one["metadata"]["annotations"] for one in sets]
    numbers = {
        one["deployment.kubernetes.io/revision"]: one.get(
            "deployment.kubernetes.io/revision-history"
        )
        for one in notes
    }
    assert numbers == {"2": None, "3": "1"}
    (written,) = hand.deployment("web")["metadata"]["managedFields"]
    assert written["fieldsV1"] == {"f:spec": {"f:template": {}}}
