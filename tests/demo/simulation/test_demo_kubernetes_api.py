"""The stand-in's API refuses, pages, patches and watches as a Kubernetes API server does."""

import json
from typing import Any

import pytest

from tests.support.demo_cluster import DEPLOYMENTS, MERGE, PODS, TOKEN, ByHand, connect
from tests.support.manifests import container, deployment, pod


@pytest.fixture
def hand() -> ByHand:
    found = ByHand()
    found.cluster.put(deployment("web", replicas=2))
    found.passes(5)
    return found


def test_another_token_is_refused(hand: ByHand) -> None:
    status, answer = hand.ask("GET", PODS, token="another")
    assert (status, answer["reason"], answer["message"]) == (401, "Unauthorized", "Unauthorized")


def test_discovery_names_what_can_be_scaled(hand: ByHand) -> None:
    names = [each["name"] for each in hand.get("/apis/apps/v1")["resources"]]
    assert "deployments/scale" in names
    assert "daemonsets/scale" not in names
    assert hand.get("/version")["major"] == "1"


def test_not_found_is_worded_as_by_the_api_server(hand: ByHand) -> None:
    status, answer = hand.ask("GET", f"{DEPLOYMENTS}/nope")
    assert (status, answer["message"]) == (404, 'deployments.apps "nope" not found')
    status, page = hand.ask("GET", "/apis/apps/v1/namespaces/media/nonsense")
    assert (status, page) == (404, b"404 page not found\n")
    status, answer = hand.ask("POST", f"{DEPLOYMENTS}", deployment("web"))
    assert (status, answer["reason"]) == (409, "AlreadyExists")
    elsewhere = deployment("web", namespace="nowhere")
    status, answer = hand.ask("POST", DEPLOYMENTS.replace("media", "nowhere"), elsewhere)
    assert (status, answer["message"]) == (404, 'namespaces "nowhere" not found')


def test_pages_are_of_one_moment(hand: ByHand) -> None:
    for number in range(5):
        hand.cluster.put(pod(f"bare-{number}"))
    first = hand.get(f"{PODS}?limit=3")
    hand.cluster.put(pod("bare-0-late"))
    rest = hand.get(f"{PODS}?limit=9&continue={first['metadata']['continue']}")
    names = [each["metadata"]["name"] for each in first["items"] + rest["items"]]
    assert first["metadata"]["remainingItemCount"] == 4
    assert len(names) == 7
    assert "bare-0-late" not in names
    assert first["metadata"]["resourceVersion"] == rest["metadata"]["resourceVersion"]


def test_a_forgotten_page_offers_a_way_on(hand: ByHand) -> None:
    first = hand.get(f"{PODS}?limit=1")
    hand.cluster.store._snapshots.clear()
    token = first["metadata"]["continue"]
    status, answer = hand.ask("GET", f"{PODS}?limit=1&continue={token}")
    assert (status, answer["reason"]) == (410, "Expired")
    rest = hand.get(f"{PODS}?continue={answer['metadata']['continue']}")
    assert len(rest["items"]) == 1
    status, answer = hand.ask("GET", f"{PODS}?continue=nonsense")
    assert status == 400


def test_label_and_field_selectors_choose_objects(hand: ByHand) -> None:
    hand.cluster.put(pod("toolbox"))

    def names(query: str) -> list[str]:
        return [each["metadata"]["name"] for each in hand.get(f"{PODS}?{query}")["items"]]

    assert names("labelSelector=app+in+(toolbox,other)") == ["toolbox"]
    assert names("labelSelector=app!%3Dweb") == ["toolbox"]
    assert names("labelSelector=!app") == []
    assert names("fieldSelector=metadata.name%3Dtoolbox") == ["toolbox"]
    assert len(names("fieldSelector=status.phase%3DRunning")) == 2
    status, answer = hand.ask("GET", f"{PODS}?fieldSelector=spec.nonsense%3D1")
    assert (status, answer["message"]) == (400, "field label not supported: spec.nonsense")


