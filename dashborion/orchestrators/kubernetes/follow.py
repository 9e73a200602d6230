"""Follows the logs of pods: the containers that come and go, each read on a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from dashborion.errors import Unavailable
from dashborion.orchestrators.kubernetes import instances, runs, wire
from dashborion.orchestrators.kubernetes.follow_container import ContainerFollower
from dashborion.orchestrators.kubernetes.log_targets import PodGroup, Target
from dashborion.orchestrators.kubernetes.runs import Run
from dashborion.orchestrators.logs import Notices, Sink, require_few

LOOK_SECONDS = 1.0  # between two lookups of the pods

Key = tuple[str, str]  # a pod's uid and a container's name


class Follower:
    """Follows all containers of a group of pods."""

    def __init__(self, group: PodGroup) -> None:
        self._group = group
        self._followed: dict[Key, ContainerFollower] = {}
        self._skipped: set[Key] = set()  # seen while there was no room for them
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
        is_first_look = True
        while True:
            self._update(notices, targets, is_first_look=is_first_look)
            if self._failure is not None:
                raise self._failure
            if group.is_single and not self._alive() and all(map(instances.is_finished, pods)):
                return
            is_first_look = False
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

    def _update(self, notices: Notices, targets: Sequence[Target], *, is_first_look: bool) -> None:
        """Follow new containers, hand on new runs, and let containers end that are gone."""
        present = set()
        for target in targets:
            key = (target.pod.metadata.uid, target.container)
            present.add(key)
            is_finished = instances.is_finished(target.pod)
            if key not in self._followed:
                if target.run is not None:
                    self._join(notices, key, target, target.run, is_first_look=is_first_look)
                elif not is_finished:
                    notices.say(runs.waiting_message(target.pod, target.container))
            if (container := self._followed.get(key)) is not None:
                container.read(target.run)
                if is_finished:
                    container.leave()
        for key in self._followed.keys() - present:
            self._followed[key].leave()
            if not self._followed[key].is_alive:
                del self._followed[key]

    def _join(
        self, notices: Notices, key: Key, target: Target, run: Run, *, is_first_look: bool
    ) -> None:
        """Follow a new container, unless too many are followed.

        One that comes later is read from its beginning, and may have restarted since.
        """
        most = self._group.wanted.most
        if self._alive() >= most:
            self._skipped.add(key)
            notices.no_room(target.source, most)
            return
        container = self._followed[key] = ContainerFollower(
            self._group,
            notices.sink,
            target.source,
            self._group.first_params() if is_first_look else {},
            opened=self._opened,
            failed=self._failed,
        )
        if not is_first_look and key not in self._skipped:
            previous = runs.previous_run(target.pod, run)
            if previous is not None and previous.id != run.id:
                container.read(previous)

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
