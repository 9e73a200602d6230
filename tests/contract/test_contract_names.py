"""The same forms of names, patterns, prefixes and selectors are understood everywhere."""

from __future__ import annotations

import pytest

from tests.contract.under_test import UnderTest, bare


@pytest.mark.parametrize(
    "form",
    [
        pytest.param("{space}/{name}", id="namespace and name"),
        pytest.param("{space}/{kind}/{name}", id="all of it"),
        pytest.param("{kind}/{name} -n {space}", id="kind and name"),
        pytest.param("{type}/{name} -n {space}", id="type and name"),
        pytest.param("{name} -n {space}", id="name"),
    ],
)
def test_a_workload_is_found_by(there: UnderTest, form: str) -> None:
    space, _, name = there.healthy.rpartition("/")
    typed = form.format(space=space, name=name, kind=there.kind, type=there.type)
    for command in ("workloads describe", "workloads list", "instances list -w"):
        result = there(f"{command} {typed} -o json")
        assert result.exit_code == 0, result.err
        assert result.json


def test_names_of_a_list_are_taken_by_other_commands(there: UnderTest) -> None:
    names = there("workloads list -A -o name").lines
    assert len(set(names)) == len(names)
    for name in (names[0], names[-1]):
        assert there(f"workloads describe {name} -o name").lines == [bare(name)]


def test_an_instance_is_found_by_id_name_and_prefix(there: UnderTest) -> None:
    space = there.healthy.rpartition("/")[0]
    for one in there(f"instances list -w {there.healthy} -o json").json:
        name = one["name"]
        for typed in (one["id"], name, name[:-1], f"{space}/{name}", f"{space}/task/{name}"):
            result = there(f"instances describe {typed} -n {space} -o json")
            assert result.exit_code == 0, result.err
            assert result.json["id"] == one["id"]


def test_a_prefix_of_two_is_an_error_that_lists_them(there: UnderTest) -> None:
    space, _, name = there.healthy.rpartition("/")
    names = there(f"instances list -w {there.healthy} -o name").lines
    result = there(f"instances describe {name}- -n {space} -o json")
    assert (result.exit_code, result.error["code"]) == (2, "ambiguous")
    assert f"'{name}-' begins the names of 2 instances" in result.error["message"]
    for one in names:
        assert one.rpartition("/")[2] in result.error["message"]
    assert result.error["hint"].startswith("type more of the")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param("-l {selector}", True, id="equal"),
        pytest.param("-l '{key} in ({value},other)'", True, id="in a set"),
        pytest.param("-l {key}", True, id="there"),
        pytest.param("-l {key}=nothing", False, id="another value"),
        pytest.param("-l '{key} notin ({value})'", False, id="not in a set"),
        pytest.param("-l '{key}!={value}'", False, id="unequal"),
        pytest.param("-l '!{key}'", False, id="not there"),
    ],
)
def test_a_selector_chooses_workloads(there: UnderTest, options: str, *, expected: bool) -> None:
    key, _, value = there.selector.partition("=")
    typed = options.format(selector=there.selector, key=key, value=value)
    result = there(f"workloads list -A {typed} -o json")
    assert result.exit_code == 0, result.err
    space, _, name = there.healthy.rpartition("/")
    found = [(one["namespace"], one["name"]) for one in result.json]
    assert ((space, name) in found) is expected


@pytest.mark.parametrize("selector", ["==", "a in b", "=x", "a!=b!=c"])
def test_a_selector_that_means_nothing(there: UnderTest, selector: str) -> None:
    result = there(f"workloads list -l '{selector}' -o json")
    assert (result.exit_code, result.error["code"]) == (2, "usage")


def test_namespaces_part_the_list(there: UnderTest) -> None:
    for space in there.namespaces:
        found = there(f"workloads list -n {space} -o json").json
        assert {one["namespace"] for one in found} == {space}
    assert there("workloads list -A -o json").json


def test_a_pattern_with_a_namespace(there: UnderTest) -> None:
    space, _, name = there.healthy.rpartition("/")
    found = there(f"workloads list '{space}/{name[:1]}*' -o json").json
    assert name in [one["name"] for one in found]
    assert {one["namespace"] for one in found} == {space}
