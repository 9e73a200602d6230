"""The root command and its groups, each imported when the command line names it."""

from __future__ import annotations

from dashborion.cli import api, help, schema, status, timeline  # noqa: A004 - the command's name
from dashborion.cli.lazy_commands import command, group, lazy_group
from dashborion.completion import scripts

scripts.register()

app = group(
    add_completion=True,
    help="Manage workloads on Amazon ECS and Kubernetes.",
    epilog="Example: dashborion workloads list --all-envs",
)

WORKLOADS = "Manage ECS services and Deployments, StatefulSets, DaemonSets and Argo Rollouts."
ALIAS = "`services` is an alias of this group."
lazy_group(app, "workloads", WORKLOADS, epilog=ALIAS)
lazy_group(app, "services", WORKLOADS, module="workloads", hidden=True)
lazy_group(app, "instances", "Manage ECS tasks and Kubernetes pods.")
lazy_group(app, "k8s", "Show objects that only Kubernetes has; see `ecs` for those of ECS.")
lazy_group(app, "ecs", "Show objects that only ECS has; see `k8s` for those of Kubernetes.")
FILE = (
    "Define environments in a dashborion.yaml: "
    "`environments: {prod: {orchestrator: kubernetes, context: NAME}}`, "
    "or `{orchestrator: ecs, cluster: NAME, region: REGION, profile: NAME, protected: true}`."
)
lazy_group(app, "env", "Manage environments: the clusters that commands run on.", epilog=FILE)
lazy_group(app, "demo", "Manage the embedded demo of ECS and Kubernetes; `--demo` starts it.")
command(app, "status")(status.status)
command(app, "timeline")(timeline.timeline)
command(app, "api")(api.api)
command(app, "schema")(schema.schema)
command(app, "help")(help.help_)
