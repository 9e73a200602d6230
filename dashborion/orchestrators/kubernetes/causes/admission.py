"""Pods that the API does not let a controller create."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from dashborion.models.cause import Advice, Code, Confidence, Evidence
from dashborion.orchestrators.findings import Finding, Rule
from dashborion.orchestrators.kubernetes import rollout, wire
from dashborion.orchestrators.kubernetes.facts import Facts, first_seen, of_event, seen
from dashborion.orchestrators.messages import LONGEST

# What a refusal means, the first that matches; the group is whose it is.
REFUSALS: Sequence[tuple[str, Code]] = (
    (r'admission webhook "([^"]+)" denied', Code.WEBHOOK_DENIED),
    (r'failed calling (?:admission )?webhook "([^"]+)"', Code.WEBHOOK_DOWN),
    (r"exceeded quota: ([^,:]+)|failed quota: ([^,:]+)", Code.QUOTA),
    (r'violates PodSecurity "([^"]+)"|unable to validate against any pod security policy',
     Code.POD_SECURITY),
    (r"(?:maximum|minimum) \S+ usage per \w+|limit to request ratio", Code.LIMIT_RANGE),
    (r'error looking up service account ([^:]+)|serviceaccount "([^"]+)" not found',
     Code.SERVICE_ACCOUNT),
)  # fmt: skip
_ADVICE = {
    Code.QUOTA: "ask for a larger quota, or run less in this namespace",
    Code.LIMIT_RANGE: "change requests and limits, or the namespace's LimitRange",
    Code.POD_SECURITY: "set the fields that are named, or the namespace's level",
    Code.WEBHOOK_DENIED: "do what its policy demands, or ask its owner",
    Code.WEBHOOK_DOWN: "nothing can be created until what serves it runs: ask its owner",
    Code.SERVICE_ACCOUNT: "create the service account, or name another in the template",
}


class _Refusal(NamedTuple):
    """What the API said to a controller, and where that is written."""

    reason: str | None
    message: str
    evidence: Evidence
    first: datetime | None
    last: datetime | None
    times: int = 1


def meaning(message: str) -> tuple[Code, str]:
    """The code of a refusal, and whose it is."""
    for pattern, code in REFUSALS:
        if match := re.search(pattern, message[:LONGEST]):
            return code, next(filter(None, match.groups()), "")
    return Code.CREATE_REFUSED, ""


def _refused(facts: Facts) -> Iterator[Finding]:
    for refusal in _refusals(facts):
        code, key = meaning(refusal.message)
        advice = _ADVICE.get(code)
        yield Finding(
            code=code,
            key=key,
            reason=refusal.reason,
            message=refusal.message,
            evidence=[refusal.evidence],
            confidence=Confidence.CERTAIN,
            count=refusal.times,
            first_seen=refusal.first,
            last_seen=refusal.last,
            advice=[Advice(text=advice)] if advice else [],
        )


def _refusals(facts: Facts) -> Iterator[_Refusal]:
    """A Deployment says it itself; of the other kinds only events do.

    A controller waits ever longer between two tries, up to a quarter of an hour.
    """
    item = facts.item
    if isinstance(item, wire.Deployment):
        for condition in item.status.conditions or ():
            is_failure = (condition.type, condition.status) == ("ReplicaFailure", "True")
            if is_failure or condition.reason == "ReplicaSetCreateError":
                at = condition.last_update_time or condition.last_transition_time
                said = condition.message or ""
                path = f"status.conditions[{condition.type}].message"
                first = condition.last_transition_time
                evidence = facts.evidence(path, said, at)
                yield _Refusal(condition.reason, said, evidence, first, at)
    elif item is not None and rollout.lacks_pods(item):
        told = [one for one in facts.events or () if one.involved_object.uid == item.metadata.uid]
        failed = [one for one in told if one.reason == "FailedCreate"]
        made = [at for one in told if one.reason == "SuccessfulCreate" and (at := seen(one))]
        last = failed[-1] if failed else None
        if last is not None and (at := seen(last)) and at >= max(made, default=at):
            count = sum(one.count or 1 for one in failed)
            said, first = last.message or "", first_seen(failed[0])
            yield _Refusal(last.reason, said, of_event(last), first, at, count)


RULES: Sequence[Rule[Facts]] = (Rule(_refused),)
