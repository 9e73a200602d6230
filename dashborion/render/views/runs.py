"""One-off commands."""

from __future__ import annotations

import shlex

from dashborion.render.columns import View, column, joined, location_columns, name_column

RUNS = View(
    "runs",
    [
        *location_columns(),
        column("workload"),
        name_column("name", lambda item: item.name),
        name_column("instance"),
        column("container"),
        column("command", lambda item: shlex.join(item.command) or None, shrink=2),
        column("image", shrink=1),
        column("revision"),
        column("role"),
        column("publicip", "public_ip", title="PUBLIC IP"),
        column("sidecars", lambda item: joined(item.sidecars)),
        column("started"),
        column("exitcode", "exit_code", title="EXIT CODE"),
    ],
    name=lambda item: str(item.name or item.workload),
)
