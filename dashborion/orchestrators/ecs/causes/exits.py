"""Containers that end."""

from __future__ import annotations

from collections.abc import Sequence

from dashborion.orchestrators.ecs.facts import Facts
from dashborion.orchestrators.findings import Rule

RULES: Sequence[Rule[Facts]] = ()
