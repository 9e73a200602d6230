"""The same mistakes and mishaps have the same words, codes and exit codes."""

from __future__ import annotations

import json

import pytest

from tests.contract import shapes
from tests.contract.under_test import UnderTest

READS = [
    "workloads list",
    "instances list",
    "workloads describe web -n media",
    "instances describe web -n media",
]


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("workloads list -n medai", "no namespace 'medai' in "),
        ("instances list -n medai", "no namespace 'medai' in "),
        ("workloads describe web -n medai", "no namespace 'medai' in "),
        ("instances list -w web -n medai", "no namespace 'medai' in "),
        ("instances describe web -n medai", "no namespace 'medai' in "),
        ("workloads describe medai/web", "no namespace 'medai' in "),
    ],
)
def test_an_unknown_namespace(there: UnderTest, command: str, message: str) -> None:
    result = there(f"{command} -o json")
    assert (result.exit_code, result.error["code"]) == (3, "not-found")
    assert result.error["message"].startswith(message)
    assert "'media'" in result.error["hint"]


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("workloads describe wbe -n media", "no workload 'wbe' in namespace 'media'"),
        ("instances list -w wbe -n media", "no workload 'wbe' in namespace 'media'"),
        ("workloads describe media/wbe", "no workload 'media/wbe' in namespace 'media'"),
    ],
)
def test_an_unknown_workload(there: UnderTest, command: str, message: str) -> None:
    result = there(f"{command} -o json")
    assert (result.exit_code, result.error["code"]) == (3, "not-found")
    assert result.error["message"] == message
    assert result.error["hint"] == "did you mean 'web'?"


def test_the_names_that_are_offered_are_those_of_the_namespace(there: UnderTest) -> None:
    result = there("workloads describe zzzzzz -n media -o json")
    offered = result.error["hint"].removeprefix("known: ").split(" and ")[0].split(", ")
    known = {one["name"] for one in there("workloads list -n media -o json").json}
    assert set(offered) <= known


def test_an_unknown_instance(there: UnderTest) -> None:
    result = there("instances describe zzz -n media -o json")
    assert (result.exit_code, result.error["code"]) == (3, "not-found")
    assert result.error["message"] == "no instance 'zzz' in namespace 'media'"


@pytest.mark.parametrize(
    "command",
    [
        "workloads list -n a -A",
        "workloads list --status sick",
        "workloads list --type pod",
        "workloads list --sort colour",
        "workloads list --columns colour",
        "workloads list --raw -o csv",
        "workloads list --nonsense",
        "instances list --status sick",
    ],
)
def test_contradictory_options_exit_2(there: UnderTest, command: str) -> None:
    result = there(command)
    assert (result.exit_code, result.out) == (2, "")
    assert result.err.startswith("error: ")


@pytest.mark.parametrize("command", READS)
def test_no_permissions_exits_4(there: UnderTest, command: str) -> None:
    there.refuse()
    result = there(f"{command} -o json")
    shapes.ERROR(result.error)
    assert (result.exit_code, result.error["code"]) == (4, "forbidden")
    assert result.error["environment"] == there.environment


@pytest.mark.parametrize("command", READS)
def test_an_unreachable_api_exits_6(there: UnderTest, command: str) -> None:
    there.unplug()
    result = there(f"{command} -o json")
    shapes.ERROR(result.error)
    assert (result.exit_code, result.error["code"]) == (6, "unreachable")
    assert result.error["environment"] == there.environment


def test_a_check_of_what_nobody_answers_is_a_row(there: UnderTest) -> None:
    there.unplug()
    result = there("env check -o json", fails_with_rows=True)
    (found,) = result.json
    shapes.CHECK(found)
    assert (result.exit_code, found["reachable"]) == (6, False)
    assert found["error"]


def test_errors_are_one_object_a_line(there: UnderTest) -> None:
    result = there("workloads describe wbe -o json")
    for line in result.err.splitlines():
        shapes.exactly(error=shapes.ERROR)(json.loads(line))


@pytest.mark.parametrize("option", ["-v", "--debug"])
def test_verbose_and_debug_change_no_data(there: UnderTest, option: str) -> None:
    plain = there("workloads list -n media -o json")
    assert there(f"workloads list -n media -o json {option}").out == plain.out


@pytest.mark.parametrize("option", ["-v", "--debug", "-v --debug"])
def test_a_failure_with_all_details_is_still_one(there: UnderTest, option: str) -> None:
    result = there(f"workloads describe wbe -n media {option}")
    assert result.exit_code == 3
    assert "no workload 'wbe' in namespace 'media'" in result.err
