"""What EventBridge starts on a cluster at times: named where it may be read, and left alone."""

from __future__ import annotations

from collections.abc import Callable

from dashborion.orchestrators.aws.parts import part
from dashborion.orchestrators.ecs.client import Client


def on_the_cluster(client: Client) -> list[str]:
    """Rules and schedules whose target is the cluster, in words; what is not told is a warning."""
    clusters = client.aws.optional(
        lambda: client.aws.items("ecs", "describe_clusters", "clusters", clusters=[client.cluster])
    )
    arn = str(clusters[0].get("clusterArn")) if clusters else None
    if arn is None:
        return []
    asked: dict[str, Callable[[], list[str]]] = {
        "rule": lambda: [
            str(name)
            for page in client.aws.pages(
                "events", "list_rule_names_by_target", "RuleNames",
                token=("NextToken", "NextToken"), TargetArn=arn,
            )
            for name in page
        ],
        "schedule": lambda: [
            str(one.get("Name"))
            for page in client.aws.pages(
                "scheduler", "list_schedules", "Schedules", token=("NextToken", "NextToken")
            )
            for one in page
            if (one.get("Target") or {}).get("Arn") == arn
        ],
    }  # fmt: skip
    return [
        f"{kind} {name} of EventBridge"
        for kind, ask in asked.items()
        for name in part(ask, client.aws.runtime.warn) or ()
    ]
