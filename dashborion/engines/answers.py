"""What several environments answered, and what did not come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from dashborion.config.targets import Environment
from dashborion.errors import Ambiguous, DashborionError, NotFound, PartialFailure
from dashborion.models.query import Name

T = TypeVar("T")


@dataclass
class Answer(Generic[T]):
    """What the environments that answered said, and the errors of those that did not.

    ``answered`` are the labels of the environments that gave the items.
    """

    items: list[T]
    failures: list[DashborionError] = field(default_factory=list)
    asked: int = 0
    answered: list[str] = field(default_factory=list)

    @property
    def all_failed(self) -> bool:
        """Whether no environment has answered."""
        return bool(self.failures) and len(self.failures) == self.asked

    @property
    def reportable(self) -> list[DashborionError]:
        """The failures but for the one that ``require_complete`` will raise."""
        return self.failures[1 if self.all_failed else 0 :]

    def require_complete(self) -> None:
        """Called when everything there is has been shown.

        Raises:
            PartialFailure: some environment is missing from it.
            DashborionError: the first environment's, when all of them failed.
        """
        if self.all_failed:
            raise self.failures[0]
        if self.failures:
            count = len(self.failures)
            raise PartialFailure(f"{count} environment{'s' if count > 1 else ''} failed")

    def require_one(self, name: Name | str) -> None:
        """Called with the one item of that name from each environment that has it.

        Raises:
            Ambiguous: several environments have it.
        """
        if len(self.items) > 1:
            raise Ambiguous(
                f"'{name}' is in {len(self.items)} environments: {', '.join(self.answered)}",
                hint="choose one with -e",
            )


def flat(answer: Answer[list[T]]) -> Answer[T]:
    """Every environment's items in one list."""
    items = [item for items in answer.items for item in items]
    return Answer(items, answer.failures, answer.asked, answer.answered)


def nowhere(errors: Sequence[NotFound], where: str) -> NotFound:
    """The error for a name that several environments do not have."""
    if len(errors) == 1:
        return errors[0]
    known = {name for error in errors for name in error.known}
    return NotFound(errors[0].noun, errors[0].name, where=where, known=known)


def located(error: DashborionError, environment: Environment) -> DashborionError:
    """The error, with the environment that it came from."""
    error.environment = error.environment or environment.label
    return error
