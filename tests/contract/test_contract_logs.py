"""Logs are the same on every orchestrator: the same options, the same JSON."""

from __future__ import annotations

import json
from datetime import datetime

from tests.contract.under_test import UnderTest, bare

FIELDS = ["timestamp", "project", "environment", "namespace", "workload", "instance",
          "container", "message"]  # fmt: skip


def test_a_line_has_every_field_in_the_same_order(there: UnderTest) -> None:
    seen = there(f"workloads logs {there.healthy} -o json")
    assert seen.exit_code == 0
    lines = [json.loads(line) for line in seen.out.splitlines()]
    assert lines
    instances = there(f"instances list -n {there.namespaces[0]} -o json").json
    names = {one["name"] for one in instances if one["workload"] == bare(there.healthy)}
    for line in lines:
        assert list(line) == FIELDS
        assert datetime.fromisoformat(line["timestamp"]).utcoffset() is not None
        assert line["workload"] == bare(there.healthy)
        assert line["namespace"] == there.namespaces[0]
    assert {line["instance"] for line in lines} == names
    moments = [datetime.fromisoformat(line["timestamp"]) for line in lines]
    assert moments == sorted(moments)


def test_text_says_who_wrote_it_unless_told_not_to(there: UnderTest) -> None:
    (line, *_) = there(f"workloads logs {there.healthy} -o json --tail 1").out.splitlines()
    told = json.loads(line)
    text = there(f"workloads logs {there.healthy} --tail 1").out
    assert f"{told['instance']}" in text
    bare_text = there(f"workloads logs {there.healthy} --tail 1 --no-prefix").out
    assert told["instance"] not in bare_text or told["instance"] in told["message"]


def test_one_instance_is_read_by_its_name(there: UnderTest) -> None:
    instances = there("instances list -A -o json").json
    one = next(each for each in instances if each["workload"] == bare(there.healthy))
    options = f"-n {one['namespace']} -o json --tail 1"
    seen = there(f"instances logs {one['name']} {options}")
    lines = [json.loads(line) for line in seen.out.splitlines()]
    assert {line["instance"] for line in lines} == {one["name"]}
    assert {line["namespace"] for line in lines} == {one["namespace"]}


def test_a_stopped_workload_is_said_to_be_scaled_to_zero(there: UnderTest) -> None:
    seen = there(f"workloads logs {there.stopped}")
    assert (seen.exit_code, seen.out) == (3, "")
    assert "scaled to zero" in seen.err


def test_a_regular_expression_that_is_none_is_a_usage_error(there: UnderTest) -> None:
    seen = there(f"workloads logs {there.healthy} -i '('")
    assert (seen.exit_code, seen.out) == (2, "")
    assert "'('" in seen.err


def test_logs_without_permissions_exit_4(there: UnderTest) -> None:
    there.refuse()
    seen = there(f"workloads logs {there.healthy}")
    assert (seen.exit_code, seen.out) == (4, "")
