"""Volumes that cannot be attached or mounted, which only events tell."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from dashborion.models.cause import Advice, Code, Confidence, Severity
from dashborion.orchestrators.findings import Finding, Rule
from dashborion.orchestrators.kubernetes import wire
from dashborion.orchestrators.kubernetes.causes import configuration
from dashborion.orchestrators.kubernetes.causes.pods import age, is_unmade, of_pods
from dashborion.orchestrators.kubernetes.facts import Facts, PodFacts, first_seen, of_event, seen
from dashborion.orchestrators.messages import MOUNTS, matched, words

_FAILED = ("FailedMount", "FailedMapVolume", "FailedAttachVolume")
# All volumes are mounted before the sandbox is made and the first image is pulled.
_MOUNTED = ("SuccessfulMountVolume", "FailedCreatePodSandBox", "Pulling", "Pulled", "Created")
_RETRIED = timedelta(minutes=5)  # the kubelet tries again at least every other minute
_BEGINNING = timedelta(minutes=2)  # in which drivers start and volumes are detached elsewhere
_BY_THEMSELVES = frozenset({Code.MOUNT, Code.VOLUME_IN_USE, Code.CONFIG_UNREACHABLE})
_SUMMARY = "unmounted volumes="  # names the volumes that are missing, and seldom why


def _unmounted(facts: Facts, pod: PodFacts) -> Finding | None:
    """A pod that waits for a volume, told by what says most of the newest that was told."""
    event = _newest(pod) if is_unmade(pod) else None
    if event is None:
        return None
    pattern = matched(MOUNTS, event.message)
    code = pattern.code if pattern else Code.MOUNT
    is_new = age(facts, first_seen(event)) < _BEGINNING
    is_awaited = is_new and code in _BY_THEMSELVES
    more = configuration.advice(code, event.message)
    if code is Code.VOLUME_IN_USE:
        more = [Advice(text="wait until it is detached, or stop the instance that still has it")]
    return Finding(
        code=code,
        key=words(pattern, event.message) if pattern else "",
        reason=event.reason,
        message=event.message,
        evidence=[of_event(event)],
        instance=pod.name,
        confidence=pattern.confidence if pattern else Confidence.CERTAIN,
        severity=Severity.WARNING if is_awaited else None,
        is_old=pod.is_old,
        count=event.count or 1,
        first_seen=first_seen(event),
        last_seen=seen(event),
        advice=more,
    )


def _newest(pod: PodFacts) -> wire.Event | None:
    told = pod.told(*_FAILED, *_MOUNTED)
    if not told or told[-1].reason in _MOUNTED:
        return None
    last = seen(told[-1])
    failed = [
        one
        for one in told
        if one.reason in _FAILED
        and (last is None or ((at := seen(one)) is not None and last - at < _RETRIED))
    ]
    plain = [one for one in failed if _SUMMARY not in (one.message or "")]
    return (plain or failed)[-1]


RULES: Sequence[Rule[Facts]] = (of_pods(_unmounted),)
