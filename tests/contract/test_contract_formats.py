"""Tables, wide tables, CSV and names look alike."""

from __future__ import annotations

import csv
import io

import pytest

from tests.contract.under_test import UnderTest, bare

WORKLOADS = ["NAME", "TYPE", "STATUS", "READY", "ROLLOUT", "IMAGE", "CREATED"]
DRAWN_WORKLOADS = [*WORKLOADS[:5], "REASON", "RESTARTS", "IMAGE", "UPDATED"]
WIDE_WORKLOADS = [
    *DRAWN_WORKLOADS[:-1], "CREATED", "UPDATED", "REVISION", "CPU", "MEMORY", "ENDPOINTS",
    "CAUSE", "MESSAGE",
]  # fmt: skip
INSTANCES = ["NAME", "WORKLOAD", "READY", "STATUS", "RESTARTS", "CREATED"]
WIDE_INSTANCES = [*INSTANCES, "IP", "NODE", "ZONE", "REVISION", "OWNER", "MESSAGE", "CPU", "MEMORY"]
COLUMNS = [
    pytest.param("workloads list -n media", WORKLOADS, id="workloads"),
    pytest.param("workloads list -n media -o wide", WIDE_WORKLOADS, id="wide workloads"),
    pytest.param("workloads list -A", ["NAMESPACE", *WORKLOADS], id="workloads everywhere"),
    pytest.param("instances list -n media", INSTANCES, id="instances"),
    pytest.param("instances list -n media -o wide", WIDE_INSTANCES, id="wide instances"),
    pytest.param("instances list -A", ["NAMESPACE", *INSTANCES], id="instances everywhere"),
]


@pytest.mark.parametrize(("command", "columns"), COLUMNS)
def test_a_pipe_gets_tabs(there: UnderTest, command: str, columns: list[str]) -> None:
    header, *rows = there(command).lines
    assert header.split("\t") == columns
    assert rows
    assert {len(row.split("\t")) for row in rows} == {len(columns)}


@pytest.mark.parametrize(("command", "columns"), COLUMNS)
def test_a_terminal_gets_the_same_columns(
    there: UnderTest, command: str, columns: list[str]
) -> None:
    header = there(f"{command} --color never", tty=True, width=400).out.split("\n", 1)[0]
    drawn = [DRAWN_WORKLOADS if columns[-7:] == WORKLOADS else columns[-7:]]
    expected = [*columns[:-7], *drawn[0]]
    shown = ["AGE" if name == "CREATED" else name for name in expected]
    # Where nothing is wrong, there is no reason.
    assert [*header.split(), "REASON"].count("REASON") >= 1
    assert header.split() == [name for name in shown if name != "REASON" or name in header.split()]


def test_csv_has_all_columns(there: UnderTest) -> None:
    for command, columns in (
        ("workloads list -n media", WIDE_WORKLOADS),
        ("instances list -n media", WIDE_INSTANCES),
    ):
        header, *rows = csv.reader(io.StringIO(there(f"{command} -o csv").out))
        assert [name.upper() for name in header] == columns
        assert {len(row) for row in rows} == {len(columns)}


def test_no_headers_and_columns_of_ones_own(there: UnderTest) -> None:
    name = bare(there.healthy)
    command = f"workloads list {there.healthy} --no-headers --columns status,name"
    assert there(command).out == f"running\t{name}\n"


@pytest.mark.parametrize("tty", [True, False], ids=["terminal", "pipe"])
def test_a_page_has_the_same_sections(there: UnderTest, *, tty: bool) -> None:
    page = there(f"workloads describe {there.healthy}", tty=tty).out
    places = [
        page.index(title)
        for title in (
            "Name:", "Status:", "Replicas:", "Rollout:", "\nInstances", "\nEndpoints", "Type:",
            "Environment:", "Namespace:", "Autoscaler:", "Images:", "\nRevisions", "\nEvents",
        )
    ]  # fmt: skip
    assert places == sorted(places)


def test_rows_are_in_the_order_of_namespace_and_name(there: UnderTest) -> None:
    for command in ("workloads list -A", "instances list -A --all"):
        found = [(one["namespace"], one["name"]) for one in there(f"{command} -o json").json]
        assert found == sorted(found)


def test_an_empty_list_is_one(there: UnderTest) -> None:
    command = "workloads list 'nothing*'"
    assert there(f"{command} -o json").json == []
    assert there(f"{command} -o name").out == ""
    assert there(f"{command} --no-headers").out == ""
    assert "no workloads found" in there(command).err
