"""What services may suffer from here: the table is ``troubles.yaml``.

``demo break`` puts a cause behind the tag of a service's first image, in a new revision of its task
definition. What a task then goes through is the image's behaviour, unless it says so here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from dashborion.demo.behaviour import cause_of


class Trouble(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One cause.

    Attributes:
        fails: why a task is stopped before it runs.
        hinders: what the service says instead of starting a task.
        stops, code, event: why a task is stopped a while after it runs, and what the service says.
        target: reason and description of the health of its targets.
        configuration: what becomes of the service's; no circuit breaker is on otherwise.
        launch: its launch type.
    """

    fails: str = ""
    hinders: str = ""
    stops: str = ""
    code: str = "ServiceSchedulerInitiated"
    event: str = ""
    target: tuple[str, str] | None = None
    configuration: dict[str, Any] = {}
    launch: str | None = None


TROUBLES: Mapping[str, Trouble] = msgspec.yaml.decode(
    Path(__file__).with_suffix(".yaml").read_bytes(), type=dict[str, Trouble]
)
_NONE = Trouble()


def trouble_of(containers: Iterable[Mapping[str, Any]]) -> Trouble:
    """What a task of these containers suffers from."""
    return TROUBLES.get(cause_of(str(next(iter(containers))["image"])), _NONE)


def told(text: str, **facts: object) -> str:
    for key, value in facts.items():
        text = text.replace(f"{{{key}}}", str(value))
    return text
