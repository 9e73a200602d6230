"""The desired count, and the autoscaler that sets it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dashborion.models.cause import Code, Severity
from dashborion.orchestrators.ecs import wire
from dashborion.orchestrators.ecs.facts import Facts
from dashborion.orchestrators.findings import Finding, Rule


def _zero(facts: Facts) -> Iterator[Finding]:
    service = facts.service
    if service is not None and service.desired_count == 0 and service.status == "ACTIVE":
        yield Finding(
            code=Code.ZERO,
            message="its desired count is 0",
            evidence=[facts.evidence("desiredCount", "0")],
        )


def _targets(facts: Facts) -> Iterator[Finding]:
    """A scalable target that is suspended, or that has no room upwards left."""
    service = facts.service
    for target in facts.scaling or ():
        flags = target.suspended_state
        if flags.dynamic_scaling_in_suspended and flags.dynamic_scaling_out_suspended:
            yield Finding(
                code=Code.AUTOSCALER_OFF,
                reason="SuspendedState",
                message="it may scale neither in nor out",
                evidence=[facts.evidence(f"ScalableTarget.SuspendedState.{name}", "true")
                          for name in ("DynamicScalingInSuspended", "DynamicScalingOutSuspended")],
            )  # fmt: skip
        elif service is not None and 0 < target.max_capacity <= service.desired_count:
            yield _at_most(facts, service, target)


def _at_most(facts: Facts, service: wire.Service, target: wire.ScalableTarget) -> Finding:
    return Finding(
        code=Code.AUTOSCALER_LIMIT,
        reason="AlreadyAtMaxCapacity",
        message=f"{service.desired_count} tasks are wanted, and {target.max_capacity} is the most",
        evidence=[
            facts.evidence("ScalableTarget.MaxCapacity", str(target.max_capacity)),
            facts.evidence("desiredCount", str(service.desired_count)),
        ],
        severity=Severity.INFO,
    )


RULES: Sequence[Rule[Facts]] = (Rule(_zero), Rule(_targets, ("scaling",)))
