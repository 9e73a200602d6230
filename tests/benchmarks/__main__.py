"""``python -m tests.benchmarks [--only NAME] [--runs N] [--json FILE]``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks import report
from tests.benchmarks.measure import Failed, Measured, measure
from tests.benchmarks.rows import ROWS, Row
from tests.benchmarks.setups import SetUp, Unavailable


def main() -> int:
    """Exit code 1 when a command failed: its row says nothing about speed."""
    arguments = _parser().parse_args()
    rows = [row for row in ROWS if not arguments.only or row.name in arguments.only]
    measured: dict[Row, Measured] = {}
    skipped: dict[Row, str] = {}
    failed: dict[Row, str] = {}
    for set_up, sharing in _by_set_up(rows).items():
        try:
            with set_up() as environment:
                for row in sharing:
                    sys.stderr.write(f"{row.name} ...\n")
                    try:
                        measured[row] = measure(row, environment, arguments.runs)
                    except Failed as failure:
                        failed[row] = f"failed: {failure}"
        except Unavailable as reason:
            skipped |= dict.fromkeys(sharing, f"skipped: {reason}")
    found = [measured[row] for row in rows if row in measured]
    report.show(found, skipped | failed, arguments.runs)
    if arguments.json:
        report.write(arguments.json, found, skipped | failed)
    return 1 if failed else 0


def _by_set_up(rows: Sequence[Row]) -> dict[SetUp, list[Row]]:
    """One set-up serves all its rows, and two never stand side by side."""
    found: dict[SetUp, list[Row]] = {}
    for row in rows:
        found.setdefault(row.set_up, []).append(row)
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    names = [row.name for row in ROWS]
    parser.add_argument("--only", action="append", choices=names, help="this row; repeatable")
    parser.add_argument("--runs", type=_count, default=11, help="of each command (11)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every number there")
    return parser


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("expected at least 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
