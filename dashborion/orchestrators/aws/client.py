"""Calls to AWS' APIs as one identity in one region: limited, traced, retried, page by page."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from botocore import exceptions as core
from msgspec import Struct

from dashborion.errors import (
    BadAnswer,
    DashborionError,
    Forbidden,
    MaybeApplied,
    Throttled,
    TimedOut,
    Unreachable,
)
from dashborion.models.base import ready
from dashborion.orchestrators.aws import parts
from dashborion.orchestrators.aws.errors import (
    Refused,
    bare,
    error_code,
    translated,
    was_never_sent,
)
from dashborion.orchestrators.aws.login import Login
from dashborion.orchestrators.aws.pace import Watchers
from dashborion.orchestrators.runtime import Call, Runtime

T = TypeVar("T")

WRITE_ATTEMPTS = 5
UNKNOWN = "dashborionUnknown"  # the key that is added to an answer, for the fields' paths


class AwsClient(Struct, frozen=True):
    """The APIs of one region, called as one identity.

    ``reader`` and ``writer`` give botocore's client for a service: one that retries
    and one that does not. ``other_region`` makes the same for another region. ``watchers``
    look at the account's region again and again.
    """

    reader: Callable[[str], Any]
    writer: Callable[[str], Any]
    region: str
    login: Login
    runtime: Runtime
    limit: threading.Semaphore
    other_region: Callable[[str], AwsClient]
    watchers: Watchers

    def in_region(self, region: str | None) -> AwsClient:
        """The same identity in another region; None is this region."""
        return self if region in (None, "", self.region) else self.other_region(str(region))

    def call(self, service: str, operation: str, /, **arguments: Any) -> Mapping[str, Any]:
        """One operation, such as ``call("ecs", "list_services", …)``; raises as ``translated``."""
        return self._call(self.reader, service, operation, arguments)

    def write(
        self,
        service: str,
        operation: str,
        /,
        *,
        look: Callable[[], object] = lambda: None,
        **arguments: Any,
    ) -> Mapping[str, Any]:
        """One operation that changes something; sent again only when it was throttled.

        ``look`` is called right before each sending: seconds lie between two of them.

        Raises:
            MaybeApplied: it was sent, and whether it was applied is unknown.
        """
        for attempt in range(1, WRITE_ATTEMPTS + 1):
            look()
            try:
                return self._call(self.writer, service, operation, arguments)
            except Throttled:
                delay = float(0.5 * 2**attempt * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
                if attempt == WRITE_ATTEMPTS or delay >= self.runtime.deadline.remaining():
                    raise
                self.runtime.sleep(delay)
            except (Unreachable, TimedOut, BadAnswer) as error:
                if was_never_sent(error.__cause__):
                    raise
                raise MaybeApplied(
                    f"{error.message}: it may have been applied", hint="look before trying again"
                ) from error
        raise AssertionError("the last attempt returns or raises")

    def _call(
        self,
        botocore_client: Callable[[str], Any],
        service: str,
        operation: str,
        arguments: Mapping[str, Any],
    ) -> Mapping[str, Any]:
        with self.limit, translated(self.login, api_name(service, operation)):
            if self.runtime.deadline.remaining() <= 0:
                raise self.runtime.deadline.expired()
            method = getattr(botocore_client(service), operation)
            started, outcome = time.monotonic(), "failed"
            try:
                answer: Mapping[str, Any] = method(**arguments)
                outcome = "ok"
            except core.ClientError as error:
                outcome = error_code(error)
                raise
            finally:
                elapsed = time.monotonic() - started
                self.runtime.trace(Call(api_name(service, operation), outcome, elapsed))
            return answer

    def items(
        self,
        service: str,
        operation: str,
        key: str,
        /,
        *,
        tell: parts.Tell | None = None,
        **arguments: Any,
    ) -> list[Any]:
        """The list under a key of the answer; ``tell`` is told of names that ECS answered apart.

        Raises:
            BadAnswer: the key is missing. botocore reads an answer that was cut
                short as one without keys.
            Forbidden, Refused: none was answered otherwise; without ``tell``, one was not.
        """
        answer = self.call(service, operation, **arguments)
        name = api_name(service, operation)
        items = required(answer, key, name)
        if (error := named_failure(answer, name)) is not None:
            if tell is None or not items:
                raise error
            tell(error)
        return items

    def pages(
        self,
        service: str,
        operation: str,
        key: str,
        /,
        *,
        token: tuple[str, str] = ("nextToken", "nextToken"),
        **arguments: Any,
    ) -> Iterator[list[Any]]:
        """The list under a key, page by page.

        ``token`` names the argument that asks for a page, and the answer's key that
        holds it for the next one.

        Raises:
            BadAnswer: as ``required``, or the list goes in circles.
        """
        argument, next_key = token
        name = api_name(service, operation)
        while True:
            answer = self.call(service, operation, **arguments)
            yield required(answer, key, name)
            if not answer.get(next_key):
                return
            if answer[next_key] == arguments.get(argument):
                raise BadAnswer(f"{name}: an answer that names itself as the next page")
            arguments[argument] = answer[next_key]

    def listed(
        self, service: str, operation: str, key: str, /, most: int | None = None, **arguments: Any
    ) -> list[Any]:
        """The items of all ``pages``, or the first ``most`` of them."""
        items: list[Any] = []
        for page in self.pages(service, operation, key, **arguments):
            items += page
            if most is not None and len(items) >= most:
                break
        return items[:most]

    def batched(
        self,
        service: str,
        operation: str,
        key: str,
        /,
        *,
        argument: str,
        names: Iterable[str],
        size: int,
        tell: parts.Tell | None = None,
        **arguments: Any,
    ) -> list[Any]:
        """The items of side by side calls, whose ``argument`` takes up to ``size`` names each.

        ``tell`` is told why some are missing; raises as ``parts.rows``.
        """

        def ask(batch: Sequence[str]) -> list[Any]:
            named = {argument: list(batch)}
            return self.items(service, operation, key, tell=tell, **named, **arguments)

        groups = batches(sorted(set(names)), size)
        return parts.in_batches(groups, ask, self.runtime.deadline, tell)

    def optional(self, ask: Callable[[], T]) -> T | None:
        """Decoration: the answer; if it cannot be had, None and a warning."""
        return parts.part(ask, self.runtime.warn)

    def permits(self, ask: Callable[[], object]) -> bool | None:
        """Whether a read is allowed; None if it is refused for another reason."""
        try:
            ask()
        except Forbidden:
            return False
        except Refused:
            return None
        return True

    def call_noting_unknown(
        self, service: str, operation: str, /, **arguments: Any
    ) -> tuple[Mapping[str, Any], list[str]]:
        """As ``call``, with the paths of fields that the installed botocore leaves out.

        botocore says nothing about them, and what writes back the answer would lose them.
        """
        with self.limit, translated(self.login):
            events = self.reader(service).meta.events
            name = api_name(service, operation).partition(":")[2]
            # The id keeps it from being registered twice.
            events.register(f"before-parse.{service}.{name}", _note_unknown, unique_id=UNKNOWN)
        answer = dict(self.call(service, operation, **arguments))
        return answer, answer.pop(UNKNOWN, [])

    def argument_names(self, service: str, operation: str) -> frozenset[str]:
        """The names of the arguments that an operation takes."""
        model = self.reader(service).meta.service_model
        shape = model.operation_model(api_name(service, operation).partition(":")[2]).input_shape
        return frozenset(shape.members)

    @property
    def endpoint(self) -> str:
        """The URL of ECS, whether from the config, a variable or AWS' own files.

        Without what may be a secret in it: a user, a password, a query.
        """
        return bare(self.reader("ecs").meta.endpoint_url)

    @property
    def profile(self) -> str:
        """The profile's name, as AWS' tools take it."""
        return self.login.profile or "default"

    def identity(self) -> str:
        """The ARN that the credentials stand for."""
        answer = self.call("sts", "get_caller_identity")
        return str(answer.get("Arn") or "unknown")


def api_name(service: str, operation: str) -> str:
    """``ecs:ListServices``, as AWS' own messages and policies spell it."""
    return f"{service}:{operation.title().replace('_', '')}"


