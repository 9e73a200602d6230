"""``dashborion demo``: the embedded ECS and Kubernetes that ``--demo`` runs commands on."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from dashborion.cli.options import command, group

if TYPE_CHECKING:
    from dashborion.context import Context

app = group()


@command(app, "start")
def start(
    context: Context,
    *,
    speed: Annotated[
        float, typer.Option("--speed", min=0.1, max=100, help="Run this many times as fast.")
    ] = 1.0,
) -> None:
    """Start the demo and print the variables that point kubectl and aws at it.

    Example: eval "$(dashborion demo start)"
    """
    running = context.demo.start(speed=speed)
    if running.was_running:
        context.streams.note(f"already running since {running.started} (pid {running.pid})")
    for name, value in context.demo.variables(running).items():
        context.streams.write(f"export {name}={shlex.quote(value)}\n")


@command(app, "stop")
def stop(context: Context) -> None:
    """Stop the demo.

    Example: dashborion demo stop
    """
    stopped = context.demo.stop()
    context.streams.note("stopped" if stopped else "not running")


@command(app, "status")
def status(context: Context) -> None:
    """Show whether the demo is running, and its addresses.

    Example: dashborion demo status
    """
    running = context.demo.status()
    if running is None:
        context.streams.write("not running\n")
        return
    context.streams.write(
        f"running since {running.started} (pid {running.pid})\n"
        f"ECS         {running.aws_url}\n"
        f"Kubernetes  {running.kubernetes_url}\n"
        f"log         {running.log}\n"
    )


@command(app, "reset")
def reset(context: Context) -> None:
    """Restore the demo's workloads to their initial state.

    Example: dashborion demo reset
    """
    context.demo.reset()
    context.streams.note("the demo is back in its initial state")
