"""Containers that their probes call unwell: killed, or kept from their work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from dashborion.models.cause import Advice, Code, Confidence, Evidence, Severity
from dashborion.orchestrators.findings import Finding, Rule
from dashborion.orchestrators.kubernetes import wire
from dashborion.orchestrators.kubernetes.causes.pods import (
    ContainerFacts,
    age,
    is_leaving,
    of_containers,
    of_pods,
)
from dashborion.orchestrators.kubernetes.facts import Facts, PodFacts, first_seen, of_event, seen
from dashborion.orchestrators.kubernetes.instances import was_ready
from dashborion.orchestrators.messages import READINESS, logs_advice, matched

_STARTING = timedelta(minutes=2)  # in which one that was never ready may still become so
_STAMPS = timedelta(seconds=2)  # stamps are of whole seconds


# --- Killed -------------------------------------------------------------------------------------


class _Kill(NamedTuple):
    """What the kubelet says when it kills a container, and by which event it has said why."""

    text: str
    code: Code
    event: str
    words: str


_KILLS = (
    _Kill("failed liveness probe", Code.LIVENESS, "Unhealthy", "Liveness probe failed"),
    _Kill("failed startup probe", Code.STARTUP_PROBE, "Unhealthy", "Startup probe failed"),
    _Kill("FailedPostStartHook", Code.HOOK_FAILED, "FailedPostStartHook", ""),
)


def _killed(facts: Facts, container: ContainerFacts) -> Finding | None:
    """A container whose newest end the kubelet has brought about, for what it calls its fault."""
    status, ended, pod = container.status, container.ended, container.pod
    killings = container.told("Killing")
    last = killings[-1] if killings else None
    kill = next((one for one in _KILLS if last and one.text in (last.message or "")), None)
    begun = ended.started_at if ended else None
    at = seen(last) if last else None
    if last is None or kill is None or at is None or (begun and at < begun):
        return None
    why = [one for one in container.told(kill.event) if kill.words in (one.message or "")]
    running = status.state.running
    is_dying = running is not None and running.started_at is not None and at >= running.started_at
    stands = running is None or is_dying or container.is_loop(facts)
    told = list(map(of_event, (*why[-1:], last)))
    if ended is not None:
        state = "state" if status.state.terminated else "lastState"
        field = container.at(f"{state}.terminated.exitCode")
        told.append(pod.evidence(field, str(ended.exit_code), ended.finished_at))
    return Finding(
        code=kill.code,
        key=container.name,
        reason=(why[-1] if why else last).reason,
        message=(why[-1] if why else last).message,
        evidence=[*told, *_asked(container, _probe(container, kill.code))],
        instance=pod.name,
        container=container.name,
        severity=None if stands else Severity.WARNING,
        stands=stands,
        is_old=pod.is_old,
        count=max(1, status.restart_count),
        first_seen=first_seen(why[0] if why else last),
        last_seen=at,
        advice=[
            logs_advice(pod.name, container.name, previous=status.state.terminated is None),
            *_more_time(container, kill.code),
        ],
    )


def _probe(container: ContainerFacts, code: Code) -> tuple[str, wire.Probe | None]:
    spec = container.spec
    if code is Code.LIVENESS:
        return "livenessProbe", spec.liveness_probe
    if code is Code.STARTUP_PROBE:
        return "startupProbe", spec.startup_probe
    return ("", None) if code is Code.HOOK_FAILED else ("readinessProbe", spec.readiness_probe)


def _more_time(container: ContainerFacts, code: Code) -> list[Advice]:
    _, probe = _probe(container, code)
    if probe is None:
        return []
    seconds = _allowance(probe).total_seconds()
    if code is Code.STARTUP_PROBE:
        return [Advice(text=f"it has {seconds:g}s to start: raise failureThreshold for more")]
    if container.spec.startup_probe:
        return []
    return [Advice(text=f"if it needs more than {seconds:g}s to start, give it a startupProbe")]


def _asked(container: ContainerFacts, found: tuple[str, wire.Probe | None]) -> list[Evidence]:
    """What the probe asks, and how long it waits."""
    name, probe = found
    if probe is None:
        return []
    failures = f"{probe.failure_threshold} failures"
    what = f"timeout {probe.timeout_seconds}s, period {probe.period_seconds}s, {failures}"
    if probe.http_get:
        what = f"{probe.http_get.path or '/'} on port {probe.http_get.port}, {what}"
    elif probe.tcp_socket:
        what = f"port {probe.tcp_socket.port}, {what}"
    return [container.pod.evidence(f"spec.containers[{container.name}].{name}", what)]


def _allowance(probe: wire.Probe) -> timedelta:
    """The time in which a probe may fail without a consequence."""
    failing = probe.period_seconds * probe.failure_threshold
    return timedelta(seconds=probe.initial_delay_seconds + failing)


# --- Not ready ----------------------------------------------------------------------------------

_READINESS_ADVICE = {
    Code.READINESS_REFUSED: "check the port, and that it listens on all addresses",
    Code.READINESS_TIMEOUT: "find what makes its answer slow, or raise timeoutSeconds",
}


def _unready(facts: Facts, container: ContainerFacts) -> Finding | None:
    """A container that runs for longer than it needs to get ready, and is not.

    Until its startup probe has succeeded the kubelet does not ask.
    """
    status, asked, pod = container.status, container.spec.readiness_probe, container.pod
    running, probe = status.state.running, asked or wire.Probe()
    if running is None or status.ready or status.started is False:
        return None
    running_for = age(facts, running.started_at)
    if running_for < _allowance(probe):
        return None
    told = _failing(container, probe, running)
    failed = [one for one in told if "probe failed" in (one.message or "")]
    last = (failed or told)[-1] if told else None
    pattern = matched(READINESS, last.message) if failed and last else None
    code = pattern.code if pattern else Code.READINESS
    ready = pod.condition("Ready") or wire.Condition()
    message = last.message if last else ready.message
    is_starting = not was_ready(pod.pod) and running_for < _STARTING
    more = [Advice(text=_READINESS_ADVICE[code])] if code in _READINESS_ADVICE else []
    return Finding(
        code=code,
        key=container.name,
        reason=last.reason if last else ready.reason,
        message=message,
        evidence=[
            *(map(of_event, [last]) if last else ()),
            pod.evidence(container.at("ready"), "false", ready.last_transition_time),
            *_asked(container, ("readinessProbe", asked)),
        ],
        instance=pod.name,
        container=container.name,
        # An error of the probe itself, or no word of it, is not its failure.
        confidence=Confidence.CERTAIN if failed else Confidence.LIKELY,
        severity=Severity.WARNING if is_starting else None,
        is_old=pod.is_old,
        first_seen=ready.last_transition_time,
        last_seen=seen(last) if last else ready.last_transition_time,
        advice=[logs_advice(pod.name, container.name, previous=False), *more],
    )


def _failing(
    container: ContainerFacts, probe: wire.Probe, running: wire.Running
) -> list[wire.Event]:
    """What was told of the readiness probe in this run, since it was last ready."""
    ready = container.pod.condition("Ready") or wire.Condition()
    turned, begun = ready.last_transition_time, running.started_at
    since = max(filter(None, (begun, turned and turned - _allowance(probe))), default=None)
    return [
        one
        for one in container.told("Unhealthy")
        if "Readiness probe" in (one.message or "")
        and (since is None or ((time := seen(one)) is not None and time >= since - _STAMPS))
    ]


def _gated(_facts: Facts, pod: PodFacts) -> Finding | None:
    """A pod whose containers are ready, and that somebody else has yet to call ready."""
    ready = pod.condition("Ready")
    if ready is None or ready.reason != "ReadinessGatesNotReady" or is_leaving(pod):
        return None
    gates = [
        one
        for one in pod.pod.status.conditions or ()
        if one.status == "False" and one.type and f'"{one.type}"' in (ready.message or "")
    ]
    told = [
        pod.evidence(f"status.conditions[{one.type}]", one.message or one.reason or one.status)
        for one in gates
    ]
    field = "status.conditions[Ready].message"
    return Finding(
        code=Code.READINESS_GATE,
        key=" ".join(one.type for one in gates),
        reason=ready.reason,
        message=next((one.message for one in gates if one.message), ready.message),
        evidence=[pod.evidence(field, ready.message, ready.last_transition_time), *told],
        instance=pod.name,
        is_old=pod.is_old,
        first_seen=ready.last_transition_time,
        advice=[Advice(text="ask who opens the gate, such as a load balancer's controller")],
    )


RULES: Sequence[Rule[Facts]] = (of_containers(_killed), of_containers(_unready), of_pods(_gated))
