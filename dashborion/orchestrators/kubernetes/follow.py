"""Follows the logs of pods: the containers that come and go, each read on a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from dashborion.errors import Unavailable
from dashborion.orchestrators.kubernetes import instances, runs, wire
from dashborion.orchestrators.kubernetes.follow_container import ContainerFollower
from dashborion.orchestrators.kubernetes.log_targets import LogParams, PodGroup, Target
from dashborion.orchestrators.logs import Notices, Sink, require_few

LOOK_SECONDS = 1.0  # between two lookups of the pods


class Follower:
    """Follows all containers of a group of pods."""

    def __init__(self, group: PodGroup) -> None:
        self._group = group
        self._followed: dict[tuple[str, str], ContainerFollower] = {}  # by pod uid and container
        self._failure: Exception | None = None
        self._responses: set[Any] = set()
        self._lock = threading.Lock()
        self._is_stopped = False

    def follow(self, sink: Sink) -> None:
        """As ``Reader``: until a single pod has finished; a workload may always get another pod."""
        group, notices = self._group, Notices(sink)
        pods = group.list_pods()
        targets = group.targets(pods)
        require_few(len([target for target in targets if target.run]), group.wanted.most)
        if not pods:
            notices.say(f"{group.none_message}; waiting for some")
        params = group.first_params()
        while True:
            self._update(notices, targets, params)
            if self._failure is not None:
                raise self._failure
            if group.is_single and not self._alive() and all(map(instances.is_finished, pods)):
                return
            params = {}  # a container that comes later is read from its beginning
            sink.pause(LOOK_SECONDS)
            pods = self._look_up(notices, pods)
            targets = group.targets(pods)

    def stop(self) -> None:
        """As ``Reader``: close all connections."""
        with self._lock:
            self._is_stopped = True
            for response in self._responses:
                _shut(response)
        for container in list(self._followed.values()):
            container.leave()

    def _look_up(self, notices: Notices, before: list[wire.Pod]) -> list[wire.Pod]:
        """The pods as they are now; those of ``before`` while the API does not answer."""
        self._group.client.runtime.deadline.restart()
        try:
            return self._group.list_pods()
        except Unavailable as error:
            notices.lookup_failed(error)
            return before

    def _update(self, notices: Notices, targets: Sequence[Target], params: LogParams) -> None:
        """Follow new containers, hand on new runs, and let containers end that are gone."""
        present = set()
        for target in targets:
            key = (target.pod.metadata.uid, target.container)
            present.add(key)
            container = self._followed.get(key) or self._join(notices, target, params)
            if container is None:
                continue
            self._followed[key] = container
            container.read(target.run)
            if instances.is_finished(target.pod):
                container.leave()
        for key in self._followed.keys() - present:
            self._followed[key].leave()
            if not self._followed[key].is_alive:
                del self._followed[key]

    def _join(
        self, notices: Notices, target: Target, params: LogParams
    ) -> ContainerFollower | None:
        """A follower for a new container; None if it has no log yet, or too many are followed."""
        most = self._group.wanted.most
        if target.run is None:
            if not instances.is_finished(target.pod):
                notices.say(runs.waiting_message(target.pod, target.container))
            return None
        if self._alive() >= most:
            notices.no_room(target.source, most)
            return None
        return ContainerFollower(
            self._group,
            notices.sink,
            target.source,
            params,
            opened=self._opened,
            failed=self._failed,
        )

    def _alive(self) -> int:
        return sum(container.is_alive for container in self._followed.values())

    def _failed(self, error: Exception) -> None:
        self._failure = error

    def _opened(self, response: Any) -> None:
        """Remember an open connection, for ``stop``."""
        with self._lock:
            self._responses = {one for one in self._responses if not one.closed} | {response}
            if self._is_stopped:
                _shut(response)


def _shut(response: Any) -> None:
    with suppress(OSError, ValueError, RuntimeError):  # it has ended meanwhile
        response.shutdown()
