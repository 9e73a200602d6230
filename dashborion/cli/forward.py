"""``dashborion instances port-forward``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dashborion.cli.change import changer
from dashborion.cli.options import ChangeOptions, NamespaceOptions
from dashborion.completion import completers
from dashborion.errors import foreseen

if TYPE_CHECKING:
    from dashborion.context import Context

TargetName = Annotated[
    str,
    typer.Argument(
        metavar="ID|WORKLOAD",
        help="Instance or workload; on Kubernetes also svc/NAME.",
        autocompletion=completers.instances_and_workloads,
    ),
]
PortWords = Annotated[
    list[str],
    typer.Argument(
        metavar="[LOCAL:]REMOTE...",
        help="Ports: 8080, 8080:80, :80 for any free local port, or 8080:NAME.",
        autocompletion=completers.nothing,
    ),
]


def port_forward(
    context: Context,
    target: TargetName,
    ports: PortWords,
    *,
    address: Annotated[
        str, typer.Option("--address", help="Listen on this address of this machine.")
    ] = "127.0.0.1",
    instance: Annotated[
        bool, typer.Option("--instance", help="Stay with one instance when others are ready.")
    ] = False,
    retry: Annotated[
        str,
        typer.Option("--retry", metavar="TIME", help="Fail after this time without a ready one."),
    ] = "60s",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
    where: NamespaceOptions,
) -> None:
    """Forward local ports to an instance, and to another one when it goes.

    Each new connection goes to a ready instance. The end of what a client sends cannot be passed
    on: its connection is read on until the instance ends it.

    Example: dashborion instances port-forward web 8080:http -e media/staging
    """
    from dashborion.cli.option_values import duration
    from dashborion.engines import forwarding, port_words

    words, seconds = port_words.parse_all(ports), duration(retry, "--retry")
    change = changer(context, ChangeOptions(**vars(where), yes=yes))
    found = forwarding.find(change.fleet, target, change.query)
    environment = found.orchestrator.environment
    what = f"forward {', '.join(ports)} to {found.label} in namespace {found.namespace}"
    change.announce(environment, what, found.place, found.namespace)
    whereabouts = forwarding.Whereabouts(
        found,
        seconds,
        context.streams.note,
        change.fleet.runtime(environment).deadline.restart,
        context.sleep,
        context.clock,
        stays=instance,
    )
    with foreseen(environment.label):
        forwarding.Forwarder(whereabouts, words, address, context.streams.announce).run()
