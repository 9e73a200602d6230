"""The log of one run of a container, resumed however often the connection breaks."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from urllib3.exceptions import HTTPError, ReadTimeoutError

from dashborion.errors import BadAnswer, Unreachable, Unreadable, short
from dashborion.models.log import STAMP
from dashborion.orchestrators.kubernetes import find, runs
from dashborion.orchestrators.kubernetes import resources as api
from dashborion.orchestrators.kubernetes.client import Client
from dashborion.orchestrators.kubernetes.errors import KubeletSilent, Missing
from dashborion.orchestrators.kubernetes.log_targets import LogParams
from dashborion.orchestrators.kubernetes.resume import (
    Cursor,
    DuplicateFilter,
    LineSplitter,
    is_spoken,
    separate_stamped,
)
from dashborion.orchestrators.kubernetes.runs import Run
from dashborion.orchestrators.kubernetes.transport import has_grown
from dashborion.orchestrators.logs import Block

CHUNK = 1 << 16
STALE_SECONDS = 2.0  # that the API may take to know of a restart
SAME_RESTS = 3
MOST_TOLD, MOST_CHARACTERS = 50, 500  # of lines without a timestamp
SILENCE_SECONDS, GATHER_SECONDS = 0.002, 0.1


# How the kubelet's own sentences begin: it has sent 200 before it knows, and writes them in the
# place of the log, or behind it. The first is said both of a log that was dropped and by a kubelet
# that cannot ask its runtime.
_NOT_KEPT = (
    b"unable to retrieve container logs for ",
    b"failed to try resolving symlinks in path ",
    b"failed to open log file ",
    b"rpc error: code = NotFound ",
)
_NOT_READ = (b"rpc error: code = ", b"failed to ")
_RPC_CODE = re.compile(rb"rpc error: code = (\w+)")
_LAST_PART = re.compile(rb": ([^:]+)$")
# 404 of a kubelet that does not know the pod: it was just started, or has removed it.
_POD_UNKNOWN = "the server could not find the requested resource"


class Broken(Unreachable):
    """The connection broke, or hung, while a log was read."""


class NotKept(Unreadable, exit_code=3, code="no-logs"):
    """The node does not have the log of a run that has ended any more."""


class NotGiven(Unreachable):
    """The kubelet cannot give the log now."""


class Replaced(Exception):
    """The log that was opened is another run's by now."""


@dataclass
class Ends:
    """Reads in a row that came to the same clean end.

    The API may report the end of its own connection to the kubelet, in the middle of a line, as
    the end of the log. A ``rest`` is a last line without a newline once it comes again and again.
    """

    _rests: list[bytes] = field(default_factory=list)

    def are_final(self, rest: bytes, *, least: int) -> bool:
        """Take in another end; whether the log ends there, after at least so many without rest."""
        self._rests = [before for before in self._rests if before == rest] + [rest]
        return len(self._rests) >= (SAME_RESTS if rest else least)


