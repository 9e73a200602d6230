"""The README's config is read, its commands parse, its tables are complete."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from dashborion import errors
from dashborion.models.instance import Instance, InstanceDetail
from dashborion.models.rollout import Change
from dashborion.models.workload import Workload, WorkloadDetail
from tests.support.cli import Cli

README = (Path(__file__).parents[3] / "README.md").read_text()


def block(marker: str, language: str) -> str:
    found = re.search(rf"<!-- {marker}.*?```{language}\n(.*?)```", README, re.DOTALL)
    assert found, marker
    return found.group(1)


def test_the_config_is_read(dashborion: Cli) -> None:
    Path("dashborion.yaml").write_text(block("config", "yaml"))
    rows = dashborion("env list -o json").json
    assert [one["name"] for one in rows if one["current"]] == ["rubix/staging"]
    assert [one["name"] for one in rows if one["protected"]] == ["rubix/production"]


EXAMPLES = re.findall(r"^dashborion ((?!--demo|demo ).*?)(?: \|.*)?$", README, re.MULTILINE)


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_parses(dashborion: Cli, example: str) -> None:
    """Without a cluster it gets as far as asking for one."""
    result = dashborion(example, tty=example.endswith("--watch"))
    assert result.exit_code == 2
    assert "no environment" in result.err or "no context" in result.err


def test_the_readme_has_examples() -> None:
    assert len(EXAMPLES) >= 5


def test_every_command_and_its_help_has_an_example(dashborion: Cli) -> None:
    table = README[README.index("## Commands") : README.index("## Environments")]
    for group, names in {
        "workloads": ["list", "describe", "scale", "restart", "status", "events"],
        "instances": ["list", "describe", "stop"],
        "env": ["list", "use", "show", "check"],
        "demo": ["start", "stop", "status", "reset"],
    }.items():
        listed = dashborion(f"{group} --help").out
        for name in names:
            assert f"`{name}" in table or f"{group} {name}" in table
            assert name in listed
            shown = dashborion(f"{group} {name} --help").out
            example = re.search(r"Example: (?:eval \"\$\()?(dashborion .*?)(?:\)\")?\s{2,}", shown)
            assert example, (group, name)
            assert shlex.split(example.group(1))[1:3] == [group, name]


def test_every_exit_code_is_in_the_table() -> None:
    codes = {
        one.exit_code
        for one in vars(errors).values()
        if isinstance(one, type) and issubclass(one, errors.DashborionError)
    }
    for code in codes | {0, errors.INTERRUPTED, errors.BROKEN_PIPE}:
        assert re.search(rf"^\| ([0-9, ]+, )?{code}(, [0-9, ]+)? \|", README, re.MULTILINE), code


@pytest.mark.parametrize("model", [Workload, WorkloadDetail, Instance, InstanceDetail, Change])
def test_every_field_of_the_json_is_named(model: type[Workload]) -> None:
    table = README[README.index("## JSON") : README.index("## Exit codes")]
    for name in model.__struct_encode_fields__:
        assert f"`{name}`" in table
