"""What commands need is data: it agrees with what they ask for, and with the README's table."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dashborion.models.environment import Verb
from dashborion.orchestrators.ecs import rights as ecs
from dashborion.orchestrators.kubernetes import rights as kubernetes

README = (Path(__file__).parents[2] / "README.md").read_text()
_KUBERNETES = re.compile(r"[a-z]+(,[a-z]+)? [a-z]+(\.[a-z0-9.]+)?(/[a-z]+)?")
_IAM = re.compile(r"[a-z-]+:[A-Z][A-Za-z]+")


def cell(rights: kubernetes.Rights | ecs.Rights | None) -> str:
    """The rights without which a command fails; those of a part follow in brackets."""
    if rights is None:
        return "no such command"
    needed = [f"`{one}`" for one, part in rights.items() if part is None]
    parts = [f"`{one}`" for one, part in rights.items() if part is not None]
    return " ".join(needed) + (f" ({' '.join(parts)})" if parts else "")


def test_the_readme_has_every_right_of_every_command() -> None:
    rows = [
        f"| `{verb}` | {cell(kubernetes.RIGHTS.get(verb))} | {cell(ecs.RIGHTS.get(verb))} |"
        for verb in Verb
    ]
    table = re.search(r"<!-- rights.*?-->\n\|.*\n\|.*\n((?:\|.*\n)+)", README)
    assert table, "no table"
    assert table.group(1).splitlines() == rows, "\n".join(rows)


@pytest.mark.parametrize("verb", Verb)
def test_every_right_is_one_that_an_api_knows(verb: Verb) -> None:
    assert all(_KUBERNETES.fullmatch(one) for one in kubernetes.RIGHTS[verb])
    assert all(_IAM.fullmatch(one) for one in ecs.RIGHTS.get(verb, {}))
    assert "" not in [*kubernetes.RIGHTS[verb].values(), *ecs.RIGHTS.get(verb, {}).values()]


def test_only_what_ecs_cannot_do_is_missing_there() -> None:
    assert set(Verb) - set(ecs.RIGHTS) == {Verb.PAUSE, Verb.RESUME}


def test_actions_of_objects_are_those_of_some_command() -> None:
    known = {action for rights in ecs.RIGHTS.values() for action in rights}
    of_cluster = {action for actions in ecs.RESOURCES.values() for action in actions}
    assert of_cluster | ecs.NARROWER <= known
    assert not of_cluster & ecs.NARROWER
