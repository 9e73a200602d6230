"""The test door: ``dashborion("workloads list -o json")`` types a command as a user does.

Every test has its own HOME, config, AWS and KUBECONFIG, and an empty folder to
stand in.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import pytest

from dashborion.__main__ import main
from dashborion.context import Context
from dashborion.streams import Streams

from . import schemas
from .support.cluster import populate
from .support.control_plane import ASSETS, ControlPlane
from .support.kubelet import Kubelet

_OF_THE_MACHINE = ("DASHBORION_", "AWS_", "KUBE", "NO_COLOR", "XDG_", "COLUMNS", "LINES")


def pytest_configure() -> None:
    """A suite started in the background ignores Ctrl-C; the commands that it runs must not."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass(frozen=True)
class Result:
    """What a command did: its exit code and both streams."""

    exit_code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        """The error object of ``-o json``, from the last line of stderr."""
        return json.loads(self.err.splitlines()[-1])["error"]

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


class Door(Protocol):
    def __call__(
        self,
        command: str,
        *,
        tty: bool = False,
        width: int = 80,
        now: datetime | None = None,
        cwd: Path | None = None,
    ) -> Result: ...


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A HOME of the test's own, nothing of the machine's environment, an empty folder as cwd."""
    for name in list(os.environ):
        if name.startswith(_OF_THE_MACHINE) and name != ASSETS:
            monkeypatch.delenv(name)
    home, folder = tmp_path / "home", tmp_path / "folder"
    home.mkdir()
    folder.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(folder)
    return home


@pytest.fixture
def dashborion() -> Door:
    """Type a command; in process, through ``main``."""

    def run(
        command: str,
        *,
        tty: bool = False,
        width: int = 80,
        now: datetime | None = None,
        cwd: Path | None = None,
    ) -> Result:
        streams = Streams.test(tty=tty, width=width)
        context = Context(streams, cwd=cwd or Path.cwd())
        if now is not None:
            context.now = lambda: now.astimezone(UTC)
        with contextlib.redirect_stdout(streams.out), contextlib.redirect_stderr(streams.err):
            code = main(shlex.split(command), context=context)
        seen = Result(code, streams.out.getvalue(), streams.err.getvalue())  # type: ignore[attr-defined]
        schemas.check(command, seen.out)
        return seen

    return run


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    """A real etcd, API server, controller manager and scheduler."""
    if not os.environ.get(ASSETS):
        pytest.skip(f"${ASSETS} names no folder with a control plane's programs")
    with ControlPlane.from_environment() as plane:
        yield plane


@pytest.fixture(scope="session")
def kubelet(control_plane: ControlPlane) -> Iterator[Kubelet]:
    """The stand-in for what would run the pods."""
    with Kubelet(control_plane) as stand_in:
        yield stand_in


@pytest.fixture(scope="session")
def cluster(control_plane: ControlPlane, kubelet: Kubelet) -> ControlPlane:
    """The control plane with a fleet that has one of everything in it, settled."""
    populate(control_plane)
    return control_plane


@pytest.fixture
def as_user(
    cluster: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Path]:
    """Point $KUBECONFIG at the cluster, as one of its users, in namespace ``media``."""

    def point(user: str) -> Path:
        path = cluster.write_kubeconfig(
            tmp_path / f"kubeconfig-{user}", user=user, namespace="media"
        )
        monkeypatch.setenv("KUBECONFIG", str(path))
        return path

    return point


@pytest.fixture
def as_admin(as_user: Callable[[str], Path]) -> Path:
    return as_user("admin")
