"""What was asked of the stand-in (the spy), and how it is made to fail (the faults).

Both stand in front of moto, so they work for every operation of every service. Operations are
named as IAM names them and may be patterns: `ecs:ListTasks`, `ecs:*`, `*`.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, NamedTuple

from dashborion.demo.ecs.aws_protocol import AwsRequest, refusal
from dashborion.demo.http_server import Answer, Handler

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
Fault = Callable[[AwsRequest, Callable[[], Answer]], Answer]
ALWAYS = math.inf
_READS = ("Describe", "List", "Get", "Filter")


@dataclass(frozen=True)
class BrokenAnswer(Answer):
    """`cut_after` bytes of the promised body; then an abrupt end or none."""

    cut_after: int | None = None
    is_reset: bool = False


RESET = BrokenAnswer(0, {}, b"", is_reset=True)


class FaultyHandler(Handler):
    """Sends broken answers, too."""

    def respond(self, answer: Answer) -> None:
        if answer == RESET:
            self._reset()
        else:
            super().respond(answer)

    def send_body(self, answer: Answer) -> None:
        if not isinstance(answer, BrokenAnswer):
            super().send_body(answer)
            return
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body[: answer.cut_after])
        self.wfile.flush()
        self.close_connection = True
        if answer.is_reset:
            self._reset()

    def _reset(self) -> None:
        """RST instead of FIN: needs the descriptor closed while it is still open for writing."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        os.close(self.connection.detach())


class Call(NamedTuple):
    """One call as it arrived, retries included; `operation` is such as `ecs:ListTasks`."""

    operation: str
    params: dict[str, Any]
    region: str
    account: str


