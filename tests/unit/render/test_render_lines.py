"""Texts of several lines, words that are sentences, addresses of IPv6, and colours of states."""

from __future__ import annotations

import pytest

from dashborion.models.workload import Endpoint, EndpointType
from dashborion.render.cells import plain
from dashborion.render.columns import BAD, GOOD
from dashborion.render.views.instances import INSTANCES
from dashborion.render.views.workloads import WORKLOADS
from tests.support.render_samples import workload
from tests.unit.kubernetes.raw_kubernetes import Raw, instance, pod, waiting


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("one\ntwo", "one two", id="a line break"),
        pytest.param("one \r\n\r\n  two\n", "one two", id="several, with spaces around"),
        pytest.param("\n\none", "one", id="before the text"),
        pytest.param("one\ttwo", "one two", id="a tab"),
        pytest.param("one\rtwo", "one\\x0dtwo", id="a carriage return alone"),
        pytest.param("one  two", "one  two", id="spaces"),
    ],
)
def test_a_cell_is_one_line(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("10.0.0.1", "10.0.0.1:53"), ("::1", "[::1]:53"), ("lb.example", "lb.example:53"),
        (None, "dns:53"),
    ],
)  # fmt: skip
def test_an_address_of_ipv6_has_brackets_before_a_port(address: str | None, shown: str) -> None:
    endpoint = Endpoint(type=EndpointType.SERVICE, name="dns", address=address, port=53)
    assert WORKLOADS.column("endpoints").value(workload(endpoints=[endpoint])) == shown


@pytest.mark.parametrize(
    ("status", "word", "colour"),
    [
        pytest.param({}, "running", GOOD, id="well"),
        pytest.param({"reason": "NodeLost"}, "NodeLost", BAD, id="node lost"),
        pytest.param({"reason": "OutOfcpu", "phase": "Failed"}, "OutOfcpu", BAD, id="no room"),
        pytest.param({"reason": "DeadlineExceeded", "phase": "Failed"}, "DeadlineExceeded", BAD),
        pytest.param({"reason": "SomethingNew"}, "SomethingNew", BAD, id="a new word"),
        pytest.param({"reason": "the node is gone"}, "running", BAD, id="a sentence"),
    ],
)
def test_the_word_and_the_colour_of_a_pods_status(status: Raw, word: str, colour: str) -> None:
    found = instance(pod(status=status))
    column = INSTANCES.column("status")
    assert column.value(found) == word
    assert column.style(found) == colour


def test_a_reason_that_is_a_sentence_is_no_status() -> None:
    found = instance(pod(waiting(reason="API error (500): cannot start container")))
    assert INSTANCES.column("status").value(found) == "pending"
