"""The rules: from facts to findings, one file a theme. Pure.

ECS says most in sentences: in a task's ``stoppedReason``, in its containers' ``reason``, and in
the service's events. Their patterns are data.
"""

from __future__ import annotations

from collections.abc import Sequence

from dashborion.orchestrators.ecs.causes import (
    exits,
    nodes,
    placement,
    probes,
    rollout,
    scaling,
    sentences,
)
from dashborion.orchestrators.ecs.facts import Facts
from dashborion.orchestrators.findings import Rule

RULES: Sequence[Rule[Facts]] = (
    *sentences.RULES,
    *exits.RULES,
    *placement.RULES,
    *probes.RULES,
    *nodes.RULES,
    *rollout.RULES,
    *scaling.RULES,
)
