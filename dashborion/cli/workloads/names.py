"""How a workload is named on the command line."""

from __future__ import annotations

from typing import Annotated

import typer

NAME_FORMS = "name, kind/name or namespace/kind/name"

WorkloadName = Annotated[str, typer.Argument(metavar="NAME", help=NAME_FORMS)]
