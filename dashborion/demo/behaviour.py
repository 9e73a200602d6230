"""How a container fares and what it writes: its image says it, and its age does the rest.

Pure: a moment is told from the seconds since the container was first to start. The word that
decides is the image's name or stands in its tag behind a ``-``: ``example.com/crash:1.0`` and
``shop/checkout:4.2.0-crash`` both crash. Any other image runs and is ready.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import lru_cache
from pathlib import Path

import msgspec

PULL_SECONDS = 1.0
_BACK_OFF = (1.0, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0)  # before each restart, then the longest
_LONGEST_BACK_OFF = 300.0
_FORGIVEN_AFTER = 600.0  # as by a kubelet
_ERROR_SHOWS = 1.0  # how long an end is seen before the back-off is
_FIRST_WORDS = ("INFO  starting {name}", "INFO  configuration read", "INFO  listening on :8080")
_QUIET = timedelta(minutes=5)
_BUSY = timedelta(seconds=2)
_GREETING = timedelta(milliseconds=200)
_PATHS = ("/api/items", "/api/items/42", "/api/search?q=lamp", "/health", "/api/cart", "/metrics")


class Behaviour(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a container behaves; ``ends`` is how many of its runs end, None for all.

    ``says`` are its lines, each after so many seconds; None for those of a server.
    """

    is_pulled: bool = True
    is_created: bool = True
    runs_for: float | None = None
    ends: int | None = None
    exit_code: int = 0
    reason: str = "Completed"
    is_restarted: bool = True
    ready_after: float | None = 1.0
    last_words: str = ""
    says: tuple[tuple[float, str], ...] | None = None


def digest_of(image: str) -> str:
    """The digest of an image: that in its name, or one that its name and tag make."""
    name, _, digest = image.partition("@")
    made = hashlib.sha256(name.rsplit("/", 1)[-1].encode()).hexdigest()
    return digest or f"sha256:{made}"


WELL = Behaviour()
COMPLETES = Behaviour(runs_for=1.0, is_restarted=False, last_words="done")
_TABLE = msgspec.yaml.decode(
    Path(__file__).with_name("behaviours.yaml").read_bytes(), type=dict[str, Behaviour]
)


class State(Enum):
    """What the container is doing."""

    CREATING = "ContainerCreating"
    PULL_FAILED = "ErrImagePull"
    PULL_BACK_OFF = "ImagePullBackOff"
    RUNNING = "Running"
    ENDED = "Ended"
    BACKING_OFF = "CrashLoopBackOff"


@dataclass(frozen=True)
class Run:
    """One run, in seconds since the container was first started."""

    start: float
    end: float | None = None


@dataclass(frozen=True)
class Moment:
    """A container at one age; ``run`` is its current or last run, ``previous`` the one before."""

    state: State
    restarts: int = 0
    run: Run | None = None
    previous: Run | None = None
    is_ready: bool = False
    is_begun: bool = True  # whether anything was tried yet


def words_of(image: str) -> list[str]:
    """Words that may decide: the image's name, what follows the tag's ``-``, and its parts."""
    name, _, tag = image.rpartition("/")[2].partition("@")[0].partition(":")
    return [name, cause_of(image), *tag.split("-")[1:]]


@lru_cache(maxsize=1024)  # asked of each container at each tick
def cause_of(image: str) -> str:
    """What ``demo break`` has put behind the tag, such as ``image-not-found``; or nothing."""
    tag = image.rpartition("/")[2].partition("@")[0].partition(":")[2]
    return tag.partition("-")[2].removesuffix(":latest")


@lru_cache(maxsize=1024)
def behaviour_of(image: str) -> Behaviour:
    if cause_of(image) == "oom":  # it was asked for
        return _TABLE["-oom"]
    return next((_TABLE[word] for word in words_of(image) if word in _TABLE), WELL)


def as_init(image: str) -> Behaviour:
    """The behaviour of an init container: it completes unless its image says otherwise."""
    words = words_of(image)
    if any(word in ("initrun", "sidecar") for word in words):
        return WELL
    ended = ("crash", "initcrash", "pull", "missing", "creating", "fail")
    return next((_TABLE[word] for word in words if word in ended), COMPLETES)


def moment(behaviour: Behaviour, age: float, *, is_restarted: bool = True) -> Moment:
    """The container at ``age`` seconds; ``is_restarted`` is the pod's restart policy."""
    if age < PULL_SECONDS or not behaviour.is_created:
        return Moment(State.CREATING, is_begun=age >= PULL_SECONDS)
    if not behaviour.is_pulled:
        is_new = age < PULL_SECONDS + 2 * _ERROR_SHOWS
        return Moment(State.PULL_FAILED if is_new else State.PULL_BACK_OFF)
    start, number, previous = PULL_SECONDS, 0, None
    while True:
        is_last = behaviour.ends is not None and number >= behaviour.ends
        end = None if behaviour.runs_for is None or is_last else start + behaviour.runs_for
        if end is None or age < end:
            after = behaviour.ready_after
            is_ready = after is not None and age >= start + after
            return Moment(State.RUNNING, number, Run(start), previous, is_ready)
        if not (is_restarted and behaviour.is_restarted):
            return Moment(State.ENDED, number, Run(start, end), previous)
        pause = _BACK_OFF[number] if number < len(_BACK_OFF) else _LONGEST_BACK_OFF
        if end - start > _FORGIVEN_AFTER:
            pause = _BACK_OFF[1]
        if age < end + pause:
            state = State.ENDED if age < end + _ERROR_SHOWS else State.BACKING_OFF
            return Moment(state, number, Run(start, end), previous)
        previous, number, start = Run(start, end), number + 1, end + pause


@dataclass(frozen=True)
class Line:
    at: datetime
    text: str


def lines(
    name: str, start: datetime, end: datetime | None, *, now: datetime, epoch: datetime, last: str
) -> list[Line]:
    """The log of one run of a container at ``now``; ``last`` is its last line.

    It is computed whenever somebody reads, and the same every time. Before the demo was started
    (``epoch``) a line came every five minutes, then one every two seconds.
    """
    until = min(now, end or now)
    written = [
        Line(start + number * _GREETING, words.format(name=name))
        for number, words in enumerate(_FIRST_WORDS)
    ]
    at = start + _BUSY
    number = len(written)
    while at < until:
        written.append(Line(at, _chatter(name, number)))
        at += _BUSY if at >= epoch else min(_QUIET, max(_BUSY, epoch - at))
        number += 1
    if end is not None and last:
        written.append(Line(end - timedelta(milliseconds=1), last))
    return [line for line in written if line.at < until or line.at == end]


def said(
    says: tuple[tuple[float, str], ...], start: datetime, *, now: datetime, speed: float
) -> list[Line]:
    """The lines of a command that has begun at ``start``, as far as it has come."""
    lines = [Line(start + timedelta(seconds=at / speed), text) for at, text in says]
    return [line for line in lines if line.at <= now]


def _chatter(name: str, number: int) -> str:
    digest = hashlib.md5(f"{name} {number}".encode(), usedforsecurity=False).digest()
    path = _PATHS[digest[0] % len(_PATHS)]
    if digest[1] < 12:
        return f"WARN  slow answer from the cache: {300 + digest[2]} ms"
    if digest[1] < 20:
        return f"ERROR GET {path} 502 {digest[2]} ms: upstream closed the connection"
    return f"INFO  GET {path} 200 {1 + digest[2] % 90} ms"
