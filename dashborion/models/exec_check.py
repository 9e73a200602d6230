"""Whether a command can run in an instance."""

from __future__ import annotations

from dashborion.models.base import Model


class Requirement(Model, frozen=True, kw_only=True):
    """What a command in an instance needs; ``met`` is null where that cannot be known.

    ``message`` says what was found, ``advice`` what to do.
    """

    requirement: str
    met: bool | None
    message: str | None
    advice: str | None


class ExecCheck(Model, frozen=True, kw_only=True):
    """What a command in an instance needs; ``possible`` is null where something is not known."""

    project: str | None
    environment: str
    namespace: str
    workload: str | None
    instance: str
    orchestrator: str
    container: str | None
    possible: bool | None
    requirements: list[Requirement]
