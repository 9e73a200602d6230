"""CloudWatch Logs: pages of events, and events as lines.

A log group is read in its own region. Errors name the group and the stream.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from dashborion.errors import (
    BadAnswer,
    DashborionError,
    Forbidden,
    NothingToRead,
    Unreadable,
    UsageError,
)
from dashborion.orchestrators.aws.client import AwsClient, convert, required
from dashborion.orchestrators.aws.errors import Refused
from dashborion.orchestrators.ecs import wire
from dashborion.orchestrators.logs import Block

EVENTS_A_PAGE = 10_000
STREAMS_A_CALL = 100

_OTHER_CLASS = "log-group-class"  # INFREQUENT_ACCESS and DELIVERY refuse GetLogEvents


class Absent(NothingToRead):
    """A log stream that does not exist, or not yet: a container makes it when it first writes."""


class GroupAbsent(Unreadable, Absent):
    """A log group that does not exist; a container needs it to start, so it was deleted."""


def is_absent(error: DashborionError) -> bool:
    """Whether nothing is missing."""
    return isinstance(error, Absent) and not isinstance(error, GroupAbsent)


@dataclass(frozen=True)
class Page:
    """Events, oldest first, and the tokens of the next page in either direction."""

    events: Sequence[wire.LogEvent]
    forward: str
    backward: str


@dataclass(frozen=True)
class Group:
    """A log group."""

    aws: AwsClient
    name: str

    @property
    def key(self) -> tuple[str, str]:
        return (self.aws.region, self.name)

    def page(self, stream: str, **arguments: Any) -> Page:
        """A page of one stream's events.

        A forward token gives what comes after the events before it, by their timestamps; one
        that is taken in late, with an older timestamp, may be left out.

        Raises:
            Absent: there is no such stream or group.
            Forbidden: with the group's name.
        """
        given = {key: value for key, value in arguments.items() if value is not None}
        answer = self._ask("get_log_events", stream, logStreamName=stream, **given)
        forward, backward = answer.get("nextForwardToken"), answer.get("nextBackwardToken")
        if not forward or not backward:
            raise BadAnswer("logs:GetLogEvents: an answer without tokens: it was cut short")
        return Page(_events(answer, "logs:GetLogEvents"), str(forward), str(backward))

    def newest(
        self, stream: str, count: int, **span: int | None
    ) -> tuple[list[wire.LogEvent], Page]:
        """A stream's newest events, oldest first, and the page from which it goes on.

        At least so many, if there are; raises as ``page``.
        """
        newest = page = self.page(
            stream, startFromHead=False, limit=min(max(count, 1), EVENTS_A_PAGE), **span
        )
        events = list(page.events)
        token = ""
        while len(events) < count and page.backward != token:
            token = page.backward
            page = self.page(stream, startFromHead=False, nextToken=token, **span)
            events = [*page.events, *events]
        return events, newest

    def several(self, streams: Sequence[str], start: int | None) -> Iterator[wire.LogEvent]:
        """The events of up to a hundred streams from a moment on; raises as ``page``."""
        arguments: dict[str, Any] = {"logStreamNames": list(streams)}
        if start is not None:
            arguments["startTime"] = max(0, start)
        while True:
            answer = self._ask("filter_log_events", ", ".join(streams), **arguments)
            yield from _events(answer, "logs:FilterLogEvents")
            if not answer.get("nextToken"):
                return
            arguments["nextToken"] = answer["nextToken"]

    def _ask(self, operation: str, stream: str, **arguments: Any) -> Mapping[str, Any]:
        api = operation.title().replace("_", "")
        try:
            return self.aws.call("logs", operation, logGroupName=self.name, **arguments)
        except Refused as error:
            if error.reason != "ResourceNotFoundException":
                if _OTHER_CLASS in error.message:
                    error.hint = "query this log group with CloudWatch Logs Insights"
                raise
            where = f"log group '{self.name}' in {self.aws.region}"
            if "log stream" not in error.message:
                raise GroupAbsent(f"no {where}") from error
            raise Absent(f"no log stream '{stream}' in {where}") from error
        except UsageError as error:  # not of who typed the command
            raise DashborionError(
                f"log group '{self.name}' is said to be in '{self.aws.region}', which is no region",
                hint="correct awslogs-region in the task definition",
            ) from error
        except Forbidden as error:
            if self.name not in error.message:
                error.message += f" (log group '{self.name}')"
            error.hint = error.hint or f"allow logs:{api} on log group '{self.name}'"
            raise


def _events(answer: Mapping[str, Any], operation: str) -> list[wire.LogEvent]:
    return convert(list[wire.LogEvent], required(answer, "events", operation), operation)


def lines(events: Iterable[wire.LogEvent]) -> Block:
    """Events as lines; an event of several lines stays one."""
    return [
        _stamp(*divmod(event.timestamp, 1000))
        + event.message.removesuffix("\n").encode(errors="replace")
        for event in events
    ]


@lru_cache(maxsize=4096)
def _stamp(second: int, millisecond: int) -> bytes:
    try:
        at = datetime.fromtimestamp(second, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise BadAnswer(f"an event with an impossible timestamp: second {second}") from error
    return f"{at:%Y-%m-%dT%H:%M:%S}.{millisecond:03}000000Z ".encode()


def milliseconds(moment: datetime | None, more: int = 0) -> int | None:
    """A moment in the API's milliseconds, plus some more; None stays None."""
    return None if moment is None else int(moment.timestamp() * 1000) + more
