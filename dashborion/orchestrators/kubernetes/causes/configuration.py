"""What a container's definition refers to and is not there, or forbids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dashborion.models.cause import Advice, Code, Confidence
from dashborion.orchestrators.findings import Finding, Rule
from dashborion.orchestrators.kubernetes.causes.pods import ContainerFacts, of_containers
from dashborion.orchestrators.kubernetes.facts import Facts, first_seen, seen
from dashborion.orchestrators.messages import CONFIGURATION, matched, words

WAITING = frozenset({"CreateContainerConfigError"})
_ADVICE: Mapping[Code, str] = {
    Code.CONFIG_MISSING: "create it in this namespace, or mark the reference as optional",
    Code.CONFIG_KEY: "add the key, or mark the reference as optional",
    Code.RUN_AS_ROOT: "set runAsUser, or give the image a USER that is a number other than 0",
    Code.SERVICE_ACCOUNT: "create the service account in this namespace",
}


def advice(code: Code, message: str | None) -> list[Advice]:
    """What to do about an object that is not there."""
    found = [Advice(text=_ADVICE[code])] if code in _ADVICE else []
    if "configmap" in (message or "").lower():
        see = Advice(text="see which there are", command="dashborion k8s configmaps list")
        found.append(see)
    return found


def _refused(_facts: Facts, container: ContainerFacts) -> Finding | None:
    """A container whose definition the kubelet cannot make a container of."""
    waiting, pod = container.status.state.waiting, container.pod
    if waiting is None or waiting.reason not in WAITING:
        return None
    events = container.told_in(waiting.message)
    pattern = matched(CONFIGURATION, waiting.message)
    code = pattern.code if pattern else Code.CREATE_FAILED
    return Finding(
        code=code,
        key=words(pattern, waiting.message) if pattern else container.name,
        reason=waiting.reason,
        message=waiting.message,
        evidence=[pod.evidence(container.at("state.waiting.message"), waiting.message)],
        instance=pod.name,
        container=container.name,
        confidence=pattern.confidence if pattern else Confidence.CERTAIN,
        is_old=pod.is_old,
        first_seen=first_seen(events[0]) if events else pod.instance.created_at,
        last_seen=seen(events[-1]) if events else pod.instance.created_at,
        advice=advice(code, waiting.message),
    )


RULES: Sequence[Rule[Facts]] = (of_containers(_refused),)
