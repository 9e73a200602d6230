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


@command(app, "break")
def break_(
    context: Context,
    workload: Annotated[str, typer.Argument(help="A workload of the demo, such as web.")],
    cause: Annotated[str, typer.Argument(help="What it shall suffer from, or none.")],
    *,
    environment: Annotated[
        str | None, typer.Option("-e", "--env", help="Which one, if not the first that has it.")
    ] = None,
) -> None:
    """Make a workload of the demo suffer from a cause; none heals it.

    Causes on both: config-key, config-missing, create-failed, exit, exit-0,
    exit-126, exit-127, exit-134, exit-137, exit-139, image-auth,
    image-not-found, image-platform, image-rate-limit, image-unreachable,
    liveness, mount, no-addresses, oom, quota, unschedulable-cpu,
    unschedulable-memory, unschedulable-node, unschedulable-port.

    On Kubernetes (media) only: autoscaler-metrics, deadline, endpoints-none,
    evicted, exit-143, image-name, image-never, init-failed, limit-range,
    node-not-ready, paused, pod-security, readiness-refused, readiness-status,
    readiness-timeout, run-as-root, sandbox, service-account, startup-probe,
    stuck-terminating, unschedulable-anti-affinity, unschedulable-taint,
    volume-unbound, webhook-denied, webhook-down.

    On ECS (shop) only: capacity, circuit-breaker, config-access, config-file,
    config-unreachable, draining, image-disk, log-target, network-interface,
    no-nodes, node-agent, role, rollout-percent, spot, start-backoff,
    target-refused, target-status, target-timeout, throttled.

    Example: dashborion demo break web oom -e media/staging
    """
    for name in context.demo.disturb(workload, cause, environment or ""):
        told = "is healed" if cause == "none" else f"will suffer from {cause} in a few seconds"
        context.streams.note(f"{workload} in {name} {told}")
        if cause != "none":
            shown = f"dashborion --demo workloads why {workload} -e {name}"
            context.streams.note(f"look at it: {shown}")
