"""Many workloads in one stream, on a real control plane: those that match, and will match."""

from __future__ import annotations

import pytest

from tests.real.logs.test_kubernetes_log_following import wait_for_text
from tests.support.cli import Cli, lines
from tests.support.kubelet import Kubelet
from tests.support.manifests import deployment, stateful_set
from tests.support.real_namespace import Space
from tests.support.waiting import wait_for

SAID = "-i ^said --no-prefix"


@pytest.fixture(scope="module")
def chat(space: Space, kubelet: Kubelet) -> dict[str, str]:
    """Two workloads that have spoken, and a third that nobody means; their pods."""
    space.add(deployment("chat-a"))
    space.add(stateful_set("chat-b"))
    space.add(deployment("other"))
    pods = {name: space.only_pod(name) for name in ("chat-a", "chat-b", "other")}
    for name, pod in pods.items():
        kubelet.append_line(space.name, pod, "app", f"said by {name}")
    return pods


@pytest.mark.parametrize(
    ("asked", "heard"),
    [
        pytest.param("'chat-*'", ["chat-a", "chat-b"], id="pattern"),
        pytest.param("chat-a 'o*'", ["chat-a", "other"], id="name and pattern"),
        pytest.param("'sts/*'", ["chat-b"], id="kind"),
        pytest.param("-l 'app in (chat-a, other)'", ["chat-a", "other"], id="label"),
        pytest.param("'chat-*' -l app!=chat-a", ["chat-b"], id="pattern and label"),
        pytest.param("chat-a chat-b -A", ["chat-a", "chat-b"], id="all namespaces"),
    ],
)
def test_workloads_are_chosen(
    asked: str, heard: list[str], here: Space, chat: dict[str, str], dashborion: Cli
) -> None:
    seen = dashborion(f"workloads logs {asked} {SAID}")
    assert (seen.exit_code, sorted(seen.lines)) == (0, [f"said by {name}" for name in heard])


def test_all_namespaces_are_named(here: Space, chat: dict[str, str], dashborion: Cli) -> None:
    seen = dashborion("workloads logs chat-a -A -i ^said")
    assert seen.lines == [f"{here.name}/{chat['chat-a']} | said by chat-a"]


@pytest.mark.parametrize(
    ("asked", "code", "words"),
    [
        pytest.param("'nope-*'", 3, ["no workload fits 'nope-*'", "-f waits"], id="no match"),
        pytest.param("-l app=nope", 3, ["no workload fits -l app=nope"], id="no label"),
        pytest.param("chat-c 'nope-*'", 3, ["no workload 'chat-c'", "chat-a"], id="name of none"),
        pytest.param("'*' -n nope", 3, ["no namespace 'nope'"], id="namespace"),
        pytest.param("'chat-*' -l 'a b'", 2, ["unable to parse"], id="selector"),
        pytest.param("'chat-*' --max-streams 1", 2, ["--max-streams 2"], id="too many"),
        pytest.param("'chat-*' -f --max-streams 1", 2, ["--max-streams 2"], id="to follow"),
    ],
)
def test_what_cannot_be_read_is_told(
    asked: str, code: int, words: list[str], here: Space, chat: dict[str, str], dashborion: Cli
) -> None:
    seen = dashborion(f"workloads logs {asked}")
    assert (seen.exit_code, seen.out) == (code, "")
    for word in words:
        assert word in seen.err


@pytest.mark.parametrize("asked", ["'new-*'", "-l 'app in (new-a, new-b)'"], ids=["name", "label"])
def test_a_workload_that_is_made_joins_and_one_that_is_gone_leaves(
    asked: str, here: Space, kubelet: Kubelet, dashborion: Cli
) -> None:
    def speak(name: str, text: str) -> None:
        wait_for("its pod", lambda: here.pods(name))
        kubelet.append_line(here.name, here.only_pod(name), "app", text)

    def go_on() -> None:
        wait_for_text(dashborion, "waiting for some")
        here.add(deployment("new-a"))
        speak("new-a", "said first")
        here.add(deployment("newer"))
        wait_for_text(dashborion, "said first", out=True)
        here.add(deployment("new-b"))
        speak("new-b", "said second")
        wait_for_text(dashborion, "said second", out=True)
        here.delete("new-a")
        wait_for_text(dashborion, f"workload {here.name}/new-a left")
        speak("new-b", "said in the end")

    seen = dashborion(f"workloads logs {asked} -f {SAID}", meanwhile=go_on, enough=lines(3))
    assert seen.lines == ["said first", "said second", "said in the end"]
    assert f"workload {here.name}/new-b joined" in seen.err
    assert "newer" not in seen.err
    for name in ("new-b", "newer"):
        here.delete(name)