def test_metadata_alone_can_be_asked_for(hand: ByHand) -> None:
    accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
    _, found = hand.ask("GET", PODS, accept=accept)
    assert found["kind"] == "PartialObjectMetadataList"
    assert set(found["items"][0]) == {"metadata"}


def test_a_stale_version_is_a_conflict(hand: ByHand) -> None:
    old = hand.deployment("web")
    hand.set_image("web", "example.com/app:2.0")
    status, answer = hand.ask("PUT", f"{DEPLOYMENTS}/web", old)
    assert (status, answer["reason"]) == (409, "Conflict")
    assert answer["message"].startswith('Operation cannot be fulfilled on deployments.apps "web"')


def test_the_generation_grows_with_the_spec_alone(hand: ByHand) -> None:
    before = hand.deployment("web")["metadata"]["generation"]
    hand.ask("PATCH", f"{DEPLOYMENTS}/web", {"metadata": {"labels": {"a": "b"}}}, kind=MERGE)
    assert hand.deployment("web")["metadata"]["generation"] == before
    hand.ask("PATCH", f"{DEPLOYMENTS}/web", {"spec": {"replicas": 3}}, kind=MERGE)
    assert hand.deployment("web")["metadata"]["generation"] == before + 1


def test_every_kind_of_patch_is_understood(hand: ByHand) -> None:
    path = f"{DEPLOYMENTS}/web"
    step = {"op": "replace", "path": "/spec/replicas", "value": 4}
    _, found = hand.ask("PATCH", path, [step], kind="application/json-patch+json")
    assert found["spec"]["replicas"] == 4
    test = {"op": "test", "path": "/spec/replicas", "value": 9}
    status, _ = hand.ask("PATCH", path, [test], kind="application/json-patch+json")
    assert status == 422
    hand.set_image("web", "example.com/app:3.0")
    first = hand.deployment("web")["spec"]["template"]["spec"]["containers"][0]
    assert first["image"] == "example.com/app:3.0"
    assert first["terminationMessagePolicy"] == "File"
    status, _ = hand.ask("PATCH", path, {}, kind="text/plain")
    assert status == 415


def test_scale_has_an_object_of_its_own(hand: ByHand) -> None:
    path = f"{DEPLOYMENTS}/web/scale"
    scale = hand.get(path)
    assert (scale["kind"], scale["spec"], scale["status"]["selector"]) == (
        "Scale",
        {"replicas": 2},
        "app=web",
    )
    _, found = hand.ask("PATCH", path, {"spec": {"replicas": 5}}, kind=MERGE)
    assert found["spec"]["replicas"] == 5
    status, _ = hand.ask("PUT", path, scale)
    assert status == 409
    status, answer = hand.ask("PATCH", path, {"spec": {"replicas": -1}}, kind=MERGE)
    assert (status, answer["reason"]) == (422, "Invalid")
    assert hand.deployment("web")["spec"]["replicas"] == 5


def test_a_dry_run_changes_nothing(hand: ByHand) -> None:
    path = f"{DEPLOYMENTS}/web/scale?dryRun=All"
    _, found = hand.ask("PATCH", path, {"spec": {"replicas": 5}}, kind=MERGE)
    assert found["spec"]["replicas"] == 5
    assert hand.deployment("web")["spec"]["replicas"] == 2


def test_a_pod_of_another_uid_is_not_deleted(hand: ByHand) -> None:
    name = hand.pods("web")[0]["metadata"]["name"]
    status, answer = hand.ask("DELETE", f"{PODS}/{name}", {"preconditions": {"uid": "other"}})
    assert status == 409
    assert "Precondition failed: UID in precondition: other" in answer["message"]
    status, answer = hand.ask("DELETE", f"{PODS}/{name}")
    assert answer["metadata"]["deletionGracePeriodSeconds"] == 30
    hand.passes(3)
    assert name not in [each["metadata"]["name"] for each in hand.pods("web")]


