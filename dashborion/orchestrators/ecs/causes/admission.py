"""Quotas and limits of the account, by which ECS does not start a task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dashborion.models.cause import Code, Confidence
from dashborion.orchestrators.ecs.causes.tasks import Kind
from dashborion.orchestrators.messages import Pattern

_SURE = Confidence.CERTAIN
KINDS: Sequence[Kind] = (
    Kind(Pattern(r"limit on the number of|provisioning capacity limit", Code.QUOTA, _SURE)),
    Kind(Pattern(r"configuration is above your limit", Code.QUOTA_SIZE, _SURE)),
)

_ASK = "ask for more at Service Quotas"
ADVICE: Mapping[Code, str] = {
    Code.QUOTA: f"{_ASK}, or run fewer tasks",
    Code.QUOTA_SIZE: f"{_ASK}, or make the task smaller",
}
