"""``python -m tests.benchmarks.following``: fifty busy pods followed; what came, what it took."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.logs import FOLLOWED_PODS, LINES_A_SECOND, NAME, SECONDS, fifty_busy_pods
from tests.benchmarks.measure import MEGA
from tests.benchmarks.setups import BIN, OF_THE_MACHINE

GRACE_SECONDS = 60


def peak(pid: int) -> int:
    """Bytes of resident memory at most; what wait4 says has this process' own in it."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def follow() -> int:
    """Follow fifty pods until all of their lines have come; 1 if they did not."""
    wanted = FOLLOWED_PODS * LINES_A_SECOND * SECONDS
    with fifty_busy_pods() as environment, tempfile.TemporaryDirectory() as folder:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(OF_THE_MACHINE)}
        output = Path(folder, "output")
        words = [str(BIN / "dashborion"), "workloads", "logs", NAME, "-f", "--tail", "-1",
                 "-i", " trace="]  # fmt: skip
        with output.open("wb") as out, Path(folder, "said").open("wb") as said:
            child = subprocess.Popen(words, env=kept | environment, stdout=out, stderr=said)
            end = time.monotonic() + SECONDS + GRACE_SECONDS
            while output.read_bytes().count(b"\n") < wanted and time.monotonic() < end:
                time.sleep(2)
            most = peak(child.pid)
            child.send_signal(signal.SIGINT)
            _, _, usage = os.wait4(child.pid, 0)
            child.returncode = 0
        lines = output.read_text().splitlines()
        cpu = usage.ru_utime + usage.ru_stime
        report = (
            f"{wanted} lines written, {len(lines)} received, {len(set(lines))} different\n"
            f"{cpu:.1f} s of CPU in {SECONDS} s: {cpu / SECONDS:.2f} of a core\n"
            f"{most / MEGA:.0f} MB at most\n"
        )
        sys.stdout.write(report)
        return int(not wanted == len(lines) == len(set(lines)))


if __name__ == "__main__":
    sys.exit(follow())
