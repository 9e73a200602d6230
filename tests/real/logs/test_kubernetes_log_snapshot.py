"""What pods have written, on a real control plane: which containers, which lines, how printed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.api import Manifest
from tests.support.cli import Cli
from tests.support.kubelet import Kubelet
from tests.support.manifests import container, deployment, pod
from tests.support.real_namespace import Space

TEN = [f"line {number}" for number in range(1, 11)]


@pytest.fixture(scope="module")
def web(space: Space) -> list[str]:
    """A Deployment with two pods of two containers; the pods' names."""
    space.add(deployment("web", container(), container(name="proxy"), replicas=2))
    return sorted(str(one["metadata"]["name"]) for one in space.pods("web"))


def bare(space: Space, name: str, *containers: Manifest, **more: object) -> str:
    """A pod of its own, when it has a status."""
    made = pod(name, *containers, **more)  # type: ignore[arg-type]
    space.add(made)
    space.plane.wait_for(
        f"the pod {name}", lambda: "startTime" in space.get(name, "pods").get("status", {})
    )
    return name


def messages(text: str) -> list[str]:
    return [line.partition(" | ")[2] or line for line in text.splitlines()]


def test_all_containers_of_all_pods_come_by_time(
    here: Space, web: list[str], dashborion: Cli
) -> None:
    seen = dashborion("workloads logs web --timestamps")
    told = [line.split() for line in seen.out.splitlines()]
    assert {one[0] for one in told} == {f"{name}/{each}" for name in web
                                        for each in ("app", "proxy")}  # fmt: skip
    assert len(told) == 40
    moments = [one[2] for one in told]
    assert moments == sorted(moments)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param("--tail 2", ["line 9", "line 10"], id="tail"),
        pytest.param("--tail 0", [], id="none"),
        pytest.param("-i 'line 1'", ["line 1", "line 10"], id="include"),
        pytest.param("-i 'line 1' -x 10", ["line 1"], id="exclude"),
        pytest.param("--tail 3 -i 'line 1'", ["line 10"], id="tail before patterns"),
    ],
)
def test_lines_are_chosen(
    options: str, expected: list[str], here: Space, web: list[str], dashborion: Cli
) -> None:
    seen = dashborion(f"instances logs {web[0]} -c app {options}")
    assert [line.partition(" of ")[0] for line in seen.out.splitlines()] == expected
    assert seen.exit_code == 0


def test_a_span_is_exact_although_the_api_knows_whole_seconds(
    here: Space, kubelet: Kubelet, dashborion: Cli
) -> None:
    name = bare(here, "span")
    begin = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=5)
    for tenth in range(10):
        at = begin + timedelta(milliseconds=100 * tenth)
        kubelet.append_line(here.name, name, "app", f"tenth {tenth}", at=at)
    since, until = (begin + timedelta(milliseconds=each) for each in (300, 600))
    span = f"--since {since.isoformat()} --until {until.isoformat()}"
    seen = dashborion(f"instances logs {name} {span}")
    assert seen.out.split("\n")[:-1] == [f"tenth {n}" for n in (3, 4, 5, 6)]
    newest = dashborion(f"instances logs {name} {span} --tail 2")
    assert newest.out.split("\n")[:-1] == ["tenth 5", "tenth 6"]


def test_json_is_a_line_with_every_field(here: Space, web: list[str], dashborion: Cli) -> None:
    seen = dashborion(f"instances logs {web[0]} -c app --tail 1 -o json")
    line = json.loads(seen.out)
    assert datetime.fromisoformat(line.pop("timestamp")).tzinfo is not None
    assert line == {
        "project": None,
        "environment": "k8s:real",
        "namespace": here.name,
        "workload": "web",
        "instance": web[0],
        "container": "app",
        "message": f"line 10 of {web[0]}/app",
    }


def test_the_default_container_is_read(here: Space, dashborion: Cli) -> None:
    made = pod("main", container(), container(name="proxy"))
    made["metadata"]["annotations"] = {"kubectl.kubernetes.io/default-container": "proxy"}
    here.add(made)
    here.plane.wait_for("it", lambda: "startTime" in here.get("main", "pods").get("status", {}))
    seen = dashborion("instances logs main --tail 1")
    assert seen.out == "line 10 of main/proxy\n"


