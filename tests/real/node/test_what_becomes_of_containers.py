"""What the runtime and the kubelet make of containers, told as the server's printer tells it."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from tests.support.api import Manifest
from tests.support.boxes import WAIT, box, box_pod
from tests.support.cli import Cli
from tests.support.real_namespace import Space

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
MEMORY = {"limits": {"memory": "16Mi"}}
FROM_NOWHERE = {"configMapKeyRef": {"name": "nowhere", "key": "a"}}
FATES: dict[str, tuple[Manifest, str]] = {
    "ends-well": (box_pod("ends-well", "exit 0", restartPolicy="Never"), "Completed"),
    "ends-with-3": (box_pod("ends-with-3", "exit 3", restartPolicy="Never"), "Error"),
    "crashes": (box_pod("crashes", "exit 3"), "CrashLoopBackOff"),
    "eats-memory": (
        box_pod("eats-memory", restartPolicy="Never",
                containers=[box("tail /dev/zero", resources=MEMORY)]),
        "OOMKilled",
    ),
    "no-program": (
        box_pod("no-program", restartPolicy="Never",
                containers=[box() | {"command": ["/not/there"]}]),
        "StartError",
    ),
    "no-image": (
        box_pod("no-image", containers=[box() | {"image": "127.0.0.1:9/none:1"}]),
        "ImagePullBackOff",
    ),
    "no-config": (
        box_pod("no-config", containers=[box(env=[{"name": "A", "valueFrom": FROM_NOWHERE}])]),
        "CreateContainerConfigError",
    ),
    "init-fails": (
        box_pod("init-fails", initContainers=[box("exit 4", name="before")],
                restartPolicy="Never"),
        "Init:Error",
    ),
    "one-of-two-fails": (
        box_pod("one-of-two-fails", restartPolicy="Never",
                containers=[box("exit 0"), box("exit 5", name="second")]),
        "Error",
    ),
    "never-ready": (
        box_pod("never-ready",
                containers=[box(readinessProbe={"exec": {"command": ["false"]}})]),
        "Running",
    ),
    "with-a-sidecar": (
        box_pod("with-a-sidecar",
                initContainers=[box(WAIT, name="side", restartPolicy="Always")]),
        "Running",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def fates(space: Space) -> Space:
    """Pods of every fate, each as far as it gets."""
    for manifest, _ in FATES.values():
        space.add(manifest)
    for name, (_, word) in FATES.items():
        space.plane.wait_for(f"{name} to be {word}", partial(is_told, space, name, word))
    return space


def is_told(space: Space, name: str, word: str) -> bool:
    return bool(printed(space)[name]["Status"] == word)


def printed(space: Space) -> dict[str, Any]:
    """What ``kubectl get pods`` prints, by the pod's name."""
    table = space.plane.request("GET", f"/api/v1/namespaces/{space.name}/pods", accept=TABLE)
    names = [column["name"] for column in table["columnDefinitions"]]
    rows = [dict(zip(names, row["cells"], strict=True)) for row in table["rows"]]
    return {row["Name"]: row for row in rows}


@pytest.mark.parametrize("name", FATES)
def test_a_pod_is_told_as_the_printer_tells_it(
    fates: Space, here: Space, dashborion: Cli, name: str
) -> None:
    while True:  # what crashes may begin and end between two looks
        theirs = printed(here)[name]
        header, *lines = dashborion("instances list --all").lines
        rows = [dict(zip(header.split("\t"), line.split("\t"), strict=True)) for line in lines]
        (ours,) = [row for row in rows if row["NAME"] == name]
        again = printed(here)[name]
        if all(again[key] == theirs[key] for key in ("Ready", "Status", "Restarts")):
            break
    assert ours["READY"] == theirs["Ready"]
    assert ours["STATUS"].casefold() == theirs["Status"].casefold()
    assert abs(int(ours["RESTARTS"]) - int(str(theirs["Restarts"]).split()[0])) <= 1


@pytest.mark.parametrize(
    ("name", "code", "reason"),
    [
        ("ends-with-3", 3, "Error"),
        ("eats-memory", 137, "OOMKilled"),
        ("no-program", 128, "StartError"),
        ("ends-well", 0, "Completed"),
    ],
)
def test_an_exit_has_its_code_and_reason(
    fates: Space, here: Space, dashborion: Cli, name: str, code: int, reason: str
) -> None:
    (container,) = dashborion(f"instances describe {name} -o json").json["containers"]
    assert (container["exitCode"], container["reason"]) == (code, reason)
