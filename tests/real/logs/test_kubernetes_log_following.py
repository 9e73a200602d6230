"""Who joins, leaves, is waited for or starts again while pods are followed, and what is said."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from dashborion.engines import logs
from tests.real.logs.test_kubernetes_log_snapshot import bare
from tests.support.cli import Cli, lines
from tests.support.control_plane import ControlPlane
from tests.support.kubelet import Kubelet
from tests.support.manifests import container, deployment
from tests.support.real_namespace import Space
from tests.support.waiting import PATIENCE_SECONDS, wait_for

SAID = "-f -i ^said --no-prefix"


def wait_for_text(terminal: Cli, text: str, *, out: bool = False) -> None:
    """Wait until a stream has these words."""
    wait_for(text, lambda: text in terminal.said_so_far(out=out))


def test_a_workload_at_zero_is_waited_for(here: Space, kubelet: Kubelet, dashborion: Cli) -> None:
    here.add(deployment("zero", replicas=0))

    def start() -> None:
        wait_for_text(dashborion, "scaled to zero; waiting for some")
        here.merge("zero", {"replicas": 1})
        wait_for("a pod", lambda: here.pods("zero"))
        kubelet.append_line(here.name, here.only_pod("zero"), "app", "said first")

    seen = dashborion(f"workloads logs zero {SAID}", meanwhile=start, enough=lines(1))
    assert seen.out == "said first\n"
    assert f"joined {here.only_pod('zero')}" in seen.err


def test_a_pod_that_comes_is_read_from_its_beginning_and_one_that_goes_leaves(
    here: Space, kubelet: Kubelet, dashborion: Cli
) -> None:
    here.add(deployment("shift"))
    old = here.only_pod("shift")
    new: list[str] = []

    def replace() -> None:
        wait_for_text(dashborion, f"joined {old}")
        kubelet.append_line(here.name, old, "app", "said by the old one")
        here.delete(old, "pods")
        wait_for("another pod", lambda: here.pods("shift"))
        new.append(here.only_pod("shift"))
        kubelet.append_line(here.name, new[0], "app", "said by the new one")
        wait_for_text(dashborion, f"left {old}")
        kubelet.append_line(here.name, new[0], "app", "said in the end")

    seen = dashborion(f"workloads logs shift {SAID} --tail 1", meanwhile=replace, enough=lines(3))
    assert sorted(seen.out.splitlines()) == [
        "said by the new one", "said by the old one", "said in the end",
    ]  # fmt: skip
    assert f"joined {new[0]}" in seen.err
    assert "is gone" not in seen.err


def test_a_restart_is_followed_and_the_end_of_the_run_before_read(
    here: Space, kubelet: Kubelet, dashborion: Cli
) -> None:
    here.add(deployment("again"))
    name = here.only_pod("again")

    def restart() -> None:
        wait_for_text(dashborion, f"joined {name}")
        kubelet.break_log_streams()
        kubelet.append_line(here.name, name, "app", "said last")
        kubelet.restart_container(here.name, name, "app")
        kubelet.append_line(here.name, name, "app", "said first")

    seen = dashborion(f"workloads logs again {SAID}", meanwhile=restart, enough=lines(2))
    assert seen.out == "said last\nsaid first\n"
    assert f"{name} was restarted" in seen.err


def test_a_pod_that_restarts_before_it_is_seen_is_read_from_its_first_run(
    here: Space, kubelet: Kubelet, dashborion: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    restarted = threading.Event()
    pause = logs.Live.pause

    def pause_until_then(live: logs.LiveLines, seconds: float) -> None:
        restarted.wait(PATIENCE_SECONDS)
        pause(live, seconds)

    monkeypatch.setattr(logs.Live, "pause", pause_until_then)
    here.add(deployment("early", replicas=0))

    def restart() -> None:
        wait_for_text(dashborion, "scaled to zero; waiting for some")
        here.merge("early", {"replicas": 1})
        wait_for("a pod", lambda: here.get("early")["status"].get("readyReplicas") == 1)
        name = here.only_pod("early")
        kubelet.append_line(here.name, name, "app", "said first")
        kubelet.restart_container(here.name, name, "app")
        kubelet.append_line(here.name, name, "app", "said last")
        restarted.set()

    seen = dashborion(f"workloads logs early {SAID}", meanwhile=restart, enough=lines(2))
    assert seen.out == "said first\nsaid last\n"
    assert f"{here.only_pod('early')} was restarted" in seen.err


def test_the_logs_between_two_restarts_are_said_to_be_gone(
    here: Space, kubelet: Kubelet, dashborion: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    restarted = threading.Event()
    pause = logs.Live.pause

    def pause_until_then(live: logs.LiveLines, seconds: float) -> None:
        restarted.wait(PATIENCE_SECONDS)
        pause(live, seconds)

    monkeypatch.setattr(logs.Live, "pause", pause_until_then)
    name = bare(here, "quick")

    def restart() -> None:
        wait_for_text(dashborion, f"joined {name}")
        for _ in range(3):
            kubelet.restart_container(here.name, name, "app")
        restarted.set()
        kubelet.append_line(here.name, name, "app", "said now")

    seen = dashborion(f"instances logs {name} {SAID}", meanwhile=restart, enough=lines(1))
    assert f"{name}: the logs of 2 runs between are gone" in seen.err


def test_a_rotation_while_the_connection_is_cut_is_a_gap_that_is_said(
    here: Space, kubelet: Kubelet, dashborion: Cli
) -> None:
    name = bare(here, "rotated")
    turn: list[Callable[[], None]] = []

    def cut(key: tuple[str, str, str], data: bytes) -> int | None:
        if key[1] != name or b"said cut" not in data or not turn:
            return None
        turn.pop()()
        return 0

    def rotate() -> None:
        kubelet.rotate_log(here.name, name, "app")
        kubelet.append_line(here.name, name, "app", "said after")

    def speak() -> None:
        wait_for_text(dashborion, f"joined {name}")
        kubelet.append_line(here.name, name, "app", "said before")
        wait_for_text(dashborion, "said before", out=True)
        turn.append(rotate)
        kubelet.append_line(here.name, name, "app", "said cut")

    with kubelet.cutting(cut):
        seen = dashborion(f"instances logs {name} {SAID}", meanwhile=speak, enough=lines(2))
    assert seen.out == "said before\nsaid after\n"
    assert "the log was rotated while it was not read: lines between 20" in seen.err


def test_a_pod_that_is_still_creating_is_waited_for(here: Space, dashborion: Cli) -> None:
    name = bare(here, "making", container("creating"))

    def go() -> None:
        wait_for_text(dashborion, f"{name}/app is waiting to start: ContainerCreating")
        here.delete(name, "pods")

    seen = dashborion(f"instances logs {name} -f", meanwhile=go)
    assert (seen.exit_code, seen.out) == (0, "")


def test_following_one_pod_ends_with_it(here: Space, kubelet: Kubelet, dashborion: Cli) -> None:
    name = bare(here, "brief")

    def end() -> None:
        wait_for_text(dashborion, f"joined {name}")
        kubelet.append_line(here.name, name, "app", "said without a newline", newline=False)
        kubelet.end_container(here.name, name, "app")
        wait_for_text(dashborion, "said without", out=True)
        here.delete(name, "pods")

    seen = dashborion(f"instances logs {name} {SAID}", meanwhile=end)
    assert (seen.exit_code, seen.out) == (0, "said without a newline\n")
    assert f"left {name}" in seen.err


def test_a_sorted_stream_puts_what_comes_late_into_order(
    here: Space, kubelet: Kubelet, dashborion: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "WINDOW_SECONDS", 5.0)  # for all four to come
    here.add(deployment("order", replicas=2))
    names = [str(one["metadata"]["name"]) for one in here.pods("order")]
    now = datetime.now(UTC) + timedelta(seconds=5)

    def speak() -> None:
        for name in names:
            wait_for_text(dashborion, f"joined {name}")
        for turn in range(4):
            at = now + timedelta(milliseconds=3 - turn)
            kubelet.append_line(here.name, names[turn % 2], "app", f"said {3 - turn}", at=at)

    # All lines, as the first may be written before the log is read for the first time.
    seen = dashborion(
        f"workloads logs order {SAID} --sorted --tail -1", meanwhile=speak, enough=lines(4)
    )
    assert seen.out == "said 0\nsaid 1\nsaid 2\nsaid 3\n"


def test_no_right_to_logs_ends_it(
    here: Space, control_plane: ControlPlane, dashborion: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = bare(here, "secret")
    path = here.plane.write_kubeconfig(
        here.plane.folder / "nobody.kubeconfig", user="nobody", namespace=here.name
    )
    monkeypatch.setenv("KUBECONFIG", str(path))
    for options in ("", "-f"):
        seen = dashborion(f"instances logs {name} {options}")
        assert (seen.exit_code, seen.out) == (4, "")
        assert name in seen.err
