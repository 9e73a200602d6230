"""The root command: the groups, and what is said before any of them."""

from __future__ import annotations

from dashborion.cli import api, schema
from dashborion.cli.commands import command, group, later
from dashborion.completion import shells

shells.register()

app = group(
    add_completion=True,
    help="What a team runs, on Amazon ECS and on Kubernetes.",
    epilog="Example: dashborion workloads list --all-envs",
)

WORKLOADS = "ECS services; Kubernetes Deployments, StatefulSets and DaemonSets."
ALIAS = "`services` is another name for this group."
later(app, "workloads", WORKLOADS, epilog=ALIAS)
later(app, "services", WORKLOADS, module="workloads", hidden=True)
later(app, "instances", "ECS tasks and Kubernetes pods.")
later(app, "k8s", "What only Kubernetes has; `ecs` is the same for ECS.")
later(app, "ecs", "What only ECS has; `k8s` is the same for Kubernetes.")
FILE = (
    "A dashborion.yaml: `environments: {prod: {orchestrator: kubernetes, context: NAME}}`, "
    "or `{orchestrator: ecs, cluster: NAME, region: REGION, profile: NAME, protected: true}`."
)
later(app, "env", "Environments: clusters under the names by which they are chosen.", epilog=FILE)
later(app, "demo", "An ECS and a Kubernetes to try everything on; `--demo` starts them by itself.")
command(app, "api")(api.api)
command(app, "schema")(schema.schema)
