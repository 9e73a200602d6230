"""metrics-server is there for tests that need it: kubectl sees what the containers use."""

from __future__ import annotations

from pathlib import Path

from tests.support.control_plane import ControlPlane
from tests.support.kubectl import kubectl


def test_kubectl_tells_what_containers_use(metrics: ControlPlane, tmp_path: Path) -> None:
    kubeconfig = metrics.write_kubeconfig(tmp_path / "kubeconfig")
    rows = kubectl(kubeconfig, "top pods -n media -l app=web --no-headers").splitlines()
    # 100m and 64Mi of its first container, twice that of its second.
    assert [row.split()[1:] for row in rows] == [["300m", "192Mi"]] * 2
