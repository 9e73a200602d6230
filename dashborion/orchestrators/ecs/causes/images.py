"""Images that cannot be had."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dashborion.models.cause import Code, Confidence
from dashborion.orchestrators.ecs.causes.tasks import of_tasks, sentences
from dashborion.orchestrators.ecs.facts import Facts, TaskFacts
from dashborion.orchestrators.findings import Finding, Rule
from dashborion.orchestrators.messages import PULLS, matched

_PULL = re.compile(r"^Cannot\s?Pull(ECR)?Container(Error)?\b|^CannotPullImageManifestError\b")


def _image(_facts: Facts, one: TaskFacts) -> Finding | None:
    """A task that never started since an image of it could not be pulled."""
    for container, told in sentences(one):
        if _PULL.search(told.value):
            pattern = matched(PULLS, told.value)
            return Finding(
                code=pattern.code if pattern else Code.IMAGE_PULL,
                reason="CannotPullContainerError",
                message=told.value,
                evidence=[told],
                instance=one.name,
                container=container.name if container else None,
                confidence=Confidence.LIKELY if pattern else Confidence.CERTAIN,
                is_old=one.is_old,
                first_seen=one.task.stopped_at,
                last_seen=one.task.stopped_at,
            )
    return None


RULES: Sequence[Rule[Facts]] = (of_tasks(_image),)
