"""At zero because an autoscaler says so, from 1.37: the status stays, and the reason tells."""

from __future__ import annotations

import json

import pytest

from dashborion.orchestrators.kubernetes import wire
from dashborion.orchestrators.kubernetes.normalise import reason_at_zero

KEY = "autoscaling.alpha.kubernetes.io/conditions"


def scaler(text: str | None) -> wire.Autoscaler:
    annotations = None if text is None else {KEY: text}
    return wire.Autoscaler(metadata=wire.Meta(name="web", annotations=annotations))


def conditions(status: str) -> str:
    return json.dumps([{"type": "AbleToScale", "status": "True"},
                       {"type": "ScaledToZero", "status": status}])  # fmt: skip


SCALERS = {
    "it has": (conditions("True"), 0, "ScaledToZero"),
    "it runs again": (conditions("True"), 2, None),
    "it has not": (conditions("False"), 0, None),
    "an older server": (None, 0, None),
    "no JSON": ("{", 0, None),
    "no list": ("{}", 0, None),
    "odd conditions": ("[1, null]", 0, None),
}


@pytest.mark.parametrize(("text", "desired", "reason"), SCALERS.values(), ids=SCALERS)
def test_who_put_a_workload_to_zero_is_its_reason(
    text: str | None, desired: int, reason: str | None
) -> None:
    assert reason_at_zero(desired, [scaler(text)]) == reason