def required(answer: Mapping[str, Any], key: str, operation: str) -> list[Any]:
    """A list that the API promises: of ARNs, of families' names, or of objects.

    Raises:
        BadAnswer: it is missing, or holds something else.
    """
    items = answer.get(key)
    if not isinstance(items, list):
        raise BadAnswer(f"{operation}: an answer without '{key}': it was cut short")
    is_names = key.endswith(("Arns", "families", "Names")) or operation == "eks:ListClusters"
    kind = str if is_names else dict
    if not all(isinstance(item, kind) for item in items):
        raise BadAnswer(f"{operation}: an answer whose '{key}' are not what the API documents")
    return items


def whole(answer: Mapping[str, Any], key: str, name: str, operation: str) -> dict[str, Any]:
    """The object under a key, which has at least a name.

    Raises:
        BadAnswer: it is not there: botocore reads an answer that was cut short as one without.
    """
    found = answer.get(key)
    if not isinstance(found, dict) or not found.get(name):
        raise BadAnswer(f"{operation}: an answer that was cut short")
    return found


def named_failure(answer: Mapping[str, Any], operation: str) -> DashborionError | None:
    """Why ECS, which answered, left names out: its ``failures``; those it does not know are none.

    See "API failure reasons" in AWS' guide.
    """
    told = [one for one in answer.get("failures") or () if isinstance(one, dict)]
    lost = [one for one in told if one.get("reason") != "MISSING"]
    if not lost:
        return None
    reason, detail = str(lost[0].get("reason") or "unknown"), lost[0].get("detail")
    more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
    message = f"{operation} says {reason} of {lost[0].get('arn') or 'an object'}{more}"
    message += f": {detail}" if detail else ""
    if reason == "ACCESS_DENIED":
        return Forbidden(message, hint=f"allow {operation} on it")
    return Refused(message, reason=reason)


