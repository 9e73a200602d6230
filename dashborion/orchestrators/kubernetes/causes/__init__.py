"""The rules: from facts to findings, one file a theme. Pure.

A rule never claims anything from an unknown condition, from a fact that was not read, from an
old pod for a new rollout, or from a node that is well.
"""

from __future__ import annotations

from collections.abc import Sequence

from dashborion.orchestrators.findings import Rule
from dashborion.orchestrators.kubernetes.causes import (
    admission,
    configuration,
    exits,
    images,
    network,
    nodes,
    placement,
    probes,
    rollout,
    scaling,
    volumes,
)
from dashborion.orchestrators.kubernetes.facts import Facts

RULES: Sequence[Rule[Facts]] = (
    *images.RULES,
    *exits.RULES,
    *network.RULES,
    *placement.RULES,
    *nodes.RULES,
    *admission.RULES,
    *rollout.RULES,
    *scaling.RULES,
    *probes.RULES,
    *configuration.RULES,
    *volumes.RULES,
)