@dataclass
class RunLog:
    """The log of one run; each ``read`` continues where the one before has ended.

    ``tail`` is what followed the last newline of the last read: part of a line that was cut, or a
    last line that has no newline. ``rest`` is the same of the lines not read yet, and stays until
    it is read again.
    """

    client: Client
    run: Run
    first_params: LogParams  # the query as long as no line has been read
    say: Callable[[str], None]
    pause: Callable[[float], None]
    opened: Callable[[Any], Any] = lambda _: None  # is given each response that is read
    is_begun: bool = False
    is_caught_up: bool = False  # whether the last read came past all lines read before
    cursor: Cursor = field(default_factory=Cursor)
    tail: bytes = b""
    rest: bytes = b""
    _told: set[bytes] = field(default_factory=set)
    _is_full: bool = False

    def read(
        self, *, follow: bool = False, previous: bool = False, any_run: bool = False
    ) -> Iterator[Block]:
        """The lines not read yet, until the log or the connection ends.

        ``follow`` waits for new lines. ``previous`` reads the log that the API calls so.
        ``any_run`` accepts another run's log as long as no line has been read.

        Raises:
            Replaced: the kubelet has another run's log under that name by now.
            Missing: the pod is gone.
            UsageError, NotKept, NotGiven: the kubelet says that it does not have the log.
            Broken: the connection broke.
            Unavailable: there was none.
        """
        duplicates, splitter = DuplicateFilter(self.cursor), LineSplitter()
        response = self._open(follow=follow, previous=previous)
        is_checked = any_run and not self.cursor.newest
        words = b""
        try:
            for block in splitter.blocks(chunks(response, self._path, follow=follow)):
                lines, unstamped = separate_stamped(block)
                unread = duplicates.unread(lines)
                if not is_checked and not duplicates.is_undecided:
                    if not duplicates.is_same_log:
                        self._require_same_run(previous=previous)
                    is_checked = self.is_begun = True
                words = self._tell_once(unstamped) or words
                if duplicates.gap is not None:
                    self._tell_gap(*duplicates.gap)
                    duplicates.gap = None
                if unread:
                    self.rest = b""
                    yield unread
                    self.cursor.advance(unread)
        finally:
            response.close()
            self.is_caught_up = duplicates.is_past
            self.tail = b"" if is_spoken(splitter.rest) else splitter.rest
            is_checked = is_checked or self.tail[:STAMP] == self.rest[:STAMP]
            if is_checked and self.is_caught_up:
                self.rest = self.tail or self.rest
        if is_spoken(splitter.rest):
            words = self._tell_once([splitter.rest]) or words
        elif self.tail and self.is_caught_up and not is_checked:  # no line with a newline
            self._require_same_run(previous=previous)
            self.rest = self.tail
        self._require_no_problem(words, is_over=previous or not (follow or self.run.is_running))

    def last_line(self) -> Block:
        """The line without a newline at the end; to be called once the log has ended."""
        lines, _ = separate_stamped([self.rest]) if self.rest else ([], [])
        self.rest = b""
        if lines:
            self.cursor.advance(lines)
        return lines

    @property
    def _path(self) -> str:
        return f"{api.PODS.path(self.run.pod.namespace, self.run.pod.name)}/log"

    def _open(self, *, follow: bool, previous: bool) -> Any:
        params = self._params(follow=follow, previous=previous)
        try:
            response = self.client.open(self._path, params, endless=follow)
        except KubeletSilent as error:
            raise error.of(self.run.node) from error
        except Missing as error:
            if error.message.startswith(_POD_UNKNOWN):
                raise NotGiven(f"the kubelet{self._of_node} does not know the pod") from error
            raise
        self.opened(response)
        return response

    @property
    def _of_node(self) -> str:
        return f" of node {self.run.node}" if self.run.node else ""

    def _require_no_problem(self, words: bytes, *, is_over: bool) -> None:
        """Raise what the kubelet's sentence means; ``is_over`` if the run has ended."""
        if words.startswith(_NOT_KEPT) and is_over:
            raise NotKept(f"the container runtime{self._of_node} has dropped the log of that run")
        if words.startswith(_NOT_KEPT):
            raise NotGiven(f"the container runtime{self._of_node} does not give the log")
        if words:
            problem = _RPC_CODE.match(words) or _LAST_PART.search(words)
            text = problem[1].decode(errors="replace") if problem else "for a reason of its own"
            raise NotGiven(f"the kubelet{self._of_node} cannot read the log ({short(text)})")

    def _params(self, *, follow: bool, previous: bool) -> LogParams:
        since = self.cursor.since
        return {
            "container": self.run.container,
            "timestamps": "true",
            "follow": "true" if follow else None,
            "previous": "true" if previous else None,
            **({"sinceTime": since} if since else self.first_params),
        }

    def _require_same_run(self, *, previous: bool) -> None:
        """Ask the API whether the log is this run's; after a break, twice with a pause between.

        A kubelet serves the next run's log before the API knows of the restart.

        Raises:
            Replaced: it is another run's.
        """
        for seconds in (0.0, STALE_SECONDS) if self.is_begun else (0.0,):
            self.pause(seconds)
            pod = find.pod_again(self.client, self.run.pod)
            if pod is None:
                return  # the log was opened before the pod went, so it is this run's
            container = self.run.container
            latest = runs.latest_run(pod, container)
            id_ = runs.previous_run_id(pod, container) if previous else latest and latest.id
            if id_ != self.run.id:
                raise Replaced

    def _tell_once(self, unstamped: Block) -> bytes:
        """Pass on words about the log, which have no timestamp, once each.

        Gives the kubelet's sentence, if one is among them, instead of passing it on.
        """
        words = b""
        for line in unstamped:
            text = line[:MOST_CHARACTERS]
            if text.startswith((*_NOT_KEPT, *_NOT_READ)):
                words = text
            elif text and text not in self._told and len(self._told) < MOST_TOLD:
                self._told.add(text)
                self.say(text.decode(errors="replace"))
            elif text and text not in self._told and not self._is_full:
                self._is_full = True
                self.say("more lines without a time are left out")
        return words

    def _tell_gap(self, before: bytes, after: bytes) -> None:
        span = f"between {before.decode()} and {after.decode()}"
        self.say(f"the log was rotated while it was not read: lines {span} may be missing")


def chunks(response: Any, path: str, *, follow: bool) -> Iterator[bytes]:
    """A body as it comes: of a log, or of a watch.

    After a moment of silence a followed log is left alone for a tenth of a second: waking up
    for each line of fifty logs would cost half a core.

    Raises:
        Broken: the connection broke, or was silent for too long.
        BadAnswer: it was packed, though nobody asked for that, and grows.
    """
    size = 0
    try:
        asked = time.monotonic()
        while chunk := response.read1(CHUNK):
            came = time.monotonic()
            size += len(chunk)
            if has_grown(size, response):
                raise BadAnswer(f"GET {path}: the answer was packed, and does not end")
            yield chunk
            if follow and came - asked > SILENCE_SECONDS:
                time.sleep(GATHER_SECONDS)
            asked = time.monotonic()
    except (ReadTimeoutError, TimeoutError) as error:
        raise Broken(f"GET {path}: the answer does not go on, and does not end") from error
    except (HTTPError, OSError, ValueError) as error:
        raise Broken(f"GET {path}: the connection broke") from error
