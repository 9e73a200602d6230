"""``describe`` keeps the pods that are the workload's own, not all that its selector catches."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

import pytest

from dashborion.concurrency import Deadline, start
from dashborion.models.query import Found
from dashborion.orchestrators.kubernetes import describe, wire
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.resources import Resource
from dashborion.orchestrators.runtime import Runtime
from tests.unit.kubernetes.raw_kubernetes import ENVIRONMENT, Raw, decode, metadata, owner, pod
from tests.unit.kubernetes.raw_kubernetes_workloads import deployment, template


class Answers(Client):
    """A client that has these lists and no others."""

    def __init__(self, **lists: list[Any]) -> None:
        self.runtime = Runtime(Deadline(10))
        self._lists = lists

    def collect(
        self, resource: Resource[Any], *_: object, **__: object
    ) -> Future[list[Found[Any]]]:
        return start(lambda: [Found(item) for item in self._lists.get(resource.plural, [])])


def replicaset(name: str, deployment: str) -> wire.ReplicaSet:
    numbered = {"deployment.kubernetes.io/revision": "4"}
    change = {"annotations": numbered, "ownerReferences": [owner("Deployment", deployment)]}
    item = {"metadata": metadata(name, change), "spec": {"template": template()}}
    return decode(wire.ReplicaSet, item)


def pod_of(replicaset: str, name: str) -> wire.Pod:
    hash_ = replicaset.rpartition("-")[2]
    labels: Raw = {"app": "web", "pod-template-hash": hash_}
    owners = [owner("ReplicaSet", replicaset)]
    return pod(meta={"name": name, "uid": name, "labels": labels, "ownerReferences": owners})


def described(*replicasets: wire.ReplicaSet, pods: list[wire.Pod]) -> list[str]:
    client = Answers(replicasets=list(replicasets), pods=pods)
    nearby = describe.Nearby.start(client, "media")
    detail = describe.workload(client, Found(deployment()), nearby, ENVIRONMENT).item
    return [one.name for one in detail.instances]


OWN = replicaset("web-6b8f", "web")
OTHER = replicaset("web-canary-5c7d", "web-canary")


def test_pods_of_its_own_replicasets() -> None:
    assert described(OWN, pods=[pod_of("web-6b8f", "b"), pod_of("web-6b8f", "a")]) == ["a", "b"]


def test_a_pod_whose_replicaset_was_made_after_the_list() -> None:
    assert described(pods=[pod_of("web-6b8f", "a")]) == ["a"]


@pytest.mark.parametrize("listed", [True, False], ids=["listed", "made after the list"])
def test_a_pod_of_another_deployment_that_the_selector_catches_is_not_its_own(
    *, listed: bool
) -> None:

    # off the name, and that name (web-canary) is never held against this one's (web). The same
    # in `Inventory.instances`, where ReplicaSets are forbidden or newer than the list.
    sets = [OWN, OTHER] if listed else [OWN]
    pods = [pod_of("web-6b8f", "a"), pod_of("web-canary-5c7d", "canary")]
    assert described(*sets, pods=pods) == ["a"]


def test_a_bare_pod_that_the_selector_catches_is_not_its_own() -> None:
    bare = pod(meta={"name": "bare", "uid": "bare"})
    assert described(OWN, pods=[pod_of("web-6b8f", "a"), bare]) == ["a"]
