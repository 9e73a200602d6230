"""What is compared with what: data. A new claim is a new row, and at most a new set-up.

``$NAME`` in a command is a value of the set-up's environment. Programs are looked for beside the
running Python first.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.benchmarks import clouds, forwarding, logs, setups
from tests.benchmarks.setups import SetUp


@dataclass(frozen=True)
class Row:
    """Our command, the peer's command for the same job, what both need, and what we aim at.

    ``time`` and ``memory`` are the ratios that we do not want to exceed; None where there is none.
    """

    name: str
    ours: str
    peer: str
    set_up: SetUp
    time: float | None = None
    memory: float | None = None


def _tab(program: str, variable: str, line: str) -> str:
    """A shell's question for completions of a line."""
    place = line.count(" ")
    return f"env {variable}=complete_bash COMP_WORDS='{line}' COMP_CWORD={place} {program}"


ROWS = (
    Row(
        "version",
        "dashborion --version",
        "python $BARE_TYPER --version",
        setups.bare_typer,
        time=1.5,
    ),
    Row(
        "help",
        "dashborion workloads --help",
        "python $BARE_TYPER --help",
        setups.bare_typer,
        time=1.5,
    ),
    Row(
        "tab",
        _tab("$BIN/dashborion", "_DASHBORION_COMPLETE", "dashborion workloads describe web-"),
        _tab("$BIN/python $BARE_TYPER", "_BARE_COMPLETE", "bare greet web-"),
        setups.ten_workloads,
        time=1.5,
    ),
    Row(
        "ten",
        "dashborion workloads list",
        "kubectl get deploy,sts,ds",
        setups.ten_workloads,
        time=3,
    ),
    Row(
        "ten-eks",
        "dashborion workloads list",
        "kubectl get deploy,sts,ds",
        setups.ten_workloads_for_aws_users,
        time=0.7,
    ),
    Row(
        "sixty",
        "dashborion workloads list -A",
        "kubectl get deploy,sts,ds -A",
        setups.sixty_workloads,
    ),
    Row(
        "sixty-json",
        "dashborion workloads list -A -o json",
        "kubectl get deploy,sts,ds,svc,ing -A -o json",
        setups.sixty_workloads,
    ),
    Row(
        "pods-json",
        "dashborion instances list -A -o json",
        "kubectl get pods -A -o json",
        setups.five_thousand_pods,
        time=0.15,
        memory=0.1,
    ),
    Row(
        "pods",
        "dashborion instances list -A",
        "kubectl get pods -A",
        setups.five_thousand_pods,
        time=0.4,
        memory=0.2,
    ),
    Row(
        "top",
        "dashborion instances top -A",
        "kubectl top pods -A",
        setups.five_thousand_measured_pods,  # kubectl reads no pods, and so no requests and limits
    ),
    Row(
        "diff-200",
        "dashborion workloads diff k8s:real k8s:real/default -A --all -o json",
        "kubectl get deploy,sts,ds,rs,pods -A -o json",
        setups.two_hundred_workloads,
        time=1,
        memory=0.7,
    ),
    Row(
        "rows-200000",
        "dashborion instances list -A -e k8s:rows-200000 -o json",
        "dashborion instances list -A -e k8s:rows-20000 -o json",
        setups.long_lists,
    ),
    Row(
        "ecs-ten",
        "dashborion workloads list -e ecs:$CLUSTER -o json",
        "aws ecs describe-services --include TAGS --cluster $CLUSTER --services $NAMES",
        clouds.ten_services,
        time=1,
    ),
    Row(
        "ecs-thousand",
        "dashborion workloads list -e ecs:bench -o name",
        "python $SEQUENTIAL",
        clouds.thousand_slow_services,
        time=0.15,
    ),
    Row(
        "ecs-environments",
        "dashborion workloads list --config $CONFIG --all-envs",
        "dashborion workloads list --config $CONFIG -e env-0",
        clouds.fifty_far_environments,
        time=3,
    ),
    Row(
        "why-environments",
        "dashborion workloads why --config $CONFIG --all-envs",
        "dashborion workloads list --config $CONFIG --all-envs",
        clouds.four_broken_environments,
        time=1.5,
    ),
    Row(
        "why-sixty",
        "dashborion workloads why -A -o json",
        "dashborion workloads list -A -o json",
        setups.sixty_workloads,
        time=1.5,
    ),
    Row(
        "logs",
        "dashborion workloads logs chatty --tail -1",
        "sh -c '$KUBECTL logs --timestamps --prefix -l app=chatty --tail=-1 "
        "--max-log-requests=10 | sort'",
        logs.long_logs,
        time=0.6,
    ),
    Row(
        "logs-million",
        "dashborion workloads logs million --tail -1",
        "dashborion workloads logs chatty --tail -1",
        logs.long_logs,  # twice the lines
        memory=1.1,
    ),
    Row(
        "forward-requests",
        "python $CLIENT requests dashborion instances port-forward web PORT:8080",
        "python $CLIENT requests kubectl port-forward deploy/web PORT:8080",
        forwarding.web_server,
        time=4,  # a websocket each, which the API server hands on to the kubelet
    ),
    Row(
        "forward-bytes",
        "python $CLIENT bytes dashborion instances port-forward web PORT:8080",
        "python $CLIENT bytes kubectl port-forward deploy/web PORT:8080",
        forwarding.web_server,
        time=1.5,
    ),
)
