"""Of the same objects the demo's Kubernetes shows what the current one, with a real node, shows.

Names that are made up, and how many nodes there are, differ and are left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.api import Manifest
from tests.support.boxes import WAIT, box, box_deployment
from tests.support.cli import Cli, Result
from tests.support.control_plane import ControlPlane
from tests.support.manifests import job, namespace, service, stateful_set
from tests.support.real_namespace import Space
from tests.support.real_node import RealNode
from tests.support.stand_in import StandIn

SIDES = ("demo", "real")
WHERE = {"topology.kubernetes.io/zone": "eu-west-3a", "topology.kubernetes.io/region": "eu-west-3"}
MADE_UP = {
    r"\b(real|node)-\d+\b": "NODE",
    r"\beu-west-3\w\b": "ZONE",
    r"\b\d+(?= (Insufficient|Preemption|nodes? are|nodes?:))": "N",
    r"\bnodes?:": "nodes:",
    r'failed to start exec \\*"\w+\\*": ': "",
    r"-[a-z0-9]{6,10}-[a-z0-9]{5}\b": "-SET-POD",
    r"(?<=[a-z])-[a-z0-9]{5}\b": "-POD",
    r"(?<=[a-z])-[a-z0-9]{8,10}\b": "-SET",
    "-dashborion-demo": "",
}
STARTED = 7  # containers of what is below, save for the pod that is late


def manifests() -> Iterator[Manifest]:
    sidecar = box(WAIT, name="proxy", restartPolicy="Always")
    side = box_deployment("side", init=[box("exit 0", name="migrate"), sidecar])
    amounts = {"requests": {"cpu": "20m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}}
    side["spec"]["template"]["spec"]["resources"] = amounts
    yield from (side, service("side"))
    yield box_deployment("huge", box(resources={"requests": {"cpu": "500"}}))
    yield from (service("db", clusterIP="None"), stateful_set("db", box()))
    for name, script, more in (
        ("fail", "exit 3", {"backoffLimit": 0}),
        ("late", WAIT, {"activeDeadlineSeconds": 1, "backoffLimit": 0}),
        ("sided", "sleep 1", {}),
    ):
        one = job(name, box(script))
        one["spec"] |= more
        pod = one["spec"]["template"]["spec"]
        pod |= {"terminationGracePeriodSeconds": 1}
        pod |= {"initContainers": [sidecar]} if name == "sided" else {}
        yield one


def is_over(plane: ControlPlane, name: str) -> bool:
    """Whether the Jobs have ended, and what lasts is ready."""
    jobs = plane.request("GET", f"/apis/batch/v1/namespaces/{name}/jobs")["items"]
    types = [{c["type"] for c in one["status"].get("conditions", ())} for one in jobs]
    side = plane.request("GET", f"/apis/apps/v1/namespaces/{name}/deployments/side")["status"]
    return bool(side.get("availableReplicas")) and all(
        {"Complete", "Failed"} & one for one in types
    )


def is_told(plane: ControlPlane, name: str) -> bool:
    """Whether events say so, which come a moment later where the kubelet is real."""
    events = plane.request("GET", f"/api/v1/namespaces/{name}/events")["items"]
    told = [(one["reason"], one["involvedObject"]["name"][:5]) for one in events]
    started = [who for what, who in told if what == "Started" and who != "late-"]
    seen = {what for what, _ in told}
    return len(started) == STARTED and {"FailedScheduling", "DeadlineExceeded", "Completed"} <= seen


@pytest.fixture(scope="module")
def sides(
    node: RealNode, space: Space, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, Path]]:
    """Each one's kubeconfig; in both there are the same objects, settled."""
    folder = tmp_path_factory.mktemp("sides")
    node.plane.merge(f"/api/v1/nodes/{node.name}", {"metadata": {"labels": WHERE}})
    with StandIn.running(folder) as demo:
        demo.apply(namespace(space.name))
        for plane in (demo, space.plane):
            for one in manifests():
                plane.apply({**one, "metadata": {**one["metadata"], "namespace": space.name}})
        for plane in (demo, space.plane):
            plane.wait_for("all to settle", partial(is_over, plane, space.name))
        space.plane.wait_for("all to be told", partial(is_told, space.plane, space.name))
        yield {
            side: plane.write_kubeconfig(folder / side, namespace=space.name)
            for side, plane in zip(SIDES, (demo, space.plane), strict=True)
        }
    for name in ("fail", "late", "sided"):
        path = f"/apis/batch/v1/namespaces/{space.name}/jobs/{name}"
        space.plane.request("DELETE", f"{path}?propagationPolicy=Background")


