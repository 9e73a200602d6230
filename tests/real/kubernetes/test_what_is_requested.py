"""What a workload requests is what the API server gives its pods, limits without requests too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.api import Manifest
from tests.support.cli import Cli
from tests.support.control_plane import ControlPlane
from tests.support.manifests import container, deployment
from tests.support.real_namespace import Space

NAME = "requested"
Amounts = dict[str, str]


def amounts(requests: Amounts | None = None, limits: Amounts | None = None) -> Manifest:
    return {"resources": {"requests": requests or {}, "limits": limits or {}}}


SMALL, LARGE = {"cpu": "10m", "memory": "8Mi"}, {"cpu": "50m", "memory": "32Mi"}
ALONE = {
    "nothing": [amounts()],
    "requests": [amounts(SMALL)],
    "limits-alone": [amounts(limits=LARGE)],
    "one-limit-without-a-request": [amounts({"cpu": "10m"}, LARGE)],
    "two-containers": [amounts(SMALL, LARGE), amounts(limits=LARGE)],
    "one-of-two": [amounts(limits={"memory": "32Mi"}), amounts()],
}
WHOLE = {
    "whole": ([amounts()], amounts(SMALL, LARGE)),
    "whole-limits-alone": ([amounts()], amounts(limits=LARGE)),
    "whole-limits-around-requests": ([amounts(SMALL)], amounts(limits=LARGE)),
    "whole-requests-above-containers": ([amounts(SMALL)], amounts(LARGE)),
    "whole-limit-of-one": ([amounts({"memory": "8Mi"})], amounts(limits={"cpu": "50m"})),
    "whole-limits-around-limits": ([amounts(limits=SMALL)], amounts(limits=LARGE)),
}


@pytest.fixture(scope="module")
def requested(cluster: ControlPlane) -> Iterator[Space]:
    space = Space.on(cluster, NAME)
    for name, containers in ALONE.items():
        space.add(deployment(name, *_named(containers)), settled=False)
    for name, (containers, whole) in WHOLE.items():
        manifest = deployment(name, *_named(containers))
        manifest["spec"]["template"]["spec"] |= whole
        space.add(manifest, settled=False)
    for name in (*ALONE, *WHOLE):
        cluster.wait_for(f"a pod of {name}", lambda name=name: space.pods(name))  # type: ignore[misc]
    yield space
    space.clear()


def _named(containers: list[Manifest]) -> list[Manifest]:
    return [container(name=f"c{number}", **one) for number, one in enumerate(containers)]


@pytest.mark.parametrize("name", [*ALONE, *WHOLE])
def test_a_workload_requests_what_its_pods_do(
    requested: Space, dashborion: Cli, point: Callable[[ControlPlane, str], Path], name: str
) -> None:
    if name in WHOLE and requested.plane.version <= (1, 20):
        pytest.skip("1.20 knows no resources of pods")
    point(requested.plane, "admin")
    (workload,) = dashborion(f"workloads list {name} -n {NAME} -o json").json
    (instance,) = dashborion(f"instances list -w {name} -n {NAME} -o json").json
    assert (workload["cpu"], workload["memory"]) == (instance["cpu"], instance["memory"])
    # The API server has completed the pod: what it says is all there is to say.
    spec = requested.pods(name)[0]["spec"]
    said = spec.get("resources") or spec["containers"][0]["resources"]
    if "requests" in said and len(spec["containers"]) == 1:
        asked = said["requests"]
        assert (instance["cpu"], instance["memory"]) == (asked.get("cpu"), asked.get("memory"))
