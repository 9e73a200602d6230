"""The results, as a table for people and as JSON for the next comparison."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from tests.benchmarks.measure import Measured, Side
from tests.benchmarks.rows import Row

NUMBERS = ("ours s", "peer s", "x", "aim", "ours MB", "peer MB", "x", "aim")


def show(measured: Sequence[Measured], left_out: Mapping[Row, str], runs: int) -> None:
    """Print the rows that were measured, then the others with the reason."""
    console = Console()
    table = Table(title=f"medians of {runs} runs; below 1 is better than the peer")
    table.add_column("name", no_wrap=True)
    for header in NUMBERS:
        table.add_column(header, justify="right", no_wrap=True)
    for one in measured:
        table.add_row(one.row.name, *_numbers(one))
    if measured:
        console.print(table)
    for row, reason in left_out.items():
        console.print(f"{row.name}: {reason}", markup=False, highlight=False)


def write(file: Path, measured: Sequence[Measured], left_out: Mapping[Row, str]) -> None:
    """Every run of every row, and on what machine."""
    document = {
        "at": datetime.now(UTC),
        "python": platform.python_version(),
        "system": platform.platform(),
        "cpus": os.cpu_count(),
        "load": os.getloadavg(),
        "rows": [
            {
                "name": one.row.name,
                "ours": _side(one.ours),
                "peer": _side(one.peer),
                "ratio": {
                    "seconds": one.ours.seconds / one.peer.seconds,
                    "cpu_seconds": one.ours.cpu_seconds / one.peer.cpu_seconds,
                    "megabytes": one.ours.megabytes / one.peer.megabytes,
                },
            }
            for one in measured
        ],
        "left_out": {row.name: reason for row, reason in left_out.items()},
    }
    file.write_bytes(msgspec.json.format(msgspec.json.encode(document)) + b"\n")


def _numbers(one: Measured) -> list[str]:
    ours, peer = one.ours, one.peer
    return [
        f"{ours.seconds:.3f}",
        f"{peer.seconds:.3f}",
        f"{ours.seconds / peer.seconds:.2f}",
        _aim(one.row.time),
        f"{ours.megabytes:.0f}",
        f"{peer.megabytes:.0f}",
        f"{ours.megabytes / peer.megabytes:.2f}",
        _aim(one.row.memory),
    ]


def _aim(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:g}"


def _side(side: Side) -> dict[str, Any]:
    return {
        "command": side.command,
        "seconds": side.seconds,
        "cpu_seconds": side.cpu_seconds,
        "megabytes": side.megabytes,
        "output_bytes": side.output,
        "runs": side.runs,
    }
