"""Runs one command and prints what it took: ``python -I -S launcher.py OUTPUT COMMAND...``.

A process of its own, and a small one: Linux counts the memory of whoever starts a program into
the program's peak, and the runner may hold a cluster. What this one holds (9 MB) is less than
any program that is measured. Only the command's standard output goes to OUTPUT.
"""

import json
import os
import sys
import time


def main() -> None:
    output, *command = sys.argv[1:]
    writing = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    files = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, output, writing, 0o600),
    ]
    started = time.perf_counter()
    child = os.posix_spawn(command[0], command, os.environ, file_actions=files)
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - started
    took = {
        "code": os.waitstatus_to_exitcode(status),
        "seconds": seconds,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
    }
    sys.stdout.write(json.dumps(took))


if __name__ == "__main__":
    main()