def test_previous_is_the_run_before(here: Space, dashborion: Cli) -> None:
    here.add(deployment("oom", container("oom")))
    seen = dashborion("workloads logs oom --previous")
    assert messages(seen.out)[-1] == f"line 3 of {here.only_pod('oom')}/app before its restart"


def test_without_a_previous_run_it_says_so(here: Space, web: list[str], dashborion: Cli) -> None:
    seen = dashborion("workloads logs web --previous")
    assert (seen.exit_code, seen.out) == (3, "")
    assert f"{web[0]}/app has no previous run" in seen.err


def test_an_init_container_that_fails_is_read(here: Space, dashborion: Cli) -> None:
    here.add(deployment("init", init=[container("initcrash", name="migrate")]), settled=False)
    here.plane.wait_for(
        "its pod", lambda: any("startTime" in one["status"] for one in here.pods("init"))
    )
    seen = dashborion("workloads logs init")
    name = here.only_pod("init")
    assert messages(seen.out)[-1] == f"line 10 of {name}/migrate"
    assert f"{name}/app is waiting to start: PodInitializing" in seen.err


def test_a_pod_that_is_still_creating_gives_a_message(here: Space, dashborion: Cli) -> None:
    seen = dashborion(f"instances logs {bare(here, 'creating', container('creating'))}")
    assert (seen.exit_code, seen.out) == (3, "")
    assert "creating/app is waiting to start: ContainerCreating" in seen.err
    assert "-f waits for it" in seen.err


def test_scaled_to_zero_is_said(here: Space, dashborion: Cli) -> None:
    here.add(deployment("idle", replicas=0))
    seen = dashborion("workloads logs idle")
    assert seen.exit_code == 3
    assert "idle has no instances: it is scaled to zero" in seen.err


def test_an_unknown_container_names_those_there_are(
    here: Space, web: list[str], dashborion: Cli
) -> None:
    seen = dashborion("workloads logs web -c nope")
    assert seen.exit_code == 3
    assert "no container 'nope'" in seen.err
    assert "app, proxy" in seen.err


def test_more_containers_than_allowed_name_the_option(
    here: Space, web: list[str], dashborion: Cli
) -> None:
    for command in ("workloads logs web", "workloads logs web -f"):
        seen = dashborion(f"{command} --max-streams 3")
        assert seen.exit_code == 2
        assert "--max-streams 4" in seen.err


def test_several_workloads_are_one_stream(here: Space, web: list[str], dashborion: Cli) -> None:
    name = here.add(deployment("api"))
    seen = dashborion(f"workloads logs web {name} --tail 1")
    assert len(seen.out.splitlines()) == 5
    absent = dashborion("workloads logs web nope")
    assert absent.exit_code == 3
    assert "no workload 'nope'" in absent.err


def test_a_body_that_is_cut_is_read_on(here: Space, kubelet: Kubelet, dashborion: Cli) -> None:
    name = bare(here, "cut")
    cuts = [150, 40, 200]
    with kubelet.cutting(lambda key, _: cuts.pop() if key[1] == name and cuts else None):
        seen = dashborion(f"instances logs {name}")
    assert seen.out.splitlines() == [f"{one} of {name}/app" for one in TEN]
    assert not cuts


@pytest.mark.parametrize("end", ["whole", "without a newline"])
def test_bytes_of_every_kind_pass(end: str, here: Space, kubelet: Kubelet, dashborion: Cli) -> None:
    name = bare(here, f"bytes-{len(end)}")
    long = b"y" * 1_500_000
    for text in (b"broken \xff", b"nul \x00", b"\x1b[2Jclear", long):
        kubelet.append_line(here.name, name, "app", text)
    kubelet.append_line(here.name, name, "app", "the end", newline=end == "whole")
    kubelet.end_container(here.name, name, "app")
    seen = dashborion(f"instances logs {name} --tail 5")
    assert seen.out.split("\n")[:-1] == [
        "broken \ufffd", "nul \\x00", "\\x1b[2Jclear", long.decode(), "the end",
    ]  # fmt: skip
    raw = dashborion(f"instances logs {name} --tail 5 -o raw")
    assert "\x1b[2Jclear\n" in raw.out
