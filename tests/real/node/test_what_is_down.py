"""A workload that has nothing available is degraded; one that never had is not rolled out."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from tests.support.api import Manifest
from tests.support.boxes import WAIT, box
from tests.support.cli import Cli
from tests.support.manifests import daemon_set, stateful_set
from tests.support.real_namespace import Space

NOWHERE = box() | {"image": "127.0.0.1:9/none:1"}
# Ready at once, and never again when the file is there.
FRAGILE = box(
    WAIT,
    readinessProbe={"exec": {"command": ["sh", "-c", "! test -e /tmp/broken"]},
                    "initialDelaySeconds": 3, "periodSeconds": 1, "failureThreshold": 1},
)  # fmt: skip
NEVER: dict[str, tuple[str, Manifest]] = {
    "set-without-image": ("statefulsets", stateful_set("set-without-image", NOWHERE)),
    "daemon-without-image": ("daemonsets", daemon_set("daemon-without-image", NOWHERE)),
}


@pytest.mark.parametrize("name", NEVER)
def test_what_was_never_available_is_not_complete(here: Space, dashborion: Cli, name: str) -> None:
    plural, manifest = NEVER[name]
    here.add(manifest, settled=False)
    here.plane.wait_for("a pod", partial(has_pods, here, plural, name))

    for command in (f"workloads list {name}", f"workloads describe {name}"):
        found = dashborion(f"{command} -o json").json
        found = found[0] if isinstance(found, list) else found
        assert (found["status"], found["rollout"]["state"]) == ("degraded", "progressing")
    assert name in dashborion("workloads list --status degraded -o name").out


@pytest.mark.parametrize("kind", [stateful_set, daemon_set], ids=["statefulset", "daemonset"])
def test_what_dies_later_is_complete_and_degraded(here: Space, dashborion: Cli, kind: Any) -> None:
    name = here.add(kind(f"fragile-{kind.__name__.replace('_', '-')}", FRAGILE))
    plural = "daemonsets" if kind is daemon_set else "statefulsets"
    pod = here.only_pod(name)
    assert dashborion(f"instances exec {pod} -- touch /tmp/broken").exit_code == 0
    here.plane.wait_for("it to fail", lambda: ready(here, plural, name) == 0)

    found = dashborion(f"workloads list {name} -o json").json[0]
    assert (found["status"], found["rollout"]["state"]) == ("degraded", "complete")
    assert dashborion(f"workloads describe {name} -o json").json["rollout"]["state"] == "complete"


def ready(here: Space, plural: str, name: str) -> int:
    status = here.get(name, plural)["status"]
    return int(status.get("numberReady", status.get("readyReplicas", 0)))


def has_pods(here: Space, plural: str, name: str) -> bool:
    status = here.get(name, plural)["status"]
    made = status.get("currentNumberScheduled", status.get("replicas", 0))
    return bool(made and here.pods(name))
