"""Containers that end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from dashborion.models.cause import Code, Severity
from dashborion.orchestrators.findings import Finding, Rule
from dashborion.orchestrators.kubernetes import wire
from dashborion.orchestrators.kubernetes.causes.pods import ContainerFacts, of_containers
from dashborion.orchestrators.kubernetes.facts import Facts, PodFacts
from dashborion.orchestrators.messages import exit_code, logs_advice

_RECENT = timedelta(minutes=10)  # in which a second end makes it a loop: the longest back-off is 5


def _exit(facts: Facts, pod: PodFacts, container: ContainerFacts) -> Finding | None:
    """How a container's newest run that is over ended, if it should have gone on.

    One that runs again is a warning, unless it goes on ending: the loop is then wrong even
    while it runs.
    """
    status = container.status
    ended = status.state.terminated or status.last_state.terminated
    if ended is None or pod.pod.metadata.deletion_timestamp is not None:
        return None
    is_between = status.state.running is None
    if ended.exit_code == 0 and (container.is_init or status.restart_count < 1 or not is_between):
        return None
    if container.is_init and ended.exit_code == 0:
        return None
    waiting = status.state.waiting
    at = ended.finished_at
    is_loop = status.restart_count > 1 and at is not None and facts.now - at < _RECENT
    code = Code.OOM if ended.reason == "OOMKilled" else exit_code(ended.exit_code)
    state = "state" if status.state.terminated else "lastState"
    told = [
        pod.evidence(container.at(f"{state}.terminated.exitCode"), str(ended.exit_code), at),
        pod.evidence(container.at(f"{state}.terminated.reason"), ended.reason, at),
    ]
    if waiting and waiting.reason:
        told.append(pod.evidence(container.at("state.waiting.reason"), waiting.reason))
    is_init_failure = container.is_init and code is not Code.OOM
    return Finding(
        code=Code.INIT_FAILED if is_init_failure else code,
        key=str(ended.exit_code) if code is Code.EXIT else "",
        reason=_word(ended, waiting),
        message=ended.message or f"{container.name} exited with {ended.exit_code}",
        evidence=told,
        instance=pod.name,
        container=container.name,
        severity=None if is_between or is_loop else Severity.WARNING,
        stands=is_between or is_loop,
        is_old=pod.is_old,
        count=max(1, status.restart_count),
        last_seen=at,
        advice=[logs_advice(pod.name, container.name, previous=status.state.terminated is None)],
    )


def _word(ended: wire.Terminated, waiting: wire.Waiting | None) -> str | None:
    """``OOMKilled`` says more than that it waits to be started again; ``Error`` does not."""
    if waiting and waiting.reason and ended.reason in (None, "Error", "Completed"):
        return waiting.reason
    return ended.reason


RULES: Sequence[Rule[Facts]] = (of_containers(_exit),)
