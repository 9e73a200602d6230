"""Whose a service is, by its tags. Pure.

Nobody reconciles a service: what a template says comes back with its next deployment, which
overwrites what was changed, or fails.
"""

from __future__ import annotations

from collections.abc import Mapping

from dashborion.models.managed import ManagedBy
from dashborion.orchestrators.changing import Keeper

MARKS = (
    # copilot's services are in stacks of CloudFormation, too.
    ("copilot", ("copilot-application", "copilot-environment", "copilot-service")),
    ("CloudFormation", ("aws:cloudformation:stack-name",)),  # CDK and SAM, too
)
"""Tools, and the tags that make up the name of where theirs comes from; all are needed."""


def keeper(tags: Mapping[str, str]) -> Keeper | None:
    """Who keeps a service as it is defined."""
    for tool, keys in MARKS:
        if all(tags.get(key) for key in keys):
            return Keeper(ManagedBy(tool=tool, name="/".join(tags[key] for key in keys)))
    return None
