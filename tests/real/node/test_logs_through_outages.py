"""Logs whose node, runtime or workload goes away meanwhile: none is lost, and it is said once."""

from __future__ import annotations

import re
from functools import partial

import pytest

from tests.real.logs.test_kubernetes_log_following import SAID, wait_for_text
from tests.support.boxes import box, box_deployment, box_pod
from tests.support.cli import Cli, Screen
from tests.support.real_namespace import Space
from tests.support.real_node import RealNode
from tests.support.waiting import wait_for

COUNT = "trap 'exit 0' TERM; i=0; while :; do i=$((i+1)); echo said $i; sleep 0.05; done"
LAST = "trap 'echo said last; printf \"said the end\"; exit 0' TERM; while :; do sleep 0.1; done"


@pytest.fixture(scope="module")
def counting(space: Space) -> str:
    """A pod of two containers that count aloud."""
    name = space.add(box_pod("counting", containers=[box(COUNT), box(COUNT, name="second")]))
    space.plane.wait_for("it to run", partial(is_running, space, name))
    return name


def is_running(space: Space, name: str) -> bool:
    return bool(space.get(name, "pods")["status"].get("phase") == "Running")


def numbers(out: str, container: str) -> list[int]:
    return [int(one) for one in re.findall(rf"/{container} +\| said (\d+)", out)]


# Refused, or reset, as the API server happens to notice.
SAID_OF_KUBELET = [
    r"the kubelet of node {node} does not answer \([^)]*\): logs of its containers are .*",
    r"the kubelet of node {node} answers again",
]


@pytest.mark.parametrize(
    ("program", "said"),
    [
        pytest.param("kubelet", SAID_OF_KUBELET, id="kubelet"),
        pytest.param("containerd", [], id="containerd"),
    ],
)
def test_what_is_killed_and_started_again_costs_no_line_and_is_said_once(
    counting: str, node: RealNode, here: Space, dashborion: Cli, program: str, said: list[str]
) -> None:
    expected = [text.format(node=node.name) for text in said]
    enough: list[int] = []

    def kill() -> None:
        wait_for_text(dashborion, "/second | said", out=True)
        with node.without(program):
            for text in expected[:1]:
                wait_for(text, partial(is_said, dashborion, text))
        for text in expected[1:]:
            wait_for(text, partial(is_said, dashborion, text))
        wait_for("the node", partial(gives_logs, here, counting))
        enough.append(dashborion.said_so_far(out=True).count("\n") + 40)

    def has_seen(screen: Screen) -> bool:
        return bool(enough) and screen.lines >= enough[0]

    seen = dashborion(
        f"instances logs {counting} -f -i ^said --tail 5", meanwhile=kill, enough=has_seen
    )
    for container in ("app", "second"):
        heard = numbers(seen.out, container)
        assert heard == list(range(heard[0], heard[0] + len(heard)))
    told = [line for line in seen.err.splitlines() if not re.match("no config|joined", line)]
    assert len(told) == len(expected)
    assert all(map(re.fullmatch, expected, told))


def is_said(dashborion: Cli, text: str) -> bool:
    return re.search(text, dashborion.said_so_far()) is not None


def gives_logs(space: Space, name: str) -> bool:
    path = f"{space.path(name, 'pods')}/log?container=app&tailLines=1"
    try:
        return space.plane.request("GET", path, accept="*/*") is not None
    except Exception:  # noqa: BLE001 - whatever it is that it answers
        return False


def test_a_dead_kubelet_is_named_by_its_node(
    counting: str, node: RealNode, here: Space, dashborion: Cli
) -> None:
    with node.without("kubelet"):
        for command in (f"logs {counting}", f"exec {counting} -- true"):
            seen = dashborion(f"instances {command}")
            assert seen.exit_code == 6
            assert f"the kubelet of node {node.name} does not answer (connection ref" in seen.err
            assert "https://" not in seen.err
    wait_for("the kubelet", partial(gives_logs, here, counting))


def test_a_dead_runtime_is_not_taken_for_a_lost_log(
    counting: str, node: RealNode, here: Space, dashborion: Cli
) -> None:
    with node.without("containerd"):
        seen = dashborion(f"instances logs {counting} -c app")
    assert (seen.exit_code, seen.out) == (6, "")
    assert f"the container runtime of node {node.name} does not give the log" in seen.err
    wait_for("the runtime", partial(gives_logs, here, counting))


def test_a_workload_that_is_made_again_is_joined_and_its_last_words_are_there(
    here: Space, dashborion: Cli
) -> None:
    made = box_deployment("again", box(LAST))
    here.add(made)

    def make_again() -> None:
        wait_for_text(dashborion, "joined again-")
        here.delete("again")
        wait_for_text(dashborion, "again was deleted; waiting for one of that name")
        wait_for_text(dashborion, "left again-")
        here.add(box_deployment("again", box("echo said anew; sleep 100")))

    seen = dashborion(
        f"workloads logs again {SAID}", meanwhile=make_again, enough=lambda screen: screen.lines > 2
    )
    assert seen.lines == ["said last", "said the end", "said anew"]
    assert "again was made again" in seen.err
    assert not re.search("cut|could not be read|unable", seen.err)
