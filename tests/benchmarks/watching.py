"""``python -m tests.benchmarks.watching``: 5,000 pods watched while 50 a second change.

What it takes as lines and on a terminal, beside ``kubectl get pods -A -w``.
"""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import cycle
from pathlib import Path

from dashborion.demo.kubernetes.cluster import KubernetesCluster
from tests.benchmarks.following import peak
from tests.benchmarks.long_lists import POD
from tests.benchmarks.measure import MEGA
from tests.benchmarks.setups import BIN, OF_THE_MACHINE, home

PODS, SETTLE_SECONDS, SECONDS, CHANGES_A_SECOND = 5000, 20, 60, 50
TOKEN = ""  # kubectl sends none without TLS
_LIST = [str(BIN / "dashborion"), "instances", "list", "-A", "--watch"]
WATCHERS = {
    "dashborion --watch -o json": ([*_LIST, "-o", "json"], False),
    "dashborion --watch": (_LIST, True),
    "kubectl get pods -A -w": (["kubectl", "get", "pods", "-A", "-w"], False),
}


@contextmanager
def changing() -> Iterator[dict[str, str]]:
    """``$KUBECONFIG`` for 5,000 pods whose containers start again, one after the other.

    The demo's API serves them, without its controllers: a control plane with so many takes minutes
    and the cores that are to be measured.
    """
    cluster, is_over = KubernetesCluster(TOKEN), threading.Event()
    for number in range(PODS):
        cluster.store.create("pods", json.loads(POD.replace("NAME", f"service-{number:04}")))

    def change() -> None:
        begun = time.monotonic()
        for number, pod in enumerate(cycle(cluster.store.all("pods"))):
            if is_over.wait(max(0.0, begun + number / CHANGES_A_SECOND - time.monotonic())):
                return
            container = {**pod["status"]["containerStatuses"][0], "restartCount": number + 1}
            status = {**pod["status"], "containerStatuses": [container]}
            cluster.store.set_status("pods", pod, status)

    with home() as own:
        cluster.api.start()
        path = Path(own["HOME"], "kubeconfig")
        path.write_text(json.dumps(_kubeconfig(cluster.api.url)), encoding="utf-8")
        thread = threading.Thread(target=change, daemon=True)
        thread.start()
        try:
            yield {**own, "KUBECONFIG": str(path)}
        finally:
            is_over.set()
            thread.join()
            cluster.api.stop()


def _kubeconfig(url: str) -> object:
    return {
        "clusters": [{"name": "bench", "cluster": {"server": url}}],
        "users": [{"name": "bench", "user": {}}],
        "contexts": [{"name": "bench", "context": {"cluster": "bench", "user": "bench"}}],
        "current-context": "bench",
    }


def watched(words: Sequence[str], environment: dict[str, str], *, on_terminal: bool) -> str:
    """What a minute of watching takes, once the list is there."""
    ours, theirs = pty.openpty() if on_terminal else os.pipe()
    child = subprocess.Popen(
        words, env=environment, stdin=theirs if on_terminal else None, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    written = [0]

    def read() -> None:
        with suppress(OSError):
            while text := os.read(ours, 1 << 16):
                written[0] += text.count(b"\n")

    threading.Thread(target=read, daemon=True).start()
    time.sleep(SETTLE_SECONDS)
    begin, cpu = written[0], _cpu_seconds(child.pid)
    time.sleep(SECONDS)
    used, most = _cpu_seconds(child.pid) - cpu, peak(child.pid)
    lines = (written[0] - begin) / SECONDS
    child.send_signal(signal.SIGINT)
    child.wait()
    return f"{used / SECONDS:.2f} of a core, {most / MEGA:.0f} MB at most, {lines:.0f} lines/s"


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> int:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(OF_THE_MACHINE)}
    with changing() as own:
        for name, (words, on_terminal) in WATCHERS.items():
            took = watched(words, kept | {"TERM": "xterm"} | own, on_terminal=on_terminal)
            sys.stdout.write(f"{name}: {took}\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
