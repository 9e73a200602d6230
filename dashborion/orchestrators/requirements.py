"""Requirements as checks answer them: refused is not met, and not answered is not known."""

from __future__ import annotations

from collections.abc import Callable

from dashborion.errors import DashborionError, NotFound, Refusal, UsageError
from dashborion.models.exec_check import Requirement


def requirement(
    name: str, met: bool | None, message: str | None = None, advice: str | None = None
) -> Requirement:
    return Requirement(requirement=name, met=met, message=message, advice=advice)


def checked(name: str, check: Callable[[], str | None]) -> Requirement:
    """Met with what the check says, unless it raises why not."""
    try:
        return requirement(name, True, check())
    except (Refusal, NotFound, UsageError) as error:
        return requirement(name, False, error.message, error.hint)
    except DashborionError as error:  # the API did not answer what was asked
        return requirement(name, None, error.message, error.hint)
