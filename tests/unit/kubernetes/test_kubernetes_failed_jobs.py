"""Which Jobs have failed, as ``dashborion status`` tells them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from dashborion.orchestrators.kubernetes import jobs, native_wire
from tests.unit.kubernetes.raw_kubernetes import ENVIRONMENT, Raw, decode

NOW = datetime.fromisoformat("2026-03-01T12:00:00Z")


def job(name: str, ended: str | None, hours: float = 1, cron: str | None = None) -> Raw:
    at = (NOW - timedelta(hours=hours)).isoformat()
    over = {"type": ended, "status": "True", "reason": "Why", "lastTransitionTime": at}
    of = {"kind": "CronJob", "name": cron, "uid": f"uid-{cron}", "controller": True}
    meta: dict[str, Any] = {"name": name, "uid": f"uid-{name}", "namespace": "media"}
    return {
        "metadata": {**meta, "creationTimestamp": at, "ownerReferences": [of] if cron else None},
        "status": {"conditions": [over] if ended else None, "failed": 1},
    }


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        pytest.param([job("a", "Failed")], ["a"], id="it failed"),
        pytest.param([job("a", "Failed", 25)], [], id="longer than a day ago"),
        pytest.param([job("a", "Complete"), job("b", None)], [], id="done, or under way"),
        pytest.param([job("a", "FailureTarget")], [], id="its pods are still being ended"),
        pytest.param(
            [job("a", "Failed", 2, "nightly"), job("b", "Complete", 1, "nightly")],
            [], id="a later one of its CronJob was done",
        ),
        pytest.param(
            [job("b", "Failed", 1, "nightly"), job("a", "Complete", 2, "nightly")],
            ["b"], id="an earlier one was",
        ),
        pytest.param(
            [job("b", None, 0, "nightly"), job("a", "Failed", 2, "nightly")],
            ["a"], id="the next one has begun",
        ),
        pytest.param(
            [job("a", "Failed", 2, "nightly"), job("b", "Complete", 1, "hourly")],
            ["a"], id="of another CronJob",
        ),
    ],
)  # fmt: skip
def test_what_has_failed_and_nothing_has_made_good(known: list[Raw], expected: list[str]) -> None:
    decoded = [decode(native_wire.Job, one) for one in known]
    found = jobs.failed(decoded, ENVIRONMENT, NOW)
    assert [one.name for one in found] == expected
    assert {(one.kind, one.namespace, one.reason) for one in found} <= {("job", "media", "Why")}
