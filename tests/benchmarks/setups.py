"""What rows need around them: context managers that yield environment variables.

Each gives its commands a HOME of their own. A set-up that this machine cannot have raises
``Unavailable``, and its rows are skipped with the reason.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from textwrap import dedent

from tests.support.api import Manifest
from tests.support.control_plane import ASSETS, ControlPlane
from tests.support.kubelet import Kubelet

from . import fleets

Environment = dict[str, str]
SetUp = Callable[[], AbstractContextManager[Environment]]

# Never handed on: what the machine's user has set would be measured too.
OF_THE_MACHINE = ("DASHBORION_", "AWS_", "KUBE", "NO_COLOR", "XDG_", "COLUMNS", "LINES", "HOME")

_SETTLING_SECONDS = 300


class Unavailable(Exception):
    """This machine lacks what the set-up is made of."""


@contextmanager
def bare_typer() -> Iterator[Environment]:
    """``$BARE_TYPER``: the least that a Typer program with a version can be."""
    with home() as own:
        program = Path(own["HOME"], "bare.py")
        program.write_text(_BARE, encoding="utf-8")
        yield {**own, "BARE_TYPER": str(program)}


@contextmanager
def sixty_workloads() -> Iterator[Environment]:
    """A control plane with what a few teams run, in six namespaces."""
    with _cluster(fleets.SIXTY_WORKLOADS) as environment:
        yield environment


@contextmanager
def two_thousand_pods() -> Iterator[Environment]:
    """A control plane with twenty Deployments of a hundred pods each."""
    with _cluster(fleets.TWO_THOUSAND_PODS) as environment:
        yield environment


@contextmanager
def home() -> Iterator[Environment]:
    """A ``$HOME`` with nothing in it."""
    with tempfile.TemporaryDirectory(prefix="benchmark-home-") as folder:
        yield {"HOME": folder}


@contextmanager
def _cluster(manifests: Iterable[Manifest]) -> Iterator[Environment]:
    """``$KUBECONFIG`` for a control plane that has these and has come to rest."""
    if not os.environ.get(ASSETS):
        raise Unavailable(f"${ASSETS} names no folder with a control plane's programs")
    with home() as own, ControlPlane.from_environment() as plane, Kubelet(plane):
        for manifest in manifests:
            plane.apply(manifest)
        plane.wait_for("the fleet to settle", lambda: fleets.settled(plane), _SETTLING_SECONDS)
        kubeconfig = plane.write_kubeconfig(Path(own["HOME"], "kubeconfig"))
        yield {**own, "KUBECONFIG": str(kubeconfig)}


_BARE = dedent(
    """\
    import typer

    app = typer.Typer(add_completion=False)


    def show(value: bool) -> None:
        if value:
            typer.echo("bare 1.0")
            raise typer.Exit


    @app.command()
    def main(
        name: str = typer.Argument("world", help="Whom to greet."),
        loud: bool = typer.Option(False, "--loud", "-l", help="Louder."),
        version: bool = typer.Option(False, "--version", callback=show, is_eager=True),
    ) -> None:
        \"\"\"Greet somebody.\"\"\"
        typer.echo(f"Hello {name}")


    app()
    """
)
