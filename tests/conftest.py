"""Fixtures for every test; ``dashborion("workloads list -o json")`` types a command as a user does.

Every test has its own HOME, config, AWS and KUBECONFIG, and an empty folder to
stand in.
"""

from __future__ import annotations

import functools
import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import typer

from tests.support import quick_sdk
from tests.support.cli import Cli
from tests.support.cluster import populate
from tests.support.control_plane import ARGO, CURRENT, OLDEST, ControlPlane
from tests.support.kubeconfigs import Kube, document, write
from tests.support.kubelet import Kubelet
from tests.support.real_node import NODE, why_not
from tests.support.stub_api import Api

_MANY_FILES = 500
_OF_THE_MACHINE = ("DASHBORION_", "AWS_", "KUBE", "NO_COLOR", "XDG_", "COLUMNS", "LINES")


def pytest_configure() -> None:
    """What is different in a process that runs thousands of commands instead of one."""
    # What is compiled is kept, also by processes that tests start: to compile the program costs
    # them three times what they do.
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    # A suite started in the background, or by nohup, ignores signals; its commands must not.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    # The same command tree each time, and the thresholds of the console script: a third of the
    # suite's time goes into building the tree, and into looking for garbage in the SDKs' models.
    typer.main.get_command = functools.cache(typer.main.get_command)
    gc.set_threshold(100_000, 50, 100)
    quick_sdk.remember()


def pytest_collection_finish() -> None:
    """What was imported and collected stays: looking for garbage in it took seconds."""
    gc.collect()
    gc.freeze()


def pytest_report_header() -> list[str]:
    """What of Kubernetes is real in this run."""
    argo = "yes" if os.environ.get(ARGO) else f"${ARGO} names no folder with its controller"
    return [f"real node: {why_not() or 'yes'}", f"Argo Rollouts: {argo}"]


FOLDERS = {"real": "real", "shells": "shells", "demo/process": "slow"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs more than this process, by folder; the contract's tests say it themselves."""
    here = Path(__file__).parent
    for item in items:
        for folder, mark in FOLDERS.items():
            if item.path.is_relative_to(here / folder):
                item.add_marker(mark)


@pytest.hookimpl(optionalhook=True)  # without xdist nobody asks
def pytest_xdist_auto_num_workers() -> int:
    """Two more than there are cores: much of the time goes into waiting for servers."""
    return (os.cpu_count() or 1) + 2


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """One worker starts the node, and one each control plane."""
    from tests.support.schedule import Together

    return Together(config, log)


def _close_what_nobody_holds() -> None:
    """Connections of thousands of commands wait for the garbage; ``select`` takes 1,024 files."""
    lowest = os.dup(2)
    os.close(lowest)
    if lowest > _MANY_FILES:
        gc.collect()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A HOME of the test's own, nothing of the machine's environment, an empty folder as cwd."""
    for name in list(os.environ):
        if name.startswith(_OF_THE_MACHINE) and name not in (CURRENT, OLDEST, NODE):
            monkeypatch.delenv(name)
    _close_what_nobody_holds()
    home, folder = tmp_path / "home", tmp_path / "folder"
    home.mkdir()
    folder.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(folder)
    return home


@pytest.fixture
def dashborion() -> Cli:
    """Type a command: ``dashborion("workloads list")``."""
    return Cli()


@pytest.fixture
def api() -> Iterator[Api]:
    """A server with a small fleet on it."""
    with Api() as server:
        yield server


@pytest.fixture
def kube(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kube:
    """Write a kubeconfig with one context, ``here``, and point $KUBECONFIG at it."""

    def point(server: str, **more: Any) -> Path:
        return use(document(server, **more))

    def use(content: Mapping[str, Any]) -> Path:
        path = write(tmp_path / "kubeconfig", content)
        monkeypatch.setenv("KUBECONFIG", str(path))
        monkeypatch.setenv("DASHBORION_ENV", f"k8s:{content['current-context']}")
        return path

    return point


@contextmanager
def _running(variable: str) -> Iterator[ControlPlane]:
    if not os.environ.get(variable):
        pytest.skip(f"${variable} names no folder with a control plane's programs")
    with ControlPlane.from_environment(variable) as plane:
        yield plane


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    """A real etcd, API server, controller manager and scheduler, of a current version."""
    with _running(CURRENT) as plane:
        yield plane


@pytest.fixture(scope="session")
def kubelet(control_plane: ControlPlane) -> Iterator[Kubelet]:
    """The stand-in for what would run the pods."""
    with Kubelet(control_plane) as stand_in:
        yield stand_in


@pytest.fixture(scope="session")
def current_cluster(control_plane: ControlPlane, kubelet: Kubelet) -> ControlPlane:
    """The control plane with a fleet that has one of everything in it, settled."""
    populate(control_plane)
    return control_plane


@pytest.fixture(scope="session")
def metrics(current_cluster: ControlPlane) -> ControlPlane:
    """That cluster with metrics-server; what each container uses is in `tests.support.usage`."""
    if not current_cluster.can_have_metrics:
        pytest.skip(f"there is no metrics-server in ${CURRENT}")
    current_cluster.start_metrics()
    return current_cluster


@pytest.fixture(scope="session")
def oldest_cluster() -> Iterator[ControlPlane]:
    """The same fleet on the oldest version that is supported."""
    with _running(OLDEST) as plane, Kubelet(plane):
        populate(plane)
        yield plane


@pytest.fixture(scope="session", params=["current", "oldest"])
def cluster(request: pytest.FixtureRequest) -> ControlPlane:
    """Each control plane with its fleet, which nobody changes."""
    plane: ControlPlane = request.getfixturevalue(f"{request.param}_cluster")
    return plane


@pytest.fixture
def point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[ControlPlane, str], Path]:
    """Point $KUBECONFIG at a cluster, as one of its users, in namespace ``media``."""

    def point(plane: ControlPlane, user: str) -> Path:
        path = plane.write_kubeconfig(tmp_path / f"kubeconfig-{user}", user=user, namespace="media")
        monkeypatch.setenv("KUBECONFIG", str(path))
        return path

    return point


@pytest.fixture
def as_user(
    cluster: ControlPlane, point: Callable[[ControlPlane, str], Path]
) -> Callable[[str], Path]:
    """Point $KUBECONFIG at the cluster, as one of its users, in namespace ``media``."""
    return partial(point, cluster)


@pytest.fixture
def as_admin(as_user: Callable[[str], Path]) -> Path:
    return as_user("admin")
