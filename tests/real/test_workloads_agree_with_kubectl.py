"""What ``workloads list`` says is what ``kubectl get -o json`` says, field by field."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cli import Cli
from tests.support.cluster import NAMESPACES as FLEET
from tests.support.kubectl import kubectl_items


def test_every_field_of_every_workload_agrees(dashborion: Cli, as_admin: Path) -> None:
    ours = {(one["type"], one["namespace"], one["name"]): one
            for one in dashborion("workloads list -A -o json").json
            if one["namespace"] in FLEET}  # fmt: skip
    theirs = [one for one in kubectl_items(as_admin, "get deploy,sts,ds -A")
              if one["metadata"]["namespace"] in FLEET]  # fmt: skip
    assert len(ours) == len(theirs)
    for item in theirs:
        meta, spec, status = item["metadata"], item["spec"], item["status"]
        kind = item["kind"].lower()
        found = ours[f"k8s-{kind}", meta["namespace"], meta["name"]]
        if kind == "daemonset":
            counts = ("desiredNumberScheduled", "numberReady", "numberAvailable")
            desired, running, available = (status.get(name, 0) for name in counts)
        else:
            desired, running = spec["replicas"], status.get("readyReplicas", 0)
            fallback = running if kind == "statefulset" else 0
            available = status.get("availableReplicas", fallback)
        containers = spec["template"]["spec"]["containers"]
        assert found["desired"] == desired
        assert found["running"] == running
        assert found["available"] == available
        assert found["images"] == [one["image"] for one in containers]
        assert found["image"] == containers[0]["image"]
        assert found["createdAt"] == meta["creationTimestamp"]
        assert found["labels"] == meta.get("labels", {})
        revision = meta.get("annotations", {}).get("deployment.kubernetes.io/revision")
        if kind == "deployment":
            assert found["rollout"]["revision"] == revision


@pytest.mark.parametrize("command", ["workloads list -A -o json", "services list -A -o json"])
def test_services_is_another_name_for_workloads(
    dashborion: Cli, as_admin: Path, command: str
) -> None:
    assert dashborion(command).json == dashborion("workloads list -A -o json").json
