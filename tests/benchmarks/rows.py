"""What is compared with what: data. A new claim is a new row, and at most a new set-up.

``$NAME`` in a command is a value of the set-up's environment. Programs are looked for beside the
running Python first.
"""

from __future__ import annotations

from dataclasses import dataclass

from . import clouds, logs, setups
from .setups import SetUp


@dataclass(frozen=True)
class Row:
    """Our command, the peer's command for the same job, and what both need."""

    name: str
    ours: str
    peer: str
    set_up: SetUp


ROWS = (
    Row(
        "version",
        "dashborion --version",
        "python $BARE_TYPER --version",
        setups.bare_typer,
    ),
    Row(
        "help",
        "dashborion workloads --help",
        "python $BARE_TYPER --help",
        setups.bare_typer,
    ),
    Row(
        "workloads",
        "dashborion workloads list -A",
        "kubectl get deploy,sts,ds -A",
        setups.sixty_workloads,
    ),
    Row(
        "workloads-json",
        "dashborion workloads list -A -o json",
        "kubectl get deploy,sts,ds,svc,ing -A -o json",
        setups.sixty_workloads,
    ),
    Row(
        "instances-json",
        "dashborion instances list -A -o json",
        "kubectl get pods -A -o json",
        setups.two_thousand_pods,
    ),
    Row(
        "ecs-ten",
        "dashborion workloads list -e ecs:$CLUSTER -o json",
        "aws ecs describe-services --include TAGS --cluster $CLUSTER --services $NAMES",
        clouds.ten_services,
    ),
    Row(
        "ecs-thousand",
        "dashborion workloads list -e ecs:bench -o name",
        "python $SEQUENTIAL",
        clouds.thousand_slow_services,
    ),
    Row(
        "ecs-environments",
        "dashborion workloads list --config $CONFIG --all-envs",
        "dashborion workloads list --config $CONFIG -e env-0",
        clouds.twenty_far_environments,
    ),
    Row(
        "logs",
        "dashborion workloads logs chatty --tail -1",
        "sh -c '$KUBECTL logs --timestamps --prefix -l app=chatty --tail=-1 "
        "--max-log-requests=10 | sort'",
        logs.ten_long_logs,
    ),
)
