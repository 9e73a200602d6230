"""The root command: the groups, and what is said before any of them."""

from __future__ import annotations

from dashborion.cli import api, demo, ecs, env, instances, k8s, schema, workloads
from dashborion.cli.options import command, group

app = group(
    help="What a team runs, on Amazon ECS and on Kubernetes.",
    epilog="Example: dashborion workloads list --all-envs",
)
app.add_typer(workloads.app, name="workloads", epilog="`services` is another name for this group.")
app.add_typer(workloads.app, name="services", hidden=True)
app.add_typer(instances.app, name="instances")
app.add_typer(k8s.app, name="k8s")
app.add_typer(ecs.app, name="ecs")
app.add_typer(env.app, name="env")
app.add_typer(demo.app, name="demo")
command(app, "api")(api.api)
command(app, "schema")(schema.schema)
