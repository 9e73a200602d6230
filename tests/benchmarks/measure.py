"""Two commands in turn, as whole processes: how long each takes and how much memory."""

from __future__ import annotations

import os
import shlex
import shutil
import statistics
import string
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tests.benchmarks.rows import Row
from tests.benchmarks.setups import BIN, OF_THE_MACHINE, Environment

LAUNCHER = Path(__file__).with_name("launcher.py")
MEGA = 1_000_000


class Failed(Exception):
    """A command that was to be measured did not succeed."""


class Took(msgspec.Struct):
    """One run of one command. ``peak`` is its resident memory at most, in bytes."""

    code: int
    seconds: float
    cpu_seconds: float
    peak: int


@dataclass(frozen=True)
class Side:
    """One of the two commands and all its runs. ``output`` is how many bytes it printed."""

    command: str
    runs: Sequence[Took]
    output: int

    @property
    def seconds(self) -> float:
        return statistics.median(run.seconds for run in self.runs)

    @property
    def cpu_seconds(self) -> float:
        return statistics.median(run.cpu_seconds for run in self.runs)

    @property
    def megabytes(self) -> float:
        return statistics.median(run.peak for run in self.runs) / MEGA


@dataclass(frozen=True)
class Measured:
    """A row's answer."""

    row: Row
    ours: Side
    peer: Side


def measure(row: Row, environment: Environment, runs: int) -> Measured:
    """Run both once to warm caches and to see that they work, then in turn.

    Raises:
        Failed: a command is missing or ended with an error.
    """
    surroundings = {
        name: value for name, value in os.environ.items() if not name.startswith(OF_THE_MACHINE)
    }
    surroundings |= environment
    ours, peer = _words(row.ours, surroundings), _words(row.peer, surroundings)
    printed = [_printed(words, surroundings) for words in (ours, peer)]
    turns = [(_run(ours, surroundings), _run(peer, surroundings)) for _ in range(runs)]
    return Measured(
        row,
        Side(row.ours, [turn[0] for turn in turns], printed[0]),
        Side(row.peer, [turn[1] for turn in turns], printed[1]),
    )


def _words(command: str, environment: Environment) -> list[str]:
    """The command with ``$NAME`` from the set-up's environment and the program's whole path."""
    program, *arguments = shlex.split(command)
    found = shutil.which(program, path=f"{BIN}{os.pathsep}{environment.get('PATH', os.defpath)}")
    if found is None:
        raise Failed(f"there is no program `{program}`")
    return [found, *(string.Template(word).substitute(environment) for word in arguments)]


def _printed(words: list[str], environment: Environment) -> int:
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        output = Path(folder, "output")
        _run(words, environment, output)
        size = output.stat().st_size
    if not size:
        raise Failed(f"`{shlex.join(words)}` printed nothing")
    return size


def _run(words: list[str], environment: Environment, output: Path = Path(os.devnull)) -> Took:
    launched = [sys.executable, "-I", "-S", str(LAUNCHER), str(output), *words]
    done = subprocess.run(launched, env=environment, capture_output=True, check=False)
    said = done.stderr.decode(errors="replace").strip()
    if done.returncode:
        raise Failed(f"cannot start `{shlex.join(words)}`: {said}")
    took = msgspec.json.decode(done.stdout, type=Took)
    if took.code:
        raise Failed(f"`{shlex.join(words)}` ended with {took.code}: {said}")
    return took
