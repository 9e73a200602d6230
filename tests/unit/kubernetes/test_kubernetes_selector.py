"""A workload's selector as a list's ``labelSelector``."""

from __future__ import annotations

import pytest

from dashborion.orchestrators.kubernetes import normalise, wire
from tests.unit.kubernetes.raw_kubernetes import Raw, decode


def term(operator: str, values: list[str] | None = None) -> Raw:
    return {"matchExpressions": [{"key": "tier", "operator": operator, "values": values}]}


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        pytest.param({"matchLabels": {"app": "web", "env": "p"}}, "app=web,env=p", id="labels"),
        pytest.param(term("In", ["a", "b"]), "tier in (a,b)", id="In"),
        pytest.param(term("NotIn", ["a"]), "tier notin (a)", id="NotIn"),
        pytest.param(term("Exists"), "tier", id="Exists"),
        pytest.param(term("DoesNotExist"), "!tier", id="DoesNotExist"),
        pytest.param({"matchLabels": {"app": ""}}, "app=", id="an empty value"),
        pytest.param({"matchLabels": {"app": "web"}} | term("Exists"), "app=web,tier", id="both"),
        pytest.param({"matchLabels": None, "matchExpressions": None}, "", id="null"),
    ],
)
def test_selector_string(labels: Raw, expected: str) -> None:
    assert normalise.selector(decode(wire.LabelSelector, labels)) == expected
