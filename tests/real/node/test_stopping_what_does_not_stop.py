"""``instances stop`` of pods that do not go at once: they end, and are not said to be gone."""

from __future__ import annotations

from functools import partial

import pytest

from tests.support.api import Manifest
from tests.support.boxes import box_pod
from tests.support.cli import Cli
from tests.support.real_namespace import Space

IGNORES = "trap '' TERM; while :; do sleep 0.1; done"
DEAF = box_pod("deaf", IGNORES)
DEAF["spec"]["terminationGracePeriodSeconds"] = 5
HELD = box_pod("held")
HELD["metadata"]["finalizers"] = ["example.com/held"]


@pytest.mark.parametrize("made", [DEAF, HELD], ids=["SIGTERM is ignored", "a finalizer"])
def test_what_stays_is_terminating(made: Manifest, here: Space, dashborion: Cli) -> None:
    name = here.add(made)
    here.plane.wait_for("it to run", partial(is_running, here, name))
    seen = dashborion(f"instances stop {name} --yes -o json")
    assert (seen.exit_code, seen.json["before"], seen.json["after"]) == (
        0, "running", "terminating",
    )  # fmt: skip
    if made is HELD:
        here.plane.wait_for("its end", lambda: not is_running(here, name))
        assert name in dashborion("instances list --all").out
        release = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["example.com/held"]}}
        here.plane.merge(here.path(name, "pods"), release)


def is_running(space: Space, name: str) -> bool:
    return bool(space.get(name, "pods")["status"].get("phase") == "Running")
