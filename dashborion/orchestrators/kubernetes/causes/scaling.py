"""How many pods there shall be: autoscalers, and who has set it to none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

import msgspec

from dashborion.models.base import ready
from dashborion.models.cause import Advice, Code, Evidence, Severity
from dashborion.orchestrators.findings import Finding, Rule
from dashborion.orchestrators.kubernetes import wire
from dashborion.orchestrators.kubernetes.causes.pods import age
from dashborion.orchestrators.kubernetes.facts import Facts

_CONDITIONS = "autoscaling.alpha.kubernetes.io/conditions"  # the place of v1 for those of v2
_MEASURED = timedelta(minutes=2)  # in which new pods may have no metrics yet
# Why an autoscaler is not active, but for that it cannot get a metric.
_INACTIVE: Mapping[str, Code] = {
    "AmbiguousSelector": Code.AUTOSCALER_CONFLICT,
    "ScalingDisabled": Code.AUTOSCALER_OFF,
    "FailedComputeMetricsReplicas": Code.AUTOSCALER_METRICS,
    "InvalidMetricSourceType": Code.AUTOSCALER_METRICS,
}
_NO_METRIC = re.compile(r"FailedGet\w*Metric")
_UNABLE = ("FailedGetScale", "FailedUpdateScale")  # that it waits for a while is no failure


def conditions(item: wire.Autoscaler) -> list[wire.Condition]:
    """What an autoscaler's controller says of it."""
    text = (item.metadata.annotations or {}).get(_CONDITIONS, "[]")
    try:
        return msgspec.json.decode(text, type=ready(list[wire.Condition]))
    except msgspec.DecodeError:  # anybody may write an annotation
        return []


def _code(condition: wire.Condition) -> Code | None:
    state = (condition.type, condition.status)
    if state == ("ScalingActive", "False"):
        reason = condition.reason or ""
        plain = Code.AUTOSCALER_METRICS if _NO_METRIC.fullmatch(reason) else Code.OTHER
        return _INACTIVE.get(reason, plain)
    if state == ("AbleToScale", "False") and condition.reason in _UNABLE:
        return Code.OTHER
    if state == ("ScalingLimited", "True") and condition.reason == "TooManyReplicas":
        return Code.AUTOSCALER_LIMIT
    return None


def _autoscalers(facts: Facts) -> Iterator[Finding]:
    """What autoscalers say, and that there are several."""
    scaling = facts.scaling or ()
    for item in scaling:
        for condition in conditions(item):
            if (code := _code(condition)) is not None:
                yield _said(facts, item, condition, code)
    if len(scaling) > 1:
        names = ", ".join(one.metadata.name for one in scaling)
        yield Finding(
            code=Code.AUTOSCALER_CONFLICT,
            reason="HorizontalPodAutoscaler",
            message=f"{len(scaling)} autoscalers scale it: {names}",
            evidence=[
                Evidence(
                    source=_source(one), field="spec.scaleTargetRef.name",
                    value=one.spec.scale_target_ref.name,
                )
                for one in scaling
            ],
        )  # fmt: skip


def _source(item: wire.Autoscaler) -> str:
    return f"horizontalpodautoscaler/{item.metadata.name}"


def _said(facts: Facts, item: wire.Autoscaler, condition: wire.Condition, code: Code) -> Finding:
    name, at = item.metadata.name, condition.last_transition_time
    severity = Severity.WARNING if code is Code.OTHER else None
    if code is Code.AUTOSCALER_METRICS and age(facts, at) < _MEASURED:
        severity = Severity.INFO
    return Finding(
        code=code,
        key="" if code is Code.AUTOSCALER_CONFLICT else name,
        reason=condition.reason,
        message=condition.message,
        evidence=[
            Evidence(
                source=_source(item),
                field=f"status.conditions[{condition.type}].message",
                value=condition.message or "",
                timestamp=at,
            )
        ],
        severity=severity,
        first_seen=at,
        last_seen=at,
        advice=[
            Advice(
                text="look at the autoscaler",
                command=f"dashborion k8s autoscalers describe {name}",
            )
        ],
    )


def _zero(facts: Facts) -> Iterator[Finding]:
    item = facts.item
    if isinstance(item, wire.Deployment | wire.StatefulSet) and item.spec.replicas == 0:
        name = item.metadata.name
        command = f"dashborion workloads scale {name} --replicas 1"
        yield Finding(
            code=Code.ZERO,
            reason="Replicas",
            message="no replicas are wanted",
            evidence=[facts.evidence("spec.replicas", "0")],
            advice=[Advice(text="start it", command=command)],
        )


RULES: Sequence[Rule[Facts]] = (Rule(_autoscalers, needs=("scaling",)), Rule(_zero))
