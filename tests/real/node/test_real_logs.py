"""Logs of real containers: through restarts and the kubelet's rotation, line by line."""

from __future__ import annotations

import re

import pytest

from tests.support.boxes import box, box_pod
from tests.support.cli import Cli, lines
from tests.support.real_namespace import Space
from tests.support.real_node import RealNode

RUNS, LINES = 3, 2_000
SECONDS = 16
# Each run writes its lines and ends; what a run wrote last must not be lost.
COUNT = f"i=0; while [ $i -lt {LINES} ]; do i=$((i+1)); echo said $RUN $i; done; exit 1"
RUN = "RUN=$(ls /run/box 2>/dev/null | wc -l); mkdir -p /run/box; touch /run/box/$RUN; "
ONCE = "test -e /run/box/ran && exec sleep 1000; touch /run/box/ran; echo said once; exit 1"
MOUNT = [{"name": "kept", "mountPath": "/run/box"}]


def test_no_line_is_lost_or_doubled_through_restarts(here: Space, dashborion: Cli) -> None:
    here.add(
        box_pod(
            "restarting",
            containers=[box(RUN + COUNT, volumeMounts=MOUNT)],
            volumes=[{"name": "kept", "emptyDir": {}}],
        )
    )
    seen = dashborion(
        "instances logs restarting -f -i ^said --no-prefix --tail 100000",
        enough=lines(RUNS * LINES),
    )
    expected = [f"said {run} {line}" for run in range(RUNS) for line in range(1, LINES + 1)]
    assert seen.lines[: len(expected)] == expected, seen.err
    assert not re.search("cut|could not be read|unable", seen.err)


def test_a_snapshot_has_every_line_of_the_files_on_the_node(
    node: RealNode, here: Space, dashborion: Cli
) -> None:
    """A megabyte a file: the kubelet has rotated while it wrote."""
    script = "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); echo said $i padded to be longer; done"
    here.add(box_pod("rotated", script, restartPolicy="Never"))
    path = here.path("rotated", "pods")
    here.plane.wait_for(
        "the pod to end", lambda: here.plane.request("GET", path)["status"]["phase"] == "Succeeded"
    )
    folder = next(node.pod_logs.glob(f"{here.name}_rotated_*/app"))
    kept = (folder / "0.log").read_bytes().count(b"\n")
    seen = dashborion("instances logs rotated --tail 100000 -o raw").lines
    # The API reads the newest file only; what is there is all there, in order and once.
    assert len(seen) == kept
    numbers = [int(re.findall(r"said (\d+)", line)[0]) for line in seen]
    assert numbers == list(range(60_001 - kept, 60_001))


def test_a_rotation_is_followed_without_a_double_and_what_is_lost_is_said(
    node: RealNode, here: Space, dashborion: Cli
) -> None:
    """Four thousand lines a second: the kubelet looks at the files every ten seconds."""
    script = f"s=0; while [ $s -lt {SECONDS} ]; do seq $((s*4000+1)) $((s*4000+4000)) | "
    script += "sed 's/^/said /'; s=$((s+1)); sleep 1; done; echo said all; sleep 1000"
    here.add(box_pod("rotating", script))
    seen = dashborion(
        "instances logs rotating -f --no-prefix --tail -1",
        enough=lambda screen: "said all" in screen.getvalue()[-100:],
    )
    assert list(node.pod_logs.glob(f"{here.name}_rotating_*/app/0.log.*")), "it was not rotated"
    heard = [int(line.removeprefix("said ")) for line in seen.lines[:-1]]
    assert heard == sorted(set(heard))
    is_whole = heard == list(range(1, SECONDS * 4000 + 1))
    assert is_whole != ("may be missing" in seen.err)


@pytest.mark.parametrize("option", ["", "--previous"])
def test_the_log_of_a_run_that_ended(here: Space, dashborion: Cli, option: str) -> None:
    name = "crashing" + option.strip("-")
    here.add(box_pod(name, "echo said once; exit 1"))
    here.plane.wait_for("a restart", lambda: _restarts(here, name) > 0)
    seen = dashborion(f"instances logs {name} {option} --no-prefix")
    assert (seen.exit_code, set(seen.lines)) == (0, {"said once"})


def test_a_log_that_the_runtime_has_dropped_is_told_as_that(
    node: RealNode, here: Space, dashborion: Cli
) -> None:
    volumes = [{"name": "kept", "emptyDir": {}}]
    here.add(box_pod("dropped", containers=[box(ONCE, volumeMounts=MOUNT)], volumes=volumes))
    here.plane.wait_for("a restart", lambda: _restarts(here, "dropped") > 0)
    *before, _ = sorted(node.pod_logs.glob(f"{here.name}_dropped_*/app/*.log"))
    for path in before:
        path.unlink()
    seen = dashborion("instances logs dropped --previous")
    assert (seen.exit_code, seen.out) == (3, "")
    assert f"the container runtime of node {node.name} has dropped the log of that run" in seen.err


def _restarts(here: Space, name: str) -> int:
    status = here.plane.request("GET", here.path(name, "pods"))["status"]
    return int(status.get("containerStatuses", [{"restartCount": 0}])[0]["restartCount"])
