"""Commands that change something: a door with a clock, a stdin and a sleep of the test's own.

Nothing waits for the clock: a sleep moves it on at once and tells the test's script, which
is where whoever else is at work does their part.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import botocore.endpoint
import pytest

from dashborion.__main__ import main
from dashborion.context import Context
from dashborion.demo.ecs.living import LivingEcs
from dashborion.demo.ecs.strict_moto import StrictAws
from dashborion.streams import Streams
from tests.aws import KEY, point_at
from tests.conftest import Result
from tests.support.control_plane import ControlPlane
from tests.support.fleet_on_ecs import Fleet, populate
from tests.support.kubelet import Kubelet

from .moves import Mover, then
from .real import Space
from .shop import CLUSTER, LivingShop

Step = Callable[[], object]
_PROGRESS = re.compile(r"\r\x1b\[K([^\r\n\x1b]*(?=\r))?")


class Keyboard(io.StringIO):
    """What a person types; a terminal unless told otherwise."""

    def __init__(self, text: str = "", *, tty: bool = True, before: Step | None = None) -> None:
        super().__init__(text)
        self._tty = tty
        self._before = before

    def isatty(self) -> bool:
        return self._tty

    def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override]
        if self._before is not None:
            self._before()
        return super().readline(-1 if size is None else size)


@dataclass
class Terminal:
    """The door. ``steps`` are taken one a sleep; ``really`` is how long each sleep takes."""

    steps: list[Step] = field(default_factory=list)
    really: float = 0.0
    ticking: bool = False  # whether time passes by itself, too
    keyboard: Keyboard = field(default_factory=lambda: Keyboard(tty=False))
    seconds: float = 10.0  # what a command may read
    slept: list[float] = field(default_factory=list)
    raw_err: str = ""
    took: float = 0.0
    moment: datetime | None = None

    def __call__(self, command: str, *, tty: bool = False, width: int = 200) -> Result:
        self.slept.clear()
        streams = Streams.test(tty=tty, width=width)
        context = Context(
            streams,
            cwd=Path.cwd(),
            stdin=self.keyboard,
            read_seconds=self.seconds,
            sleep=self._sleep,
            clock=lambda: sum(self.slept) + (time.monotonic() if self.ticking else 0),
        )
        if (moment := self.moment) is not None:
            context.now = lambda: moment
        started = time.monotonic()
        with contextlib.redirect_stdout(streams.out), contextlib.redirect_stderr(streams.err):
            code = main(shlex.split(command), context=context)
        self.took = time.monotonic() - started
        out, self.raw_err = (one.getvalue() for one in (streams.out, streams.err))  # type: ignore[attr-defined]
        seen = Result(code, out, _PROGRESS.sub("", self.raw_err))
        assert "Traceback" not in seen.err
        assert "unexpected " not in seen.err, seen.err
        assert code == 0 or seen.err, "a failure without a word"
        return seen

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if self.steps:
            self.steps.pop(0)()
        if self.really:
            time.sleep(self.really)


@pytest.fixture
def dashborion() -> Terminal:
    return Terminal()


# --- Kubernetes ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def space(
    control_plane: ControlPlane, kubelet: Kubelet, request: pytest.FixtureRequest
) -> Iterator[Space]:
    """A namespace of the module's own on the real control plane."""
    name = request.module.__name__.rsplit(".", 1)[-1].replace("_", "-")
    space = Space.on(control_plane, name)
    yield space
    space.clear()


@pytest.fixture
def here(
    space: Space, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dashborion: Terminal
) -> Space:
    """That namespace, as the admin's current one; sleeps give the controllers a moment."""
    become(space, "admin", tmp_path, monkeypatch)
    dashborion.really = 0.05
    return space


@pytest.fixture
def as_viewer(here: Space, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    become(here, "viewer", tmp_path, monkeypatch)


def become(space: Space, user: str, folder: Path, patch: pytest.MonkeyPatch) -> None:
    path = folder / f"kubeconfig-{user}"
    space.plane.write_kubeconfig(path, user=user, namespace=space.name)
    patch.setenv("KUBECONFIG", str(path))


# --- ECS ----------------------------------------------------------------------------------------


@pytest.fixture
def fleet(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    """A fleet on ECS that the test may change."""
    clock = SimpleNamespace(sleep=lambda _: None, time=time.time)
    monkeypatch.setattr(botocore.endpoint, "time", clock)
    with StrictAws() as aws:
        point_at(monkeypatch, aws)
        yield populate(aws)


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch, dashborion: Terminal) -> Iterator[LivingShop]:
    """The demo's fleet on ECS, which lives while the command sleeps."""
    clock = SimpleNamespace(sleep=lambda _: None, time=time.time)
    monkeypatch.setattr(botocore.endpoint, "time", clock)
    with StrictAws(access_key=KEY, faces={"ecs": LivingEcs}) as aws:
        point_at(monkeypatch, aws, CLUSTER)
        living = LivingShop(aws)
        aws.spy.reset()
        dashborion.steps = living.meanwhile
        yield living


@pytest.fixture
def web(fleet: Fleet) -> Mover:
    """A service of two tasks whose new deployment waits for what the test does next."""
    found = Mover(fleet, "web")
    then(fleet, "ecs:UpdateService", found.begins)
    return found


@pytest.fixture
def counted(fleet: Fleet) -> Mover:
    """The same for a change of count."""
    found = Mover(fleet, "web")
    then(fleet, "ecs:UpdateService", found.shrinks)
    return found
