"""For every pod, the word that ``kubectl get pods`` prints is the reason or the status."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.cli import Cli
from tests.support.cluster import NAMESPACES as FLEET
from tests.support.kubectl import kubectl, kubectl_items


def listed(dashborion: Cli) -> dict[str, Any]:
    """By name; other tests may have namespaces of their own on the same control plane."""
    found = dashborion("instances list -A --all -o json").json
    return {one["name"]: one for one in found if one["namespace"] in FLEET}


def test_the_status_word_of_every_pod(dashborion: Cli, as_admin: Path) -> None:
    ours = listed(dashborion)
    rows = kubectl(as_admin, "get pods -A --no-headers").splitlines()
    rows = [row for row in rows if row.split()[0] in FLEET]
    assert len(rows) == len(ours)
    words = set()
    for row in rows:
        _, name, _, word, restarts, *_ = row.split()
        found = ours[name]
        assert word in (found["reason"], found["status"].capitalize()), (name, word, found)
        assert int(restarts) == found["restarts"]
        words.add(word)
    assert words >= {
        "Running", "Pending", "CrashLoopBackOff", "ImagePullBackOff", "Init:CrashLoopBackOff",
        "Init:0/1", "Terminating", "Completed", "Error", "Evicted", "ContainerCreating", "NotReady",
    }  # fmt: skip


def test_every_field_of_every_pod_agrees(dashborion: Cli, as_admin: Path) -> None:
    ours = listed(dashborion)
    for pod in kubectl_items(as_admin, "get pods -A"):
        if pod["metadata"]["namespace"] not in FLEET:
            continue
        found, meta, status = ours[pod["metadata"]["name"]], pod["metadata"], pod["status"]
        conditions = {one["type"]: one["status"] for one in status.get("conditions", ())}
        assert found["id"] == meta["name"]
        assert found["namespace"] == meta["namespace"]
        assert found["ip"] == status.get("podIP")
        assert found["node"] == pod["spec"].get("nodeName")
        assert found["createdAt"] == meta["creationTimestamp"]
        assert found["startedAt"] == status.get("startTime")
        assert found["ready"] == (conditions.get("Ready") == "True")


def test_every_pod_belongs_to_the_workload_that_made_it(dashborion: Cli, as_admin: Path) -> None:
    ours = dashborion("instances list -n media --all -o json").json
    owners = {one["name"].split("-")[0]: one["workload"] for one in ours}
    made = ("agent", "crash", "db", "huge", "init", "oom", "paused", "pull", "rolling", "web")
    assert {name: owners[name] for name in made} == {name: name for name in made}
    assert {owners[name] for name in ("toolbox", "failed", "evicted", "once", "mixed")} == {None}


def test_finished_pods_are_left_out_unless_asked_for(dashborion: Cli, as_admin: Path) -> None:
    plain = {one["name"] for one in dashborion("instances list -o json").json}
    everything = {one["name"] for one in dashborion("instances list --all -o json").json}
    stopped = {one["name"] for one in dashborion("instances list --status stopped -o json").json}
    assert {"failed", "evicted"} <= stopped
    assert everything == plain | stopped
    assert not plain & stopped