def batches(items: Sequence[T], size: int) -> list[Sequence[T]]:
    """The items in groups of at most that size."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def convert(type_: type[T], plain: Any, operation: str = "an AWS API") -> T:
    """What botocore has parsed as a type.

    Raises:
        BadAnswer: it is not of the shape that the API documents.
    """
    try:
        return msgspec.convert(plain, ready(type_))
    except msgspec.ValidationError as error:
        raise BadAnswer(
            f"{operation}: an answer that is not what the API documents: {error}"
        ) from error


def _note_unknown(
    operation_model: Any,
    response_dict: Mapping[str, Any],
    customized_response_dict: dict[str, Any],
    **_: Any,
) -> None:
    """A handler of botocore's ``before-parse`` event, which has the body unparsed."""
    try:
        body = json.loads(response_dict["body"])
    except (ValueError, RecursionError):
        return  # botocore's parser raises an error for it
    customized_response_dict[UNKNOWN] = list(_unknown(body, operation_model.output_shape, ""))


def _unknown(value: Any, shape: Any, path: str) -> Iterator[str]:
    if shape.type_name == "structure" and isinstance(value, Mapping):
        for key, member in value.items():
            member_shape = shape.members.get(key)
            where = f"{path}.{key}" if path else key
            if member_shape is None:
                yield where
            else:
                yield from _unknown(member, member_shape, where)
    elif shape.type_name == "list" and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unknown(item, shape.member, f"{path}[{index}]")
    elif shape.type_name == "map" and isinstance(value, Mapping):
        for key, item in value.items():
            yield from _unknown(item, shape.value, f"{path}.{key}")
