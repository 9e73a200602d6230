"""Lists are watched on a real API server, one that is killed and comes back included."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Cli, Screen
from tests.support.control_plane import CURRENT, OLDEST, ControlPlane
from tests.support.manifests import namespace

SPACE = "watched"
VERSIONS = pytest.mark.parametrize("variable", [CURRENT, OLDEST], ids=["current", "oldest"])
MAPS = f"/api/v1/namespaces/{SPACE}/configmaps"


def configmap(name: str) -> dict[str, Any]:
    meta = {"name": name, "namespace": SPACE}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"key": "made-up"}}


class Script:
    """What happens meanwhile: the next step when a text is on the screen."""

    def __init__(self, *steps: tuple[str, Any]) -> None:
        self.left = list(steps)

    def __call__(self, screen: Screen) -> bool:
        while self.left and self.left[0][0] in screen.getvalue():
            self.left.pop(0)[1]()
        return not self.left


@VERSIONS
def test_a_server_that_is_killed_and_comes_back_loses_and_doubles_nothing(
    dashborion: Cli,
    variable: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not os.environ.get(variable):
        pytest.skip(f"${variable} names no folder with a control plane's programs")
    monkeypatch.setattr("dashborion.orchestrators.kubernetes.list_watch.AGAIN_SECONDS", 0.1)
    with ControlPlane.from_environment(variable, is_moving=False) as plane:
        plane.apply(namespace(SPACE))
        for name in ("first", "second"):
            plane.apply(configmap(name))
        kubeconfig = plane.write_kubeconfig(tmp_path / "kubeconfig", namespace=SPACE)
        monkeypatch.setenv("KUBECONFIG", str(kubeconfig))

        def change() -> None:
            plane.request("DELETE", f"{MAPS}/first")
            plane.merge(f"{MAPS}/second", {"data": {"more": "made-up"}})
            plane.apply(configmap("third"))

        def come_back() -> None:
            plane.restart_api_server()
            plane.request("DELETE", f"{MAPS}/second")
            plane.apply(configmap("fourth"))

        script = Script(
            ('"synced"', change),
            ('"third"', plane.kill_api_server),
            ('"failed"', come_back),
            ('"fourth"', lambda: None),
        )
        seen = dashborion("k8s configmaps list --watch -o json --interval 0", enough=script)
    lines = [json.loads(line) for line in seen.lines]
    told = [(one["change"], one.get("name")) for one in lines]
    rows = [one for one in told if one[0] not in ("synced", "failed")]
    assert sorted(rows) == sorted(set(rows))
    assert [one for one in rows if one[1] != "kube-root-ca.crt"] == [
        ("added", "first"), ("added", "second"),
        ("deleted", "first"), ("modified", "second"), ("added", "third"),
        ("deleted", "second"), ("added", "fourth"),
    ]  # fmt: skip
    states = [change for change, name in told if name is None]
    assert states[:2] == ["synced", "failed"]
