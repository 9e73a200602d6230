"""The logs of pods, as the API server hands them on from a kubelet."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Protocol

from dashborion.demo.container_lines import Line
from dashborion.demo.kubernetes.errors import bad_request
from dashborion.demo.kubernetes.resources import Object

_POLL_SECONDS = 0.2


class ReadLog(Protocol):
    """Gives a container's log, and whether it may grow."""

    def __call__(self, pod: Object, container: str, *, previous: bool) -> tuple[list[Line], bool]:
        """Raises Refused, in the kubelet's words, for a container that has never run."""


class PodLogs:
    """``GET pods/NAME/log`` with all of its options."""

    def __init__(self, written: ReadLog, clock: Callable[[], datetime]) -> None:
        self._read, self._clock = written, clock

    def stream(
        self, pod: Object, query: Mapping[str, str], is_over: Callable[[], bool]
    ) -> Iterator[bytes]:
        name = container_of(pod, query.get("container", ""))
        is_stamped = query.get("timestamps") == "true"
        previous = query.get("previous") == "true"
        lines, is_running = self._read(pod, name, previous=previous)
        text = b"".join(_line(line, is_stamped) for line in _chosen(lines, query, self._clock()))
        yield text[: int(query.get("limitBytes", len(text)))]
        if query.get("follow") != "true" or previous:
            return
        seen = len(lines)
        while is_running and not is_over():
            time.sleep(_POLL_SECONDS)
            lines, is_running = self._read(pod, name, previous=False)
            if len(lines) < seen:
                return  # the container was started again: this was the log of its last run
            yield b"".join(_line(line, is_stamped) for line in lines[seen:])
            seen = len(lines)


def container_of(pod: Object, asked: str) -> str:
    spec, name = pod["spec"], pod["metadata"]["name"]
    regular: list[str] = [container["name"] for container in spec["containers"]]
    initial = [container["name"] for container in spec.get("initContainers") or ()]
    if asked:
        if asked not in regular + initial:
            raise bad_request(f"container {asked} is not valid for pod {name}")
        return asked
    if len(regular) == 1 and not initial:
        return regular[0]
    names = f"[{' '.join(regular)}]"
    if initial:
        names += f" or one of the init containers: [{' '.join(initial)}]"
    raise bad_request(f"a container name must be specified for pod {name}, choose one of: {names}")


def _chosen(lines: list[Line], query: Mapping[str, str], now: datetime) -> list[Line]:
    """Choose lines as the kubelet does: first the tail, then those that are new enough."""
    if "tailLines" in query:
        count = int(query["tailLines"])
        lines = lines[-count:] if count else []
    if "sinceTime" in query:
        since = datetime.fromisoformat(query["sinceTime"])
    elif "sinceSeconds" in query:
        since = now - timedelta(seconds=int(query["sinceSeconds"]))
    else:
        return lines
    return [line for line in lines if line.at >= since]


def _line(line: Line, is_stamped: bool) -> bytes:
    at = line.at.astimezone(UTC)
    stamp = f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond:06}000Z " if is_stamped else ""
    return f"{stamp}{line.text}\n".encode()
