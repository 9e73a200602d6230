"""``instances exec`` through a real API server, to the stand-in kubelet behind it."""

from __future__ import annotations

from tests.support.cli import Cli
from tests.support.manifests import container, deployment
from tests.support.real_namespace import Space


def test_output_and_exit_code_come_through_the_api_server(here: Space, dashborion: Cli) -> None:
    here.add(deployment("inside", container()))
    pod = here.only_pod("inside")
    seen = dashborion(f"instances exec {pod} -- sh -c 'hostname; echo bad >&2; exit 9'")
    assert (seen.exit_code, seen.out) == (9, f"{pod}\n")
    assert seen.err.startswith("bad\n")


def test_exec_without_permission_exits_4(here: Space, as_viewer: None, dashborion: Cli) -> None:
    here.add(deployment("closed"))
    seen = dashborion(f"instances exec {here.only_pod('closed')} -- sh")
    assert seen.exit_code == 4
    assert "pods/exec" in seen.err
