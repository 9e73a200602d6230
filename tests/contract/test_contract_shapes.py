"""Every field of ``-o json`` and its type, for everything in the fleet."""

from __future__ import annotations

import pytest

from tests.contract import shapes
from tests.contract.under_test import UnderTest


@pytest.mark.parametrize(
    ("command", "shape"),
    [
        pytest.param("workloads list -A", shapes.many(shapes.WORKLOAD), id="workloads"),
        pytest.param("instances list -A --all", shapes.many(shapes.INSTANCE), id="instances"),
        pytest.param("workloads why -A", shapes.many(shapes.DIAGNOSIS), id="diagnoses"),
        pytest.param("env check", shapes.many(shapes.CHECK), id="checks"),
    ],
)
def test_the_shape_of_a_list(there: UnderTest, command: str, shape: shapes.Shape) -> None:
    found = there(f"{command} -o json").json
    assert found
    shape(found)


@pytest.mark.parametrize("which", ["healthy", "degraded", "stopped", "rolling"])
def test_the_shape_of_a_workload(there: UnderTest, which: str) -> None:
    shapes.WORKLOAD_DETAIL(there(f"workloads describe {getattr(there, which)} -o json").json)


@pytest.mark.parametrize("which", ["healthy", "degraded", "stopped", "rolling"])
def test_the_shape_of_a_diagnosis(there: UnderTest, which: str) -> None:
    shapes.DIAGNOSIS(there(f"workloads why {getattr(there, which)} -o json").json)


@pytest.mark.parametrize("which", ["healthy", "degraded", "rolling"])
def test_the_shape_of_an_instance(there: UnderTest, which: str) -> None:
    for one in there(f"instances list -w {getattr(there, which)} --all -o json").json[:2]:
        name = f"{one['namespace']}/{one['name']}"
        shapes.INSTANCE_DETAIL(there(f"instances describe {name} -o json").json)
        shapes.DIAGNOSIS(there(f"instances why {name} -o json").json)


def test_every_row_has_its_project_environment_and_orchestrator(there: UnderTest) -> None:
    for command in ("workloads list -A", "instances list -A --all"):
        for one in there(f"{command} -o json").json:
            assert (one["project"], one["environment"]) == (None, there.environment)
            assert one["orchestrator"] == there.orchestrator


@pytest.mark.parametrize("command", ["workloads list -A", "instances list -A --all"])
def test_yaml_says_the_same_as_json(there: UnderTest, command: str) -> None:
    import yaml

    text = there(f"{command} -o yaml").out
    loaded = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - plain strings
    plain = there(f"{command} -o json").json
    assert [one["name"] for one in loaded] == [one["name"] for one in plain]
    assert [set(one) for one in loaded] == [set(one) for one in plain]


def test_raw_is_an_object_of_the_api_for_each_row(there: UnderTest) -> None:
    rows = there("workloads list -A -o json").json
    assert len(there("workloads list -A --raw").json) == len(rows)
    assert isinstance(there(f"workloads describe {there.healthy} --raw").json, dict)
