"""Containers that end or cannot be started."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dashborion.models.cause import Advice, Code, Confidence, Severity
from dashborion.orchestrators.findings import Finding, Rule
from dashborion.orchestrators.kubernetes import wire
from dashborion.orchestrators.kubernetes.causes import configuration, images
from dashborion.orchestrators.kubernetes.causes.pods import (
    START_ERRORS,
    ContainerFacts,
    of_containers,
)
from dashborion.orchestrators.kubernetes.facts import Facts, first_seen, seen
from dashborion.orchestrators.messages import STARTS, exit_code, logs_advice, matched

_CREATING: Mapping[str, Code] = {
    "CreateContainerError": Code.CREATE_FAILED,
    "RunContainerError": Code.CREATE_FAILED,
    "PostStartHookError": Code.HOOK_FAILED,
}
_OF_OTHER_RULES = images.WAITING | configuration.WAITING
_ORDINARY = frozenset({"ContainerCreating", "PodInitializing", "CrashLoopBackOff"})
_ADVICE: Mapping[Code, str] = {
    Code.EXIT_0: "start a program that goes on, or run it as a Job",
    Code.EXIT_126: "check the file's mode bits and its architecture",
    Code.EXIT_127: "check the command, PATH, and whether the image has a shell",
    Code.OOM: "raise its memory limit, or find what needs so much",
    Code.OOM_NODE: "raise its memory request, so that it is placed where there is enough",
}


# --- What has ended -----------------------------------------------------------------------------


def _exit(facts: Facts, container: ContainerFacts) -> Finding | None:
    """How a container's newest run that is over ended, if it should have gone on.

    One that runs again is a warning, unless it goes on ending: the loop is then wrong even
    while it runs.
    """
    status, ended, pod = container.status, container.ended, container.pod
    if ended is None or ended.reason in START_ERRORS or _was_stopped(container, ended):
        return None
    stands = status.state.running is None or container.is_loop(facts)
    if not stands and ended.exit_code in (0, 143):
        return None  # it was asked to, and runs
    if ended.exit_code in (0, 143) and (not container.starts_again or status.restart_count < 1):
        return None
    waiting, state = status.state.waiting, "state" if status.state.terminated else "lastState"
    at = ended.finished_at
    code = _code(facts, container, ended)
    told = [
        pod.evidence(container.at(f"{state}.terminated.{field}"), value, at)
        for field, value in (
            ("exitCode", str(ended.exit_code)),
            ("reason", ended.reason),
            ("message", ended.message),
        )
        if value
    ]
    if waiting and waiting.reason:
        told.append(pod.evidence(container.at("state.waiting.reason"), waiting.reason))
    logs = logs_advice(pod.name, container.name, previous=status.state.terminated is None)
    return Finding(
        code=code,
        key=f"{container.name} {ended.exit_code}",
        reason=_word(ended, waiting),
        message=_message(container, ended, code),
        evidence=told,
        instance=pod.name,
        container=container.name,
        confidence=Confidence.LIKELY if code is Code.OOM_NODE else Confidence.CERTAIN,
        severity=None if stands else Severity.WARNING,
        stands=stands,
        is_old=pod.is_old,
        count=max(1, status.restart_count),
        first_seen=min(filter(None, map(first_seen, container.told("BackOff"))), default=at),
        last_seen=at,
        advice=[logs, *([Advice(text=_ADVICE[code])] if code in _ADVICE else ())],
    )


def _code(facts: Facts, container: ContainerFacts, ended: wire.Terminated) -> Code:
    if ended.reason == "OOMKilled":
        return Code.OOM
    code = exit_code(ended.exit_code)
    node = (facts.nodes or {}).get(container.pod.pod.spec.node_name or "")
    known = (node.status.conditions if node else None) or ()
    is_short = any(one.type == "MemoryPressure" and one.status == "True" for one in known)
    if code is Code.EXIT_137 and is_short:
        return Code.OOM_NODE
    return Code.INIT_FAILED if container.is_init else code


def _message(container: ContainerFacts, ended: wire.Terminated, code: Code) -> str:
    limit = (container.spec.resources.limits or {}).get("memory")
    if code is Code.OOM and limit:
        return f"{container.name} was killed at its memory limit of {limit}"
    return f"{container.name} exited with {ended.exit_code}"


def _word(ended: wire.Terminated, waiting: wire.Waiting | None) -> str | None:
    """``OOMKilled`` says more than that it waits to be started again; ``Error`` does not."""
    if waiting and waiting.reason and ended.reason in (None, "Error", "Completed"):
        return waiting.reason
    return ended.reason


def _was_stopped(container: ContainerFacts, ended: wire.Terminated) -> bool:
    """Whether the kubelet has stopped that run, or does so with this one: not its own fault.

    It says why: a probe, a hook, a change, an eviction, or that the pod is deleted.
    """
    times = [seen(one) for one in container.told("Killing")]
    begun = ended.started_at
    return begun is not None and any(time is not None and time >= begun for time in times)


# --- What could not be started ------------------------------------------------------------------


def _start(_facts: Facts, container: ContainerFacts) -> Finding | None:
    """A container that the runtime could not make or start, in the runtime's words.

    Once it runs that is over. A reason to wait that no rule knows is told as it is.
    """
    status, ended, pod = container.status, container.ended, container.pod
    waiting = status.state.waiting or wire.Waiting()
    if status.state.running or waiting.reason in _OF_OTHER_RULES:
        return None
    failed = ended if ended is not None and ended.reason in START_ERRORS else None
    is_known = waiting.reason in (*_ORDINARY, None)
    if is_known and failed is None:
        return None
    message = waiting.message if failed is None or not is_known else failed.message
    events = container.told_in(message)
    pattern, times = matched(STARTS, message), list(map(seen, events[-1:]))
    at = "state.waiting.message"
    if waiting.message != message:
        at = f"{'state' if status.state.terminated else 'lastState'}.terminated.message"
    plain = Code.CREATE_FAILED if failed else _CREATING.get(waiting.reason or "", Code.OTHER)
    code = pattern.code if pattern else plain
    return Finding(
        code=code,
        key=container.name,
        reason=failed.reason if failed and is_known else waiting.reason,
        message=message,
        evidence=[pod.evidence(container.at(at), message)],
        instance=pod.name,
        container=container.name,
        confidence=pattern.confidence if pattern else Confidence.CERTAIN,
        is_old=pod.is_old,
        count=max(1, status.restart_count),
        first_seen=first_seen(events[0]) if events else None,
        last_seen=failed.finished_at if failed else (*times, pod.instance.created_at)[0],
        advice=[Advice(text=_ADVICE[code])] if code in _ADVICE else [],
    )


RULES: Sequence[Rule[Facts]] = (of_containers(_exit), of_containers(_start))