class Spy:
    """What was asked, in order, and how many calls were in flight at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[Call] = []
        self._now: Counter[str] = Counter()
        self._most: Counter[str] = Counter()

    @property
    def calls(self) -> list[Call]:
        with self._lock:
            return list(self._calls)

    @property
    def counts(self) -> Counter[str]:
        """How often each operation was called."""
        return Counter(each.operation for each in self.calls)

    def of(self, operation: str) -> list[dict[str, Any]]:
        """The parameters of each call of one operation (or of those that a pattern names)."""
        return [each.params for each in self.calls if fnmatchcase(each.operation, operation)]

    def most_at_once(self, operation: str = "*") -> int:
        """The most calls of one operation, or of all, that ever were in flight together."""
        with self._lock:
            return self._most[operation]

    def reset(self) -> None:
        """Forgets the calls; those in flight still count as being so."""
        with self._lock:
            self._calls.clear()
            self._most = Counter(+self._now)

    @contextlib.contextmanager
    def watching(self, request: AwsRequest) -> Iterator[None]:
        names = (request.name, "*")
        with self._lock:
            self._calls.append(Call(request.name, request.params, request.region, request.account))
            self._now.update(names)
            for name in names:
                self._most[name] = max(self._most[name], self._now[name])
        try:
            yield
        finally:
            with self._lock:
                self._now.subtract(names)


@dataclass
class _Rule:
    pattern: str
    fault: Fault
    left: float


class Faults:
    """Rules on operations; the first that applies and has not run out decides.

    A fault acts before the operation does, so what it refuses has changed nothing; only
    `lose_answer` acts after it. Delays add up with whatever comes behind them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[_Rule] = []
        self._over = threading.Event()

    def add(self, operation: str, fault: Fault, times: float = ALWAYS) -> None:
        with self._lock:
            self._rules.append(_Rule(operation, fault, times))

    def clear(self) -> None:
        """No more faults, and an end to those that hang."""
        with self._lock:
            self._rules.clear()
            self._over.set()
            self._over = threading.Event()

    def apply(self, request: AwsRequest, do: Callable[[], Answer]) -> Answer:
        with self._lock:
            rules = [each for each in self._rules if fnmatchcase(request.name, each.pattern)]

        def from_rule(index: int) -> Answer:
            for at in range(index, len(rules)):
                if self._takes(rules[at]):
                    return rules[at].fault(request, partial(from_rule, at + 1))
            return do()

        return from_rule(0)

    def _takes(self, rule: _Rule) -> bool:
        with self._lock:
            rule.left -= 1
            return rule.left >= 0

    def refuse(
        self, operation: str, code: str, message: str, status: int = 400, times: float = ALWAYS
    ) -> None:
        """Any error at all."""
        self.add(operation, lambda request, _: refusal(request, code, message, status), times)

    def throttle(self, operation: str, times: float = 1) -> None:
        def fault(request: AwsRequest, _: object) -> Answer:
            code = "Throttling" if request.wants_xml else "ThrottlingException"
            return refusal(request, code, "Rate exceeded")

        self.add(operation, fault, times)

    def break_down(self, operation: str, status: int = 500, times: float = 1) -> None:
        """Answers 500 or 503 as AWS does when it is at fault."""

        def fault(request: AwsRequest, _: object) -> Answer:
            if status == 503:
                return refusal(request, "ServiceUnavailable", "Service Unavailable", status)
            code = "InternalFailure" if request.wants_xml else "ServerException"
            return refusal(request, code, "Service Error", status)

        self.add(operation, fault, times)

    def deny(self, operation: str, resource: str = "*", times: float = ALWAYS) -> None:
        def fault(request: AwsRequest, _: object) -> Answer:
            message = (
                f"User: arn:aws:iam::{request.account}:user/moto is not authorized to perform: "
                f"{request.name} on resource: {resource} because no identity-based policy allows "
                f"the {request.name} action"
            )
            if request.wants_xml:
                return refusal(request, "AccessDenied", message, 403)
            return refusal(request, "AccessDeniedException", message)

        self.add(operation, fault, times)

    def expire_token(self, operation: str = "*", times: float = ALWAYS) -> None:
        def fault(request: AwsRequest, _: object) -> Answer:
            message = "The security token included in the request is expired"
            if request.wants_xml:
                return refusal(request, "ExpiredToken", message, 403)
            return refusal(request, "ExpiredTokenException", message)

        self.add(operation, fault, times)

    def reset_connection(self, operation: str, times: float = 1) -> None:
        """The connection breaks before anything was done."""
        self.add(operation, lambda _request, _do: RESET, times)

    def lose_answer(self, operation: str, times: float = 1) -> None:
        """It is done, and the connection breaks before the answer: what a write may not repeat."""

        def fault(_: AwsRequest, do: Callable[[], Answer]) -> Answer:
            do()
            return RESET

        self.add(operation, fault, times)

    def cut_body(self, operation: str, times: float = 1, *, abruptly: bool = False) -> None:
        """Half of the promised bytes, then the end of the connection, orderly or not.

        botocore does not count: an orderly end is a success to it, whose JSON has no keys.
        """

        def fault(request: AwsRequest, do: Callable[[], Answer]) -> Answer:
            answer = _read(request, do)
            half = len(answer.body) // 2
            return BrokenAnswer(
                answer.status, answer.headers, answer.body, cut_after=half, is_reset=abruptly
            )

        self.add(operation, fault, times)

    def hang(self, operation: str, times: float = 1) -> None:
        """Says nothing until the faults are cleared or the server ends."""

        def fault(_request: AwsRequest, _do: object) -> Answer:
            self._over.wait()
            return RESET

        self.add(operation, fault, times)

    def garble(self, operation: str, times: float = 1, body: bytes = b"\xff\xfe{ not JSON") -> None:
        """A success whose body means nothing."""
        self.add(
            operation,
            lambda _request, _do: Answer(200, {"Content-Type": "application/x-amz-json-1.1"}, body),
            times,
        )

    def omit(self, operation: str, key: str, times: float = 1) -> None:
        """A success without one key of the (JSON) answer: what botocore makes of a cut one."""

        def fault(request: AwsRequest, do: Callable[[], Answer]) -> Answer:
            answer = _read(request, do)
            content = json.loads(answer.body)
            content.pop(key, None)
            return replace(answer, body=json.dumps(content).encode())

        self.add(operation, fault, times)

    def delay(self, operation: str, seconds: float, times: float = ALWAYS) -> None:
        def fault(_: AwsRequest, do: Callable[[], Answer]) -> Answer:
            time.sleep(seconds)
            return do()

        self.add(operation, fault, times)


def _read(request: AwsRequest, do: Callable[[], Answer]) -> Answer:
    """A read's own answer; a write is not done for the sake of an answer to spoil."""
    if request.operation.startswith(_READS):
        return do()
    return Answer(200, {"Content-Type": "application/x-amz-json-1.1"}, b'{"answer": "of a write"}')
