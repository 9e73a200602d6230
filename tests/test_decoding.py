"""A type that several threads need first does not end the process."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys, threading
sys.setswitchinterval(1e-6)
import msgspec
from dashborion.decoding import ready
from dashborion.orchestrators.ecs import wire

found = {"taskArn": "a", "containers": [{"name": "b"}], "attachments": [{"details": [{}]}]}
barrier = threading.Barrier(8)

def convert():
    barrier.wait()
    msgspec.convert(found, ready(wire.Task))

threads = [threading.Thread(target=convert) for _ in range(8)]
for one in threads: one.start()
for one in threads: one.join()
"""


def test_eight_threads_convert_the_same_type_first() -> None:
    for _ in range(5):  # without `ready` about every second run ends with a segmentation fault
        done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
