"""Which flags hold for what is changed: those of every environment that is in the same place.

What is written says most; the rest is asked, of all environments at once and for a few seconds.
What does not answer counts as the same place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from msgspec import Struct

from dashborion.concurrency import Deadline, result, start
from dashborion.config.places import Place, could_be, in_namespace, is_written_there
from dashborion.config.targets import Config, Environment, KubernetesTarget, Origin, Target
from dashborion.errors import DashborionError, NotFound, foreseen

ASK_SECONDS = 5.0


class Flagged(Struct, frozen=True):
    """An environment that is protected or read-only, and the config that says so."""

    environment: Environment
    config: Config


class Guard(Struct, frozen=True):
    """An environment whose flags hold for an object, as the ``subject`` of a sentence.

    ``where`` is the config that has the flags; ``doubt`` says why it may be another place.
    """

    subject: str
    target: Target
    where: str
    doubt: DashborionError | None = None

    def sentence(self, flag: str) -> str:
        """``shop/production is read-only``, and why that is not certain."""
        return f"{self.subject} is {flag}{f': {self.doubt.message}' if self.doubt else ''}"

    def hint(self, key: str) -> str:
        """Which file has the flag, and how to be sure."""
        told = f"{self.where} has `{key}: true` for it"
        return f"{self.doubt.hint}; {told}" if self.doubt and self.doubt.hint else told


@dataclass(frozen=True)
class Guards:
    """The flags of every config file there is.

    ``flagged`` reads the files. ``is_at`` says whether a target is at a place where it could be; it
    raises ``NotFound`` for what is nowhere.
    """

    flagged: Callable[[], Sequence[Flagged]]
    is_at: Callable[[Place, Target, Deadline], bool]

    def over(self, environment: Environment, place: Place, namespace: str | None) -> list[Guard]:
        """The guards of an object that was found through an environment.

        The environment's own flags hold whatever it is; raises as ``flagged``.
        """
        own = environment.target
        guards = [Guard(environment.label, own, "the config")] if _is_flagged(own) else []
        others = [
            known
            for known in self.flagged()
            if known.environment != environment
            and in_namespace(known.environment.target, namespace)
            and could_be(place, own, known.environment.target)
        ]
        return [*guards, *self._same(others, environment, place)]

    def _same(
        self, others: Sequence[Flagged], environment: Environment, place: Place
    ) -> Iterator[Guard]:
        deadline = Deadline(ASK_SECONDS)
        asked = [
            start(partial(self._compared, known, environment, place, deadline)) for known in others
        ]
        for known, answer in zip(others, asked, strict=True):
            try:
                is_same, doubt = result(answer, deadline)
            except DashborionError as error:
                is_same, doubt = True, error
            if is_same:
                name = f"{known.environment.label} of {known.config.where}"
                may_be = "may be" if doubt else "is"
                subject = f"{environment.label} {may_be} {name}, which"
                yield Guard(subject, known.environment.target, known.config.where, doubt)

    def _compared(
        self, known: Flagged, environment: Environment, place: Place, deadline: Deadline
    ) -> tuple[bool, DashborionError | None]:
        """Whether an environment is at a place, and why that cannot be told."""
        target = known.environment.target
        if is_written_there(place, environment.target, target):
            return True, None
        try:
            with foreseen(known.environment.label):
                return self.is_at(place, target, deadline), None
        except NotFound as error:
            # A team's file names contexts that not everybody has; one's own, those one had.
            is_own = known.config.origin is not Origin.FOLDER
            is_context = isinstance(target, KubernetesTarget)
            return is_context and is_own, error
        except DashborionError as error:
            return True, error


def _is_flagged(target: Target) -> bool:
    return target.protected or target.read_only


def flagged_in(configs: Sequence[Config]) -> list[Flagged]:
    """The environments of some configs that have a flag."""
    return [
        Flagged(environment, config)
        for config in configs
        for environment in config.environments
        if _is_flagged(environment.target)
    ]