def known(text: str) -> str:
    for made_up, instead in MADE_UP.items():
        text = re.sub(made_up, instead, text)
    return text


def shown(result: Result, path: str, keys: str) -> set[str]:
    """These keys of what was printed, or of what is at a path in it."""
    assert result.exit_code == 0, result.err
    found: Any = result.json[path] if path else result.json
    items = found if isinstance(found, list) else [found]
    assert items
    return {known(json.dumps([one.get(key) for key in keys.split()])) for one in items}


CONTAINER = "status ready reason message zone revision restarts cpu memory containers"
SHOWN = {
    "the version": ("env check -o json", "", "version"),
    "sidecars, pod-level resources, zones": (
        "instances list -w side -o json", "", f"name {CONTAINER.replace('revision ', '')}",
    ),
    "labels": ("workloads describe huge -o json", "instances", "name status reason message zone"),
    "what ran once": (
        "instances list --all --status stopped -o json", "", "name status reason containers",
    ),
    "counts": (
        "workloads describe side --raw", "status",
        "replicas updatedReplicas readyReplicas availableReplicas terminatingReplicas",
    ),
    "what a service has behind it": (
        "workloads describe side -o json", "endpoints", "type name port protocol healthy total",
    ),
    "events": ("workloads events side huge db -o json", "", "type reason object message"),
    "causes": ("workloads why huge -o json", "causes", "code severity confidence title message"),
    "jobs": ("k8s jobs list -o json", "", "name status completions succeeded active failed"),
    **{
        f"{what} of {name}": (f"k8s jobs describe {name} -o json", what, keys)
        for name in ("fail", "late", "sided")
        for what, keys in (
            ("conditions", "type status reason message"), ("events", "type reason object message"),
        )
    },
}  # fmt: skip


@pytest.mark.parametrize(("command", "path", "keys"), SHOWN.values(), ids=SHOWN)
def test_both_show_the_same(
    sides: Mapping[str, Path], dashborion: Cli, monkeypatch: pytest.MonkeyPatch,
    command: str, path: str, keys: str,
) -> None:  # fmt: skip
    said = {}
    for side, kubeconfig in sides.items():
        monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
        said[side] = shown(dashborion(command), path, keys)
    assert said["demo"] == said["real"]


@pytest.mark.parametrize(
    ("command", "typed"),
    [
        pytest.param("-c proxy -- echo hi", b"", id="in a sidecar"),
        pytest.param("-c app -- sh -c 'exit 3'", b"", id="its exit code"),
        pytest.param("-c app -- nope", b"", id="no such program"),
        pytest.param("--stdin -c app -- cat", b"half\nclosed", id="stdin that ends"),
    ],
)
def test_both_run_the_same(
    sides: Mapping[str, Path], dashborion: Cli, monkeypatch: pytest.MonkeyPatch,
    command: str, typed: bytes,
) -> None:  # fmt: skip
    said = {}
    for side, kubeconfig in sides.items():
        monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
        pod = dashborion("instances list -w side -o name").lines[0]
        ran = dashborion(f"instances exec {pod} {command}", stdin=typed)
        said[side] = (ran.exit_code, ran.out, known(ran.err))
    assert said["demo"] == said["real"]
