"""``restarts`` counts what kubectl's RESTARTS counts."""

from __future__ import annotations

from tests.unit.kubernetes.raw_kubernetes import (
    condition,
    instance,
    pod,
    running,
    terminated,
    waiting,
)

UNINITIALIZED = [condition("Initialized", "False")]


def test_regular_containers_are_added_up() -> None:
    item = pod(running("app", restartCount=2), running("log", restartCount=3))
    assert instance(item).restarts == 5


def test_a_pod_without_container_statuses_has_no_restarts() -> None:
    assert instance(pod(status={"containerStatuses": None})).restarts == 0


def test_while_initializing_those_of_init_containers_count_alone() -> None:
    migrate = waiting("migrate", "CrashLoopBackOff", restartCount=4)
    fetch = terminated("fetch", 0, restartCount=1)
    app = waiting(reason="PodInitializing", restartCount=8)
    assert instance(pod(app, init=[fetch, migrate], conditions=UNINITIALIZED)).restarts == 5


def test_once_initialized_those_of_init_containers_are_forgotten() -> None:
    migrate = terminated("migrate", 0, restartCount=4)
    assert instance(pod(running(restartCount=1), init=[migrate])).restarts == 1


def test_sidecars_go_on_counting() -> None:
    init = [running("proxy", restartCount=2), terminated("migrate", 0, restartCount=4)]
    item = pod(running(restartCount=1), init=init, sidecars={"proxy"})
    assert instance(item).restarts == 3


def test_a_sidecar_that_fails_after_initialization_does_not_hide_the_containers() -> None:
    proxy = waiting("proxy", "CrashLoopBackOff", started=False, restartCount=6)
    item = pod(running(restartCount=1), init=[proxy], sidecars={"proxy"})
    assert instance(item).restarts == 7


def test_init_containers_behind_the_one_that_runs_do_not_count_yet() -> None:

    # (node rebooted) the later ones still carry the count of their previous life.
    migrate = running("migrate", restartCount=1)
    warm = waiting("warm", "PodInitializing", restartCount=3)
    item = pod(waiting(reason="PodInitializing"), init=[migrate, warm], conditions=UNINITIALIZED)
    assert instance(item).restarts == 1
