"""``instances exec`` through a real API server, to the stand-in kubelet behind it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashborion.terminal import Terminal as Own
from tests.support.changes_door import Terminal
from tests.support.manifests import container, deployment
from tests.support.real_namespace import Space


def test_output_and_exit_code_come_through_the_api_server(
    here: Space, dashborion: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    here.add(deployment("inside", container()))
    pod = here.only_pod("inside")
    with (tmp_path / "out").open("wb") as out, (tmp_path / "err").open("wb") as err:
        own = Own(None, out.fileno(), err.fileno(), tty=False)
        monkeypatch.setattr(Own, "system", lambda **_: own)
        seen = dashborion(f"instances exec {pod} -- sh -c 'hostname; echo bad >&2; exit 9'")
    assert seen.exit_code == 9, seen.err
    assert (tmp_path / "out").read_text() == f"{pod}\n"
    assert (tmp_path / "err").read_text() == "bad\n"


def test_who_may_not_is_told_so(here: Space, as_viewer: None, dashborion: Terminal) -> None:
    here.add(deployment("closed"))
    seen = dashborion(f"instances exec {here.only_pod('closed')} -- sh")
    assert seen.exit_code == 4
    assert "pods/exec" in seen.err
