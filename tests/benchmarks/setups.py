"""What rows need around them: context managers that yield environment variables.

Each gives its commands a HOME of their own. A set-up that this machine cannot have raises
``Unavailable``, and its rows are skipped with the reason.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from textwrap import dedent

from tests.benchmarks import fleets
from tests.benchmarks.long_lists import LongLists
from tests.benchmarks.token_reviews import TokenReviews
from tests.support.api import Manifest
from tests.support.control_plane import CURRENT, ControlPlane
from tests.support.kubelet import Kubelet

BIN = Path(sys.executable).parent

Environment = dict[str, str]
SetUp = Callable[[], AbstractContextManager[Environment]]

# Never handed on: what the machine's user has set would be measured too.
OF_THE_MACHINE = ("DASHBORION_", "AWS_", "KUBE", "NO_COLOR", "XDG_", "COLUMNS", "LINES", "HOME")

_SETTLING_SECONDS = 600


class Unavailable(Exception):
    """This machine lacks what the set-up is made of."""


@contextmanager
def bare_typer() -> Iterator[Environment]:
    """``$BARE_TYPER``: a Typer program with a version and two commands, and nothing else."""
    with home() as own:
        yield _with_bare_typer(own)


@contextmanager
def ten_workloads() -> Iterator[Environment]:
    """A control plane with ten workloads in one namespace, and ``$BARE_TYPER``.

    A list has just kept their names for completion.
    """
    with _cluster(fleets.TEN_WORKLOADS) as environment:
        made = _with_bare_typer(environment)
        listed = [str(BIN / "dashborion"), "workloads", "list"]
        subprocess.run(listed, env={**os.environ, **made}, capture_output=True, check=True)
        yield {**made, "BIN": str(BIN)}


@contextmanager
def long_lists() -> Iterator[Environment]:
    """A stand-in API behind the contexts ``rows-20000`` and ``rows-200000``, with that many pods.

    A control plane with so many takes minutes and gigabytes; what is measured is our memory.
    """
    with home() as own, LongLists() as api:
        kubeconfig = api.write_kubeconfig(Path(own["HOME"], "kubeconfig"), 20_000, 200_000)
        yield {**own, "KUBECONFIG": str(kubeconfig)}


@contextmanager
def sixty_workloads() -> Iterator[Environment]:
    """A control plane with what a few teams run, in six namespaces."""
    with _cluster(fleets.SIXTY_WORKLOADS) as environment:
        yield environment


@contextmanager
def two_hundred_workloads() -> Iterator[Environment]:
    """A control plane with two hundred Deployments of a pod each."""
    with _cluster(fleets.TWO_HUNDRED_WORKLOADS) as environment:
        yield environment


@contextmanager
def five_thousand_pods() -> Iterator[Environment]:
    """A control plane with two hundred Deployments of twenty-five pods each."""
    with _cluster(fleets.FIVE_THOUSAND_PODS) as environment:
        yield environment


@contextmanager
def five_thousand_measured_pods() -> Iterator[Environment]:
    """The same, with metrics-server."""
    with _cluster(fleets.FIVE_THOUSAND_PODS, is_measured=True) as environment:
        yield environment


@contextmanager
def ten_workloads_for_aws_users() -> Iterator[Environment]:
    """Ten workloads behind a kubeconfig user whose plugin is ``aws eks get-token``."""
    if not (BIN / "aws").exists():
        raise Unavailable("the AWS CLI comes with the extra `bench`")
    with (
        tempfile.TemporaryDirectory(prefix="benchmark-webhook-") as folder,
        TokenReviews(Path(folder, "kubeconfig")) as reviews,
        _cluster(fleets.TEN_WORKLOADS, *reviews.arguments) as environment,
    ):
        path = Path(environment["KUBECONFIG"])
        config = json.loads(path.read_text(encoding="utf-8"))
        arguments = ["eks", "get-token", "--cluster-name", "bench", "--region", "eu-west-3"]
        plugin = {
            "apiVersion": "client.authentication.k8s.io/v1beta1",
            "command": str(BIN / "aws"),
            "args": arguments,
            "interactiveMode": "Never",
        }
        config["users"][0]["user"] = {"exec": plugin}
        path.write_text(json.dumps(config), encoding="utf-8")
        keys = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "made-up"}
        yield {**environment, **keys}


@contextmanager
def home() -> Iterator[Environment]:
    """A ``$HOME`` with nothing in it."""
    with tempfile.TemporaryDirectory(prefix="benchmark-home-") as folder:
        yield {"HOME": folder}


def _with_bare_typer(own: Environment) -> Environment:
    program = Path(own["HOME"], "bare")
    program.write_text(_BARE, encoding="utf-8")
    return {**own, "BARE_TYPER": str(program)}


@contextmanager
def _cluster(
    manifests: Iterable[Manifest], *arguments: str, is_measured: bool = False
) -> Iterator[Environment]:
    """``$KUBECONFIG`` for a control plane that has these and has come to rest."""
    if not os.environ.get(CURRENT):
        raise Unavailable(f"${CURRENT} names no folder with a control plane's programs")
    with home() as own, ControlPlane.from_environment(CURRENT, *arguments) as plane, Kubelet(plane):
        for manifest in manifests:
            plane.apply(manifest)
        plane.wait_for("the fleet to settle", lambda: fleets.settled(plane), _SETTLING_SECONDS)
        if is_measured:
            if not plane.can_have_metrics:
                raise Unavailable(f"there is no metrics-server in ${CURRENT}")
            plane.start_metrics()
        kubeconfig = plane.write_kubeconfig(Path(own["HOME"], "kubeconfig"))
        yield {**own, "KUBECONFIG": str(kubeconfig)}


_BARE = dedent(
    """\
    import typer

    app = typer.Typer()


    def show(value: bool) -> None:
        if value:
            typer.echo("bare 1.0")
            raise typer.Exit


    def names() -> list[str]:
        return ["web-0", "web-1", "world"]


    @app.callback()
    def bare(
        version: bool = typer.Option(False, "--version", callback=show, is_eager=True),
    ) -> None:
        \"\"\"Two commands.\"\"\"


    @app.command()
    def greet(
        name: str = typer.Argument("world", help="Whom to greet.", autocompletion=names),
        loud: bool = typer.Option(False, "--loud", "-l", help="Louder."),
    ) -> None:
        \"\"\"Greet somebody.\"\"\"
        typer.echo(f"Hello {name}")


    @app.command()
    def leave(name: str = typer.Argument("world", help="Whom to leave.")) -> None:
        \"\"\"Leave somebody.\"\"\"
        typer.echo(f"Goodbye {name}")


    app()
    """
)
