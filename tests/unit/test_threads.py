"""What threads do side by side does not end the process."""

from __future__ import annotations

import subprocess
import sys

_FIRST_AT_ONCE = """
import sys, threading
import msgspec
from dashborion.models.base import ready

sys.setswitchinterval(1e-6)
names = [f"f{number}" for number in range(12)]
for _ in range(100):
    inner = msgspec.defstruct("Inner", [(name, int | None, None) for name in names])
    outer = msgspec.defstruct("Outer", [(name, list[inner], []) for name in names])
    gate = threading.Barrier(4)

    def decode():
        gate.wait()
        ready(outer)
        msgspec.convert({"f11": [{"f11": 3}]}, outer)

    threads = [threading.Thread(target=decode) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""


def test_threads_that_are_the_first_to_decode_into_a_type() -> None:
    """Bug: a list of a large cluster ends with SIGSEGV now and then; without `ready` so does
    this one."""
    done = subprocess.run([sys.executable, "-c", _FIRST_AT_ONCE], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
