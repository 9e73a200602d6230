"""What a command makes of a container: it is run at once, in a clock of its own, and remembered.

Its lines, its end and its exit code then come as late as it would have written them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from msgspec.structs import replace

from dashborion.demo.behaviour import Behaviour, behaviour_of
from dashborion.demo.kubernetes.shell import Shell

_LEAST_SECONDS = 0.5
NO_PROGRAM = 128  # as containerd ends what it cannot start


class _Recorder:
    """The streams of a command that nobody is connected with."""

    is_tty, size = False, (80, 24)

    def __init__(self) -> None:
        self.seconds = 0.0
        self.said: list[tuple[float, str]] = []
        self._begun = b""

    def read(self) -> bytes:
        return b""

    def read_line(self) -> bytes:
        return b""

    def out(self, data: bytes) -> None:
        *whole, self._begun = (self._begun + data).split(b"\n")
        self.said += [(self.seconds, line.decode(errors="replace")) for line in whole]

    err = out

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def end(self) -> None:
        if self._begun:
            self.out(b"\n")


def commanded(
    image: str, words: Sequence[str], name: str, variables: Mapping[str, str]
) -> Behaviour:
    """The behaviour of an image with a command; one whose image decides already keeps it."""
    behaviour = behaviour_of(image)
    is_plain = behaviour.is_pulled and behaviour.is_created and behaviour.runs_for is None
    if not words or not is_plain:
        return behaviour
    return _performed(behaviour, tuple(words), name, tuple(variables.items()))


@lru_cache(maxsize=256)
def _performed(
    behaviour: Behaviour,
    words: tuple[str, ...],
    name: str,
    variables: tuple[tuple[str, str], ...],
) -> Behaviour:
    recorder = _Recorder()
    code = Shell(name, dict(variables), recorder).run(list(words))
    recorder.end()
    reason = "Error" if code else "Completed"
    return replace(
        behaviour,
        runs_for=0.0 if code is None else recorder.seconds + _LEAST_SECONDS,
        exit_code=NO_PROGRAM if code is None else code,
        reason="StartError" if code is None else reason,
        is_restarted=False,
        says=tuple(recorder.said),
    )
