"""What is used is asked for no more often than it is measured, each environment by itself."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from dashborion.cli.top import MEASURED_SECONDS, _Measured
from dashborion.engines.answers import Answer
from dashborion.engines.usage import Top


@pytest.mark.parametrize("orchestrator", MEASURED_SECONDS)
def test_rows_are_kept_until_there_can_be_others(orchestrator: str) -> None:
    now, asked = [0.0], []

    def look(fleet: Any) -> Top[Any]:
        asked.append(fleet.environments[0].label)
        return Top(Answer([len(asked)]))

    measured = _Measured(look, clock=lambda: now[0])
    one, other = (
        SimpleNamespace(environments=[SimpleNamespace(label=label, orchestrator=orchestrator)])
        for label in ("one", "other")
    )
    fleets: list[Any] = [one, other, one]
    assert [measured(fleet)[0].item for fleet in fleets] == [1, 2, 1]
    now[0] = MEASURED_SECONDS[orchestrator]
    assert measured(fleets[0])[0].item == 3
