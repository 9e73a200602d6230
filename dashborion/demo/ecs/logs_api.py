"""CloudWatch Logs as moto has it, with AWS's tokens, bounds and order of events.

moto's token is an index into the events by time, so an event that is taken in late is never
seen and another comes twice. Here a token says how many events had been taken in when its pages
were made, and how many of those were handed out.
"""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

from moto.ecs.models import ecs_backends
from moto.logs.exceptions import (
    InvalidParameterException,
    LogsClientError,
    ResourceNotFoundException,
)
from moto.logs.models import LogEvent, LogGroup, LogStream
from moto.logs.responses import LogsResponse

from dashborion.demo.ecs.metrics_api import INSIGHTS_GROUP, INSIGHTS_QUERY, insights

EVENTS_A_PAGE, BYTES_A_PAGE, BYTES_AN_EVENT = 10_000, 1_048_576, 26
STREAMS_A_CALL = 100
_TOKEN = re.compile(r"[fb]/(?P<batch>\d+)/(?P<taken>\d+)/(?P<at>\d+)")


class MalformedQueryException(LogsClientError):
    def __init__(self) -> None:
        super().__init__("MalformedQueryException", "this stand-in knows one form of query")


class LogsApi(LogsResponse):
    """One request to CloudWatch Logs."""

    def get_log_events(self) -> str:
        stream = self._stream(self._get_param("logStreamName"))
        limit = self._limit()
        token, from_head = self._get_param("nextToken"), self._get_param("startFromHead", False)
        events = list(stream.events)
        begin, taken, at = 0, len(events), 0
        if token:
            position = _TOKEN.fullmatch(token)
            if position is None:
                raise InvalidParameterException("The specified nextToken is invalid.")
            begin, taken, at = int(position["batch"]), int(position["taken"]), int(position["at"])
        batch = self._within(events[begin:taken])
        if token and token[0] == "b":
            page = _sized(batch[:at][::-1], limit)[::-1]
            first, last = at - len(page), at
        elif token or from_head:
            if at >= len(batch) and len(events) > taken:  # what was taken in since
                begin, taken, at = taken, len(events), 0
                batch = self._within(events[begin:taken])
            page = _sized(batch[at:], limit)
            first, last = at, at + len(page)
        else:
            page = _sized(batch[::-1], limit)[::-1]
            first, last = len(batch) - len(page), len(batch)
        return json.dumps(
            {
                "events": [event.to_response_dict() for event in page],
                "nextForwardToken": f"f/{begin}/{taken}/{last}",
                "nextBackwardToken": f"b/{begin}/{taken}/{first}",
            }
        )

    def filter_log_events(self) -> str:
        group = self._group()
        names, prefix = self._get_param("logStreamNames"), self._get_param("logStreamNamePrefix")
        if names and prefix:
            raise InvalidParameterException("logStreamNames and logStreamNamePrefix exclude.")
        if names is not None and not 1 <= len(names) <= STREAMS_A_CALL:
            raise InvalidParameterException("logStreamNames must have 1 to 100 members.")
        if names is None:
            names = [name for name in group.streams if name.startswith(prefix or "")]
        start, end = self._get_param("startTime") or 0, self._get_param("endTime")
        pattern = self._get_param("filterPattern")
        streams = [self._stream(name).filter_log_events(start, end, pattern) for name in names]
        events = sorted(itertools.chain(*streams), key=_position)
        if token := self._get_param("nextToken"):
            at, event_id = token.split("/")
            events = [event for event in events if _position(event) > (int(at), event_id)]
        page = _sized(events, self._limit(), size=lambda event: len(event["message"].encode()))
        answer: dict[str, Any] = {"events": page, "searchedLogStreams": []}
        if len(page) < len(events):
            answer["nextToken"] = "{}/{}".format(*_position(page[-1]))
        return json.dumps(answer)

    def start_query(self) -> str:
        """Logs Insights, for what Container Insights has written; the id is the question."""
        start, end = int(self._get_param("startTime")), int(self._get_param("endTime"))
        is_known = self._get_param("queryString").startswith(INSIGHTS_QUERY)
        group = INSIGHTS_GROUP.fullmatch(self._group().name)
        if group is None or not is_known or start >= end:
            raise MalformedQueryException
        return json.dumps({"queryId": f"{group['cluster']}/{start}/{end}"})

    def get_query_results(self) -> str:
        cluster, start, end = self._get_param("queryId").split("/")
        backend = ecs_backends[self.current_account][self.region]
        results = insights(backend, cluster, int(start), int(end))
        return json.dumps({"status": "Complete", "results": results})

    def _within(self, events: list[LogEvent]) -> list[LogEvent]:
        """Events between startTime and endTime, by time; only GetLogEvents excludes the end."""
        start, end = self._get_param("startTime"), self._get_param("endTime")
        if start is not None:
            events = [event for event in events if event.timestamp >= start]
        if end is not None:
            events = [event for event in events if event.timestamp < end]
        return sorted(events, key=lambda event: event.timestamp)

    def _limit(self) -> int:
        limit = int(self._get_param("limit") or EVENTS_A_PAGE)
        if not 1 <= limit <= EVENTS_A_PAGE:
            raise InvalidParameterException("limit must be between 1 and 10000.")
        return limit

    def _group(self) -> LogGroup:
        name = self._get_param("logGroupName")
        group = self.logs_backend.groups.get(name)
        if group is None:
            raise ResourceNotFoundException("The specified log group does not exist.")
        return group

    def _stream(self, name: str) -> LogStream:
        stream = self._group().streams.get(name)
        if stream is None:
            raise ResourceNotFoundException("The specified log stream does not exist.")
        return stream


def _position(event: dict[str, Any]) -> tuple[int, str]:
    return event["timestamp"], str(event["eventId"]).zfill(60)


def _sized(events: list[Any], limit: int, size: Any = None) -> list[Any]:
    """One page: at most ``limit`` events, or a megabyte of them."""
    size = size or (lambda event: len(event.message.encode()))
    room = BYTES_A_PAGE
    for count, event in enumerate(events[:limit]):
        room -= size(event) + BYTES_AN_EVENT
        if room < 0 and count:
            return events[:count]
    return events[:limit]
