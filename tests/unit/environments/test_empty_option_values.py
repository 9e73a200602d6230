"""An option without a value is a variable that was not set, and never means "all of them"."""

from __future__ import annotations

import pytest

from tests.support.cli import Cli

_LIST = ("-n", "-e", "-p", "-l", "--status", "--type", "--columns", "--sort", "-o", "--config",
         "--color")  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        *(f"workloads list {option} ''" for option in _LIST),
        "workloads list -e real -e ''",
        "--config '' workloads list",
        "instances list -w ''",
        "workloads describe ''",
        "instances describe ''",
        "instances stop ''",
        "workloads restart ''",
        "workloads scale '' -r 1",
        "workloads status web --timeout ''",
        "env use ''",
    ],
)
def test_an_empty_value_is_wrong_usage(dashborion: Cli, words: str) -> None:
    """Bug: ``instances list -w "$UNSET"`` lists the instances of all workloads."""
    seen = dashborion(words)
    assert (seen.exit_code, seen.out) == (2, ""), seen.err
    assert "''" in seen.err or "empty" in seen.err
