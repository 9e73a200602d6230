"""``dashborion schema``: every object that ``-o json`` prints, and nothing left out of any."""

from __future__ import annotations

import json

import fastjsonschema
import pytest

from dashborion.schema import known
from tests.support import schemas
from tests.support.cli import Cli
from tests.support.command_tree import commands, options

WITHOUT_MODEL: set[str] = set()
"""Commands with ``-o json`` whose output is nobody's model; each would need a reason here."""


def test_the_suite_knows_what_each_command_prints() -> None:
    """Else its JSON would not be checked by the tests."""
    printing = {name for name, command in commands().items() if "--output" in options(command)}
    assert printing - WITHOUT_MODEL == set(schemas.PRINTED)


def test_all_schemas_are_one_document(dashborion: Cli) -> None:
    found = dashborion("schema").json
    assert set(known()) <= set(found["$defs"])
    assert {"Workload", "Instance", "Event", "Ingress", "TaskDefinition"} <= set(found["$defs"])


@pytest.mark.parametrize("name", known())
def test_one_schema_holds_together(dashborion: Cli, name: str) -> None:
    found = dashborion(f"schema {name.lower()}").json
    assert found["$ref"] == f"#/$defs/{name}"
    text = json.dumps(found)
    for one in text.split('"$ref": "#/$defs/')[1:]:
        assert one.partition('"')[0] in found["$defs"]
    schemas.validator(name)  # compiles


def test_unknown_is_null_and_never_absent(dashborion: Cli) -> None:
    found = dashborion("schema Endpoint").json["$defs"]["Endpoint"]
    assert found["required"] == sorted(found["properties"])
    whole: dict[str, object] = dict.fromkeys(found["properties"])
    whole |= {"type": "service", "name": "web"}
    schemas.validator("Endpoint")(whole)
    whole.pop("url")
    with pytest.raises(fastjsonschema.JsonSchemaValueException, match="url"):
        schemas.validator("Endpoint")(whole)


@pytest.mark.parametrize(
    ("output", "said"),
    [
        pytest.param('[{"reason": "a"}]', "must contain", id="something is missing"),
        pytest.param('{"reason": "a"}', "no list", id="no list"),
    ],
)
def test_json_that_is_not_as_the_schema_says_fails_the_test(output: str, said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        schemas.check("--demo workloads events web -o json", output)


def test_an_unknown_name(dashborion: Cli) -> None:
    found = dashborion("schema Wrkload")
    assert (found.exit_code, found.out) == (2, "")
    assert "did you mean 'Workload'" in found.err
