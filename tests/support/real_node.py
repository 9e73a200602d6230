"""A real node: containerd, runc and a kubelet, on this machine, with pods that really run.

What a stand-in kubelet cannot tell comes from it: exit codes, probes, memory that runs out, log
files and their rotation, exec with terminals. ``$KUBEBUILDER_NODE`` names the program that starts
one: ``node up FOLDER KUBECONFIG`` and ``node down FOLDER``, as root on Linux.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.control_plane import CURRENT, ControlPlane
from tests.support.pod_status import right_now
from tests.support.processes import free_ports
from tests.support.waiting import wait_for

NODE = "KUBEBUILDER_NODE"
IMAGES = [f"registry.example/box:{tag}" for tag in (1, 2, 3)]  # busybox, httpd on request
_SECONDS = 90


def why_not() -> str | None:
    """Why no real node can run here, or None."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "a real node needs root on Linux"
    if not os.environ.get(CURRENT):
        return f"${CURRENT} names no folder with a control plane's programs"
    if not os.environ.get(NODE):
        return f"${NODE} names no program that starts a node"
    return None


# Programs of the node go on without those who started them, as `node up` starts them.
_START = 'nohup "$@" >>"$0.log" 2>&1 </dev/null & echo $! >"$0.pid"'


@dataclass(frozen=True)
class RealNode:
    """A node that is Ready, and the control plane that has no other."""

    plane: ControlPlane
    name: str
    folder: Path

    @property
    def pod_logs(self) -> Path:
        """Where the log files are: ``NAMESPACE_POD_UID/CONTAINER/0.log``."""
        return self.folder / "log/pods"

    @contextmanager
    def silent(self) -> Iterator[Callable[[], None]]:
        """Meanwhile the kubelet is stopped; what is yielded gives the node and its pods up.

        By itself the node controller waits for 40 seconds or more. What it writes then was seen
        here: the node's condition, and of each pod that it is not ready, without a reason.
        """
        process = int((self.folder / "kubelet.pid").read_text())
        os.kill(process, signal.SIGSTOP)
        try:
            yield self._give_up
        finally:
            os.kill(process, signal.SIGCONT)
            self.plane.wait_for("the node to be ready again", lambda: self._ready == "True")

    def _give_up(self) -> None:
        path = f"/api/v1/nodes/{self.name}"
        self._mark_unready(path, status="Unknown", reason="NodeStatusUnknown",
                           message="Kubelet stopped posting node status.")  # fmt: skip
        for pod in self.plane.request("GET", "/api/v1/pods")["items"]:
            meta, conditions = pod["metadata"], pod["status"].get("conditions", ())
            if {"Ready": "True"}.items() <= {c["type"]: c["status"] for c in conditions}.items():
                path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}"
                self._mark_unready(path, status="False")

    def _mark_unready(self, path: str, **more: str) -> None:
        conditions = self.plane.request("GET", path)["status"]["conditions"]
        for one in conditions:
            if one["type"] == "Ready":
                one.update(more, lastTransitionTime=right_now())
        self.plane.merge(f"{path}/status", {"status": {"conditions": conditions}})

    @property
    def _ready(self) -> str:
        found = self.plane.request("GET", f"/api/v1/nodes/{self.name}")["status"]["conditions"]
        return next((str(one["status"]) for one in found if one["type"] == "Ready"), "")

    @contextmanager
    def without(self, program: str) -> Iterator[None]:
        """Kill its ``kubelet`` or ``containerd``, and start it again after."""
        number = int((self.folder / f"{program}.pid").read_text())
        of_process = Path(f"/proc/{number}")
        words = (of_process / "cmdline").read_bytes().split(b"\0")[:-1]
        pairs = [one.partition(b"=") for one in (of_process / "environ").read_bytes().split(b"\0")]
        os.kill(number, signal.SIGKILL)
        wait_for(f"{program} to be gone", lambda: not (of_process / "exe").exists())
        try:
            yield
        finally:
            subprocess.run(
                ["/bin/sh", "-c", _START, str(self.folder / program), *words],
                env={name: value for name, _, value in pairs if name},
                check=True,
            )

    @classmethod
    @contextmanager
    def running(cls, *, log_size: str = "10Mi") -> Iterator[RealNode]:
        """One of its own name, address, port and pod range: several can run side by side."""
        number = secrets.randbelow(250) + 2
        name = f"real-{number}"
        with (
            ControlPlane.from_environment(CURRENT, "--allow-privileged=true") as plane,
            tempfile.TemporaryDirectory(prefix="node-") as state,
        ):
            kubeconfig = plane.folder / "admin.kubeconfig"
            of_its_own = {
                "NODE_NAME": name,
                "NODE_IP": f"10.213.{number}.1",
                "NODE_PODS": f"10.214.{number}.0/24",
                "NODE_PORT": str(*free_ports(1)),
                "NODE_LOG_SIZE": log_size,
            }
            try:
                _run("up", state, str(kubeconfig), **of_its_own)
                yield cls(plane, name, Path(state))
            finally:
                _run("down", state, **of_its_own)


def _run(verb: str, *arguments: str, **variables: str) -> None:
    # What it starts keeps its standard streams: a pipe would never end.
    with tempfile.TemporaryFile() as said:
        command = [os.environ[NODE], verb, *arguments]
        done = subprocess.run(
            command,
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            timeout=_SECONDS,
            check=False,
        )
        said.seek(0)
        if done.returncode:
            raise RuntimeError(f"node {verb}: {said.read().decode(errors='replace')[-2000:]}")
