"""The root command: the groups, and what is said before any of them."""

from __future__ import annotations

from dashborion.cli import demo, env, instances, workloads
from dashborion.cli import deploy as _deploy  # noqa: F401 - more commands of `workloads`
from dashborion.cli.options import group

app = group(
    help="What a team runs, on Amazon ECS and on Kubernetes.",
    epilog="Example: dashborion workloads list --all-envs",
)
app.add_typer(workloads.app, name="workloads", epilog="`services` is another name for this group.")
app.add_typer(workloads.app, name="services", hidden=True)
app.add_typer(instances.app, name="instances")
app.add_typer(env.app, name="env")
app.add_typer(demo.app, name="demo")
