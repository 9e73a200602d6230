"""``workloads diff`` against a whole fleet of every kind, on the current and the oldest version."""

from __future__ import annotations

from pathlib import Path

from tests.support.cli import Cli


def test_a_fleet_and_itself_are_equal_but_for_what_is_not_known(
    dashborion: Cli, as_admin: Path
) -> None:
    seen = dashborion("workloads diff k8s:real k8s:real/media --all -o json")
    assert seen.exit_code == 0, seen.err
    assert len(seen.json) > 10
    differing = [one["name"] for one in seen.json if one["same"] is False]
    assert differing == []
    fields = {row["field"] for one in seen.json for row in one["differences"]}
    assert fields <= {"image.digest", "variables"}
