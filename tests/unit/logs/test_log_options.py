"""What was typed wrong is said at once, with the value and a good example."""

from __future__ import annotations

import pytest

from tests.support.cli import Cli


@pytest.mark.parametrize("command", ["workloads logs web", "instances logs web-1"])
@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param("-i '['", ["--include", "'['", "error|warn"], id="include"),
        pytest.param("-x '(?P<'", ["--exclude", "'(?P<'"], id="exclude"),
        pytest.param("--highlight '*'", ["--highlight", "'*'"], id="highlight"),
        pytest.param("--since yesterday", ["--since", "'yesterday'", "15m"], id="since"),
        pytest.param("--since 15x", ["--since", "'15x'", "2026-01-31T08:00:00Z"], id="unit"),
        pytest.param("--until 2026-13-01", ["--until", "'2026-13-01'"], id="until"),
        pytest.param("--since 99999999999999d", ["--since", "too long ago"], id="ages"),
        pytest.param("--since 1m --until 5m", ["--since is later than --until"], id="turned"),
        pytest.param("--tail x", ["--tail", "'x'"], id="tail"),
        pytest.param("--tail -2", ["--tail", "-2"], id="negative tail"),
        pytest.param("-o yaml", ["--output", "'yaml'", "raw"], id="format"),
        pytest.param("-f --previous", ["--follow and --previous"], id="follow previous"),
    ],
)
def test_contradictory_log_options_exit_2(
    command: str, options: str, words: list[str], dashborion: Cli
) -> None:
    seen = dashborion(f"{command} {options} -e k8s:nowhere")
    assert (seen.exit_code, seen.out) == (2, "")
    for word in words:
        assert word in seen.err
    assert "nowhere" not in seen.err
