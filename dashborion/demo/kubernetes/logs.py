"""``GET pods/NAME/log`` with all of its options, as the API server hands it on from a kubelet."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from dashborion.demo.behaviour import Line, behaviour_of, lines
from dashborion.demo.kubernetes.errors import Refused, bad_request
from dashborion.demo.kubernetes.kubelets import Kubelets
from dashborion.demo.kubernetes.pods import Container, pod_at
from dashborion.demo.kubernetes.resources import Object
from dashborion.demo.kubernetes.store import Store

_POLL_SECONDS = 0.2
_WAITS = {
    "ImagePullBackOff": "trying and failing to pull image",
    "ErrImagePull": "image can't be pulled",
}


class PodLogs:
    """Logs of the containers of a cluster; before ``epoch`` they write little."""

    def __init__(self, store: Store, kubelets: Kubelets, speed: float) -> None:
        self.epoch: datetime | None = None
        self._store, self._kubelets, self._speed = store, kubelets, speed

    def stream(
        self, pod: Object, query: Mapping[str, str], is_over: Callable[[], bool]
    ) -> Iterator[bytes]:
        name = container_of(pod, query.get("container", ""))
        is_stamped = query.get("timestamps") == "true"
        previous = query.get("previous") == "true"
        known, is_running = self._read(pod, name, previous=previous)
        chosen = _chosen(known, query, self._store.clock())
        text = b"".join(_line(line, is_stamped) for line in chosen)
        yield text[: int(query.get("limitBytes", len(text)))]
        if query.get("follow") != "true" or previous:
            return
        seen = len(known)
        while is_running and not is_over():
            time.sleep(_POLL_SECONDS)
            known, is_running = self._read(pod, name, previous=False)
            if len(known) < seen:
                return  # the container was started again: this was the log of its last run
            yield b"".join(_line(line, is_stamped) for line in known[seen:])
            seen = len(known)

    def _read(self, pod: Object, container: str, *, previous: bool) -> tuple[list[Line], bool]:
        """A container's log, and whether it may grow."""
        name, now = pod["metadata"]["name"], self._store.clock()
        record = self._kubelets.records.get(pod["metadata"]["uid"])
        if record is None:
            raise bad_request(f'pod "{name}" does not have a host assigned')
        pod_now = pod_at(pod, record.started, record.ended or now, self._speed)
        made = next((made for made in pod_now.containers if made.name == container), None)
        run = None
        if made is not None:
            run = made.moment.previous if previous else made.moment.run
        if made is None or run is None:
            raise _never_ran(f'container "{container}" in pod "{name}"', made, previous=previous)
        written = lines(
            f"{name}/{container}",
            made.at(run.start),
            None if run.end is None else made.at(run.end),
            now=record.ended or now,
            epoch=self.epoch or now,
            last=behaviour_of(made.image).last_words,
        )
        is_there = self._store.current("pods", pod) is not None
        return written, run.end is None and record.ended is None and is_there


def _never_ran(which: str, container: Container | None, *, previous: bool) -> Refused:
    if container and previous:
        return bad_request(f"previous terminated {which} not found")
    reason = container.moment.state.value if container else "PodInitializing"
    return bad_request(f"{which} is waiting to start: {_WAITS.get(reason, reason)}")


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
