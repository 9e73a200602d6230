"""The root command: the groups, and what is said before any of them."""

from __future__ import annotations

from dashborion.cli import completion
from dashborion.cli.commands import group, later

completion.register()

app = group(
    add_completion=True,
    help="What a team runs, on Amazon ECS and on Kubernetes.",
    epilog="Example: dashborion workloads list --all-envs",
)

WORKLOADS = "ECS services; Kubernetes Deployments, StatefulSets and DaemonSets."
later(app, "workloads", WORKLOADS, epilog="`services` is another name for this group.")
later(app, "services", WORKLOADS, module="workloads", hidden=True)
later(app, "instances", "ECS tasks and Kubernetes pods.")
later(app, "env", "Environments: clusters under the names by which they are chosen.")
later(app, "demo", "An ECS and a Kubernetes to try everything on; `--demo` starts them by itself.")
