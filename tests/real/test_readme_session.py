"""The session in the README is what the program prints, but for ages and generated names."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

from tests.support.cli import Cli

README = (Path(__file__).parents[2] / "README.md").read_text()
WIDTH = 108


def session() -> list[tuple[str, list[str]]]:
    """Each command with the lines under it."""
    found = re.search(r"<!-- session.*?```console\n(.*?)```", README, re.DOTALL)
    assert found
    parts = re.split(r"^\$ dashborion (.*)\n", found.group(1), flags=re.MULTILINE)[1:]
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return [(command, output.splitlines()) for command, output in pairs]


def stable(line: str) -> list[str]:
    """A line without what differs from run to run: ages, hashes, and the space they take."""
    line = re.sub(r"\b(\d+[dhms])+\b", "AGE", line)
    line = re.sub(r"-[a-z0-9]{8,10}(-[a-z0-9]{5})?\b|-[a-z0-9]{3,}…|…", "-X", line)
    return [word for word in line.split() if word != "-X"][:8]


def test_the_session_of_the_readme(dashborion: Cli, as_admin: Path) -> None:
    commands = session()
    assert len(commands) == 3
    known = dashborion("instances list -o json").json
    made = max(datetime.fromisoformat(one["createdAt"]) for one in known)
    for command, expected in commands:
        # What is late is wrong, and what ended long ago is over: always at the same age.
        result = dashborion(command, tty=True, width=WIDTH, now=made + timedelta(minutes=4))
        assert result.exit_code == 0
        said = re.sub(r"\r\x1b\[K(waiting for [^\r\n]*)?", "", result.err)
        printed = (said + result.out).splitlines()
        before_events = [lines[: _events(lines)] for lines in (printed, expected)]
        ours, theirs = ([stable(line) for line in lines] for lines in before_events)
        assert ours == theirs, command


def _events(lines: list[str]) -> int:
    """Where the events begin: their order within one second is the cluster's own."""
    return lines.index("Events") if "Events" in lines else len(lines)