def test_a_watch_tells_what_comes_changes_and_goes(hand: ByHand) -> None:
    version = hand.get(PODS)["metadata"]["resourceVersion"]
    query = f"watch=true&resourceVersion={version}&labelSelector=app%3Dtoolbox&timeoutSeconds=1"
    hand.cluster.put(pod("toolbox"))
    hand.passes(1)
    labels = {"metadata": {"labels": {"app": "other"}}}
    hand.ask("PATCH", f"{PODS}/toolbox", labels, kind=MERGE)
    _, chunks = hand.ask("GET", f"{PODS}?{query}")
    kinds = [json.loads(line)["type"] for line in b"".join(chunks).splitlines()]
    assert kinds[0] == "ADDED"
    assert kinds[-1] == "DELETED"
    assert set(kinds[1:-1]) == {"MODIFIED"}


def test_a_watch_can_bring_the_list_with_it(hand: ByHand) -> None:
    query = "watch=true&sendInitialEvents=true&allowWatchBookmarks=true&timeoutSeconds=1"
    _, chunks = hand.ask("GET", f"{PODS}?{query}&resourceVersionMatch=NotOlderThan")
    told = [json.loads(line) for line in b"".join(chunks).splitlines()]
    assert [each["type"] for each in told] == ["ADDED", "ADDED", "BOOKMARK"]
    assert told[-1]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_a_watch_of_what_is_forgotten_says_so(hand: ByHand) -> None:
    for number in range(4100):
        change = {"metadata": {"annotations": {"n": str(number)}}}
        hand.ask("PATCH", f"{DEPLOYMENTS}/web", change, kind=MERGE)
    _, chunks = hand.ask("GET", f"{PODS}?watch=1&resourceVersion=1")
    told = json.loads(b"".join(chunks))
    assert (told["type"], told["object"]["code"], told["object"]["reason"]) == (
        "ERROR",
        410,
        "Expired",
    )


def _log(hand: ByHand, path: str) -> list[str]:
    status, chunks = hand.ask("GET", path)
    assert status == 200, chunks
    return b"".join(chunks).decode().splitlines()


def test_logs_have_a_tail_a_beginning_and_times(hand: ByHand) -> None:
    hand.passes(10)
    path = f"{PODS}/{hand.pods('web')[0]['metadata']['name']}/log"
    whole = _log(hand, f"{path}?timestamps=true")
    assert whole == _log(hand, f"{path}?timestamps=true")
    assert _log(hand, f"{path}?timestamps=true&tailLines=2") == whole[-2:]
    since = whole[3].split()[0]
    assert _log(hand, f"{path}?timestamps=true&sinceTime={since[:19]}Z") == whole[3:]
    assert len(_log(hand, f"{path}?sinceSeconds=5")) < len(whole)


def test_logs_of_what_never_ran_are_refused_in_the_kubelets_words(hand: ByHand) -> None:
    hand.cluster.put(deployment("pull", container("pull")))
    hand.cluster.put(pod("two", container(), container(name="rest")))
    hand.passes(8)
    name = hand.pods("pull")[0]["metadata"]["name"]
    status, answer = hand.ask("GET", f"{PODS}/{name}/log")
    assert status == 400
    assert answer["message"].endswith("is waiting to start: trying and failing to pull image")
    status, answer = hand.ask("GET", f"{PODS}/two/log")
    assert "a container name must be specified for pod two" in answer["message"]
    status, answer = hand.ask("GET", f"{PODS}/two/log?container=app&previous=true")
    assert (status, "previous terminated container" in answer["message"]) == (400, True)


def test_a_connection_is_kept_and_watches_end_with_the_server(hand: ByHand) -> None:
    hand.cluster.api.start()
    connection = connect(hand.cluster.api.url)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    for _ in range(2):
        connection.request("GET", PODS, headers=headers)
        answer: Any = json.loads(connection.getresponse().read())
        assert answer["kind"] == "PodList"
    version = answer["metadata"]["resourceVersion"]
    connection.request("GET", f"{PODS}?watch=1&resourceVersion={version}", headers=headers)
    response = connection.getresponse()
    hand.cluster.put(pod("new"))
    assert json.loads(response.readline())["type"] == "ADDED"
    hand.cluster.api.stop()
    connection.close()
